"""``autograder build``, ``diff``, ``verify`` and ``lock``: make, compare and check releases, and pin versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option, json_option, print_json
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import AutograderError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.course import Course, Exercise
    from autograder.course.manifest import Manifest


EXAMPLES = """\b
Examples:
  autograder build               after changing a solution or a check
  autograder build convolution   only this exercise's releases, which is faster
  autograder build --check       in CI: is exercises/ up to date?
  autograder build --version 2026.1   a release, from a commit, that anybody can rebuild
"""


@click.command("build", epilog=EXAMPLES)
@click.argument("exercises", nargs=-1, metavar="[EXERCISE]...")
@click.option(
    "--check", is_flag=True, help="Write nothing; list stubs that are out of date, and exit with 1 if there are any."
)
@click.option("--version", help="Build a release of all exercises: release/VERSION/, and release/VERSION.json.")
@click.option(
    "--sign",
    metavar="KEY",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Sign the release's manifest with this SSH key.",
)
@course_option
def build_command(
    exercises: tuple[str, ...], check: bool, version: str | None, sign: Path | None, course: Path | None
) -> None:
    """Make the stubs and the releases from solutions/.

    Writes exercises/, release/student/ (to hand out), release/solution/ (to hand out after the deadline),
    release/source/ (for nbgrader), release/gradescope/ (to upload to Gradescope) and release/otter/ (for otter-grader),
    for all exercises or only those named. A build that fails changes nothing.
    """
    from autograder.course.settings import load_settings

    if version is None and sign is not None:
        raise UsageError("--sign signs a release. Name it with --version.")
    if version is not None and (exercises or check):
        raise UsageError("A release holds all exercises. Use --version without exercises and without --check.")

    loaded = load_course(course)
    chosen = [loaded.exercise(name) for name in exercises] or list(loaded.exercises)
    if check:
        _check(loaded)
        return
    settings = load_settings(loaded.root)  # reports a faulty file before nbgrader starts
    if version is not None:
        _release(loaded, version, sign, settings.course_id)
    else:
        _build(loaded, chosen)


def _release(course: Course, version: str, key: Path | None, course_id: str) -> None:
    from autograder.course.manifest import path_of
    from autograder.release.build import build_version
    from autograder.release.comparison import sign
    from autograder.release.nbgrader_run import SOLUTION, STUDENT
    from autograder.release.student_bundle import bundle_name

    is_new = build_version(course, version, course_id)
    manifest = path_of(course.root, version)
    if key is not None:
        sign(manifest, key)
    if not is_new:
        click.echo(f"{version} was released before; this build is identical, byte for byte.\n")
    click.echo(
        f"To hand out:        release/{version}/{bundle_name(version, STUDENT)}.zip\n"
        f"After the deadline: release/{version}/{bundle_name(version, SOLUTION)}.zip\n"
        f"For Gradescope:     release/{version}/gradescope/<exercise>.zip\n"
        f"What is in them:    release/{manifest.name}{', signed' if key else ''}; commit it, it names hidden checks"
    )


def _check(course: Course) -> None:
    from autograder.release.build import find_drift

    drift = find_drift(course)
    for entry in drift:
        click.echo(f"{entry.path.relative_to(course.root)} {entry.problem}")
    if drift:
        click.echo("Update exercises/ with: autograder build")
        raise SystemExit(EXIT_FAILED)
    click.echo(f"exercises/ is up to date: {_count(len(course.exercises), 'exercise')}.")


def _build(course: Course, exercises: list[Exercise]) -> None:
    from autograder.release.build import build

    build(course, only=[exercise.name for exercise in exercises])
    width = max(len(exercise.name) for exercise in exercises)
    for exercise in exercises:
        questions = _count(len(exercise.questions), "question")
        bonus = " (optional)" if exercise.optional else ""
        click.echo(f"{exercise.name:{width}}  {questions:>12}  {exercise.max_score:>4g} points{bonus}")
    click.echo(
        "\nTo hand out:    release/student/<exercise>/\n"
        "Solved and run: release/solution/<exercise>/\n"
        "For nbgrader:   release/source/<exercise>/\n"
        "For Gradescope: release/gradescope/<exercise>.zip\n"
        "For otter:      release/otter/<exercise>/\n"
        "Stubs:          exercises/<exercise>.py"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@click.command("diff")
@click.argument("old")
@click.argument("new")
@json_option
@course_option
def diff_command(old: str, new: str, as_json: bool, course: Path | None) -> None:
    """Show what changed from release OLD to release NEW, for students and graders, in points and thresholds.

    \b
    Example:
      autograder diff 2026.1 2026.2
    """
    from rich.markup import escape

    from autograder.course.manifest import read_manifest
    from autograder.release.comparison import compare

    root = load_course(course).root
    sections = compare(read_manifest(root, old), read_manifest(root, new))
    if as_json:
        changed = {section.title: list(section.lines) for section in sections if section.lines}
        print_json({"old": old, "new": new, "changed": changed})
        return
    out = console()
    for section in sections:
        if section.lines:
            out.print(f"[bold]{escape(section.title)}[/]")
            for line in section.lines:
                out.print(f"  {escape(line)}", soft_wrap=True)
    if not any(section.lines for section in sections):
        out.print(f"Nothing that students, graders or scores would notice changed from {old} to {new}.")
    elif any(section.lines for section in sections if section.title in ("For graders", "Thresholds", "Points")):
        out.print("\nTo see whose score would change: autograder grade submitted --dry-run")


@click.command("verify")
@click.argument("version")
@click.option(
    "--signers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Require a signature by someone in this file of allowed signers, in the format of git and ssh-keygen.",
)
@json_option
@course_option
def verify_command(version: str, signers: Path | None, as_json: bool, course: Path | None) -> None:
    """Compare the files in release/VERSION/ with the manifest release/VERSION.json. Exit code 1 if they differ.

    \b
    Examples:
      autograder verify 2026.1
      autograder verify 2026.1 --signers allowed_signers
    """
    from autograder.course.manifest import path_of, read_manifest
    from autograder.release.comparison import problems, signer_of

    root = load_course(course).root
    manifest = read_manifest(root, version)
    found, signer, unsigned = problems(root, manifest), None, ""
    if signers is not None:
        try:
            signer = signer_of(path_of(root, version), signers)
        except AutograderError as error:
            unsigned = f"Not signed as required: {error}"
    if as_json:
        problems_found = [*found, *([unsigned] if unsigned else [])]
        print_json({"version": version, "commit": manifest.commit, "problems": problems_found, "signed_by": signer})
    else:
        _print_verified(version, manifest, found, signer, unsigned)
    if found or unsigned:
        raise SystemExit(EXIT_FAILED)


def _print_verified(
    version: str, manifest: Manifest, problems: Sequence[str], signer: str | None, unsigned: str
) -> None:
    for problem in problems:
        click.echo(problem)
    if signer is not None:
        click.echo(f"Signed by {signer}.")
    if unsigned:
        click.echo(unsigned)
    elif problems:
        click.echo(f"release/{version} differs from its manifest. Build it again from commit {manifest.commit}.")
    else:
        files = sum("!" not in member for member in manifest.files)  # members of zips are listed besides the zips
        click.echo(f"release/{version} matches its manifest: {files} files, built from commit {manifest.commit}.")


@click.command("lock")
@course_option
def lock_command(course: Path | None) -> None:
    """Write requirements.lock from the installed versions of all packages that build, grade and test the course.

    Packages that only PyTorch requires (CUDA, triton) are left out, because they differ between builds of one version.
    Commit the file: releases are refused if other versions are installed.

    \b
    Example:
      autograder lock
    """
    from autograder.release.pins import LOCK, write_lock

    lock = write_lock(load_course(course).root)
    click.echo(f"{LOCK}: {len(lock.versions)} versions.")
    if lock.kept:
        click.echo(f"Packages for tests are not installed, so these lines were not changed: {', '.join(lock.kept)}.")
