"""``autograder build``, ``diff``, ``verify`` and ``lock``: releases, made, compared and pinned.

``autograder build``.

``autograder diff``: what changed between two releases.

``autograder verify``: is a release what its manifest says, and who signed it.

``autograder lock``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option, json_option, print_json
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import AutograderError, UsageError

if TYPE_CHECKING:
    from autograder.course import Course, Exercise


EXAMPLES = """\b
Examples:
  autograder build               after changing a solution or a check
  autograder build convolution   only this exercise's releases, which is faster
  autograder build --check       in CI: is exercises/ up to date?
  autograder build --version 2026.1   a release, from a commit, to hand out and to rebuild
"""


@click.command("build", epilog=EXAMPLES)
@click.argument("exercises", nargs=-1, metavar="[EXERCISE]...")
@click.option("--check", is_flag=True, help="Write nothing; say which stubs have drifted, and exit 1 if any has.")
@click.option("--version", help="Build a release of all exercises: release/VERSION/, and release/VERSION.json.")
@click.option(
    "--sign",
    metavar="KEY",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Sign the release's manifest with this SSH key.",
)
@click.option(
    "--course",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The course's folder.  [default: the nearest one with an nbgrader_config.py]",
)
def build_command(
    exercises: tuple[str, ...], check: bool, version: str | None, sign: Path | None, folder: Path | None
) -> None:
    """Make the stubs and the releases from solutions/.

    Writes exercises/, release/student/ (to hand out), release/solution/ (to hand out later), release/source/ (for
    nbgrader), release/gradescope/ (to upload to Gradescope) and release/otter/ (for otter-grader), of all exercises or
    of those that are named. A build that fails changes nothing.
    """
    from autograder.course import load_course
    from autograder.course.settings import load_settings

    if version is None and sign is not None:
        raise UsageError("A signature is on a release: name it with --version.")
    if version is not None and (exercises or check):
        raise UsageError("A release holds all exercises: use --version without naming any, and without --check.")

    course = load_course(folder)
    chosen = [course.exercise(name) for name in exercises] or list(course.exercises)
    if check:
        _check(course)
        return
    settings = load_settings(course.root)  # nbgrader would take longer to say what is wrong with the file
    if version is not None:
        _release(course, version, sign, settings.course_id)
    else:
        _build(course, chosen)


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
        click.echo(f"{version} was released before, and this is the same, byte for byte.\n")
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
        click.echo("Bring exercises/ up to date with: autograder build")
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


# --- diff ---------------------------------------------------------------------------------------------------------
@click.command("diff")
@click.argument("old")
@click.argument("new")
@json_option
@course_option
def diff_command(old: str, new: str, as_json: bool, course: Path | None) -> None:
    """Show what changed from release OLD to release NEW: for students, for graders, in points and thresholds.

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
        out.print("\nWho moves, before anything is stored: autograder grade submitted --dry-run")


# --- verify -------------------------------------------------------------------------------------------------------
@click.command("verify")
@click.argument("version")
@click.option(
    "--signers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Demand a signature of somebody in this file of allowed signers, as git and ssh-keygen use it.",
)
@json_option
@course_option
def verify_command(version: str, signers: Path | None, as_json: bool, course: Path | None) -> None:
    """Compare the files in release/VERSION/ with release/VERSION.json. Exit code 1 where they differ.

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


# --- lock ---------------------------------------------------------------------------------------------------------
@click.command("lock")
@course_option
def lock_command(course: Path | None) -> None:
    """Write requirements.lock from the versions installed here: all that the course is built, graded and tested with.

    What PyTorch brings along for itself (CUDA, triton) is left out: it differs between the builds of one version.
    Commit the file; releases are refused where other versions are installed.

    \b
    Example:
      autograder lock
    """
    from autograder.release.pins import LOCK, write_lock

    lock = write_lock(load_course(course).root)
    click.echo(f"{LOCK}: {len(lock.versions)} versions.")
    if lock.kept:
        click.echo(f"Packages for tests are missing here, so these lines stay as they were: {', '.join(lock.kept)}.")
