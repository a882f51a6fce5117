"""``autograder verify``: is a release what its manifest says, and who signed it."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.common import course_option, json_option, print_json
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import AutograderError


@click.command("verify", short_help="Check a release against its manifest and signature.")
@click.argument("version")
@click.option(
    "--signers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Demand a signature of somebody in this file of allowed signers, as git and ssh-keygen use it.",
)
@json_option
@course_option
def command(version: str, signers: Path | None, as_json: bool, course: Path | None) -> None:
    """Compare the files in release/VERSION/ with release/VERSION.json. Exit code 1 where they differ.

    \b
    Examples:
      autograder verify 2026.1
      autograder verify 2026.1 --signers allowed_signers
    """
    from autograder.manifest import path_of, read_manifest
    from autograder.release.signing import signer_of
    from autograder.release.verify import problems

    root = load_course(course).root
    manifest = read_manifest(root, version)
    found, signer, unsigned = problems(root, manifest), None, ""
    if signers is not None:
        try:
            signer = signer_of(path_of(root, version), signers)
        except AutograderError as error:
            unsigned = f"Not signed as demanded: {error}"
    if as_json:
        told = {"version": version, "commit": manifest.commit, "problems": [*found, *([unsigned] if unsigned else [])]}
        print_json({**told, "signed_by": signer})
        if found or unsigned:
            raise SystemExit(EXIT_FAILED)
        return
    for problem in found:
        click.echo(problem)
    if signer is not None:
        click.echo(f"Signed by {signer}.")
    if unsigned:
        click.echo(unsigned)
        raise SystemExit(EXIT_FAILED)
    if found:
        click.echo(f"release/{version} is not what was released. Build it again from commit {manifest.commit}.")
        raise SystemExit(EXIT_FAILED)
    files = sum("!" not in name for name in manifest.files)
    click.echo(f"release/{version} is what was released: {files} files, built from commit {manifest.commit}.")
