"""``autograder collect``: take in what a learning platform lets teachers download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.intake.take import Report, Taken


@click.command("collect", short_help="Take in what Moodle, Canvas or Gradescope lets you download.")
@click.argument("archives", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-e", "--exercise", help="What all of it answers. Without it, the names have to tell.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("submitted"), show_default=True,
    help="Where the folders <student>/<exercise> go.",
)  # fmt: skip
@click.option(
    "--roster", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The platform's list of students (CSV), by which they get the same folder in every exercise.",
)  # fmt: skip
@course_option
def command(
    archives: tuple[Path, ...], exercise: str | None, output: Path, roster: Path | None, course: Path | None
) -> None:
    """Put the submissions in ARCHIVES where `autograder grade` looks for them.

    ARCHIVES are zips of Moodle ("Download all submissions"), Canvas ("Download submissions") or Gradescope ("Export
    submissions"), folders that they were unpacked into, or folders that hold such zips. The same command again changes
    nothing; a newer submission replaces an older one, which is kept in OUTPUT/.replaced. Exit code 1 when something
    could not be placed.

    \b
    Examples:
      autograder collect convolution.zip --exercise convolution
      autograder collect convolution.zip -e convolution --roster Grades-DL2026.csv
    """
    from autograder.cli.stopping import stoppable
    from autograder.grading.lock import only_grader
    from autograder.intake.take import take
    from autograder.people.roster import read_roster

    loaded = load_course(course)
    if exercise is not None:
        loaded.exercise(exercise)
    names = [known.name for known in loaded.exercises]
    listed = read_roster(roster) if roster is not None else None
    kept = "What was taken until then is kept; the same command goes on from there."
    with stoppable(kept), only_grader(output, console(stderr=True).print):
        report = take(archives, output, names, exercise=exercise, roster=listed)
    if _print(console(), report, output):
        raise SystemExit(EXIT_FAILED)


def _print(out: Console, report: Report, output: Path) -> bool:
    """Print what became of everything; return whether a person has to look."""
    from rich.markup import escape

    from autograder.intake.placing import KEPT_ASIDE, Outcome
    from autograder.intake.platforms import LEFT_BEHIND
    from autograder.text import printable

    for taken in report.taken:
        if taken.outcome is not Outcome.UNCHANGED:
            out.print(_line(taken), soft_wrap=True)
    problems = [(archive, one) for archive, one in report.refused if one.why != LEFT_BEHIND]
    for archive, one in problems:
        where = escape(f"{archive}: {printable(one.path)}")
        out.print(f"[yellow]Not placed:[/] {where}: {escape(printable(one.why, 400))}", soft_wrap=True)
    unlisted = sorted({taken.entry.student for taken in report.taken if not taken.listed})
    for student in unlisted:
        out.print(
            f"[yellow]Not in the roster:[/] {escape(student)}. Is it of this course, and new enough?", soft_wrap=True
        )
    if any(taken.namesakes and taken.outcome is not Outcome.UNCHANGED for taken in report.taken):
        out.print(
            "Students who share a name have the platform's number behind it. With --roster, each has one folder in all "
            "exercises.", soft_wrap=True,
        )  # fmt: skip
    counts = {outcome: sum(taken.outcome is outcome for taken in report.taken) for outcome in Outcome}
    words = [f"{count} {outcome.value}" for outcome, count in counts.items() if count]
    out.print(f"Submissions: {', '.join(words) or 'none'}, in {output}", soft_wrap=True)
    if counts[Outcome.REPLACED]:
        out.print(f"The older ones are kept in {output / KEPT_ASIDE}.", soft_wrap=True)
    if ignored := len(report.refused) - len(problems):
        out.print(f"Passed over: {ignored} files that systems and editors leave behind.")
    return bool(problems or unlisted or not report.taken)


def _line(taken: Taken) -> str:
    from rich.markup import escape

    entry = taken.entry
    when = f", handed in {entry.handed_in}" if entry.handed_in else ""
    late = ", late" if entry.late == "yes" else ""
    return (
        f"{escape(f'{entry.student}/{entry.exercise}')}: {taken.outcome.value}, from {escape(entry.source)}{when}{late}"
    )
