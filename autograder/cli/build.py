"""``autograder build``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.main import EXIT_FAILED
from autograder.errors import UsageError

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
def command(
    exercises: tuple[str, ...], check: bool, version: str | None, sign: Path | None, folder: Path | None
) -> None:
    """Make the stubs and the releases from solutions/.

    Writes exercises/, release/student/ (to hand out), release/solution/ (to hand out later), release/source/ (for
    nbgrader), release/gradescope/ (to upload to Gradescope) and release/otter/ (for otter-grader), of all exercises or
    of those that are named. A build that fails changes nothing.
    """
    from autograder.course import load_course
    from autograder.gradebook.settings import load_settings

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
    from autograder.manifest import path_of
    from autograder.release.bundle import bundle_name
    from autograder.release.nbgrader_run import SOLUTION, STUDENT
    from autograder.release.signing import sign
    from autograder.release.versioned import build_version

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
