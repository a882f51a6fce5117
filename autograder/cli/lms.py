"""``autograder collect`` imports submissions downloaded from a learning platform; ``export`` writes scores for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option, stoppable
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from autograder.course import Course
    from autograder.lms.archives import Refused
    from autograder.lms.exports import Exported, ExportTask
    from autograder.lms.importing import Imported, ImportReport
    from autograder.results.model import Result


@click.command("collect")
@click.argument("archives", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-e", "--exercise", help="The exercise of all submissions. [default: read from file names]")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("submitted"), show_default=True,
    help="Where to put the folders <student>/<exercise>.",
)  # fmt: skip
@click.option(
    "--roster", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The platform's list of students (CSV), which gives each the same folder in every exercise.",
)  # fmt: skip
@course_option
def collect_command(
    archives: tuple[Path, ...], exercise: str | None, output: Path, roster: Path | None, course: Path | None
) -> None:
    """Put the submissions in ARCHIVES where `autograder grade` looks for them.

    ARCHIVES are zips from Moodle ("Download all submissions"), Canvas ("Download submissions") or Gradescope ("Export
    submissions"), folders that they were unpacked into, or folders of such zips. Repeating the command changes
    nothing; a newer submission replaces an older one, which is kept in OUTPUT/.replaced. Exit code 1 if a file could
    not be placed.

    \b
    Examples:
      autograder collect convolution.zip --exercise convolution
      autograder collect convolution.zip -e convolution --roster Grades-DL2026.csv
    """
    from autograder.lms.importing import import_download
    from autograder.lms.roster import read_roster
    from autograder.results.store import only_grader

    loaded = load_course(course)
    if exercise is not None:
        loaded.exercise(exercise)  # raises for an unknown name, before anything is written
    names = [known.name for known in loaded.exercises]
    listed = read_roster(roster) if roster is not None else None
    kept = "Everything imported so far is kept; repeat the command to resume."
    with stoppable(kept), only_grader(output, console(stderr=True).print):
        report = import_download(archives, output, names, exercise=exercise, roster=listed)
    if _print_import(console(), report, output):
        raise SystemExit(EXIT_FAILED)


def _print_import(out: Console, report: ImportReport, output: Path) -> bool:
    """Print what happened to every file; return whether something needs review."""
    from rich.markup import escape

    from autograder.lms.downloads import LEFT_BEHIND
    from autograder.lms.student_folders import KEPT_ASIDE, PlacingOutcome
    from autograder.text import printable

    for taken in report.taken:
        if taken.outcome is not PlacingOutcome.UNCHANGED:  # a repeated import prints only what is new
            out.print(_line(taken), soft_wrap=True)
    problems = [(archive, one) for archive, one in report.refused if one.why != LEFT_BEHIND]
    for group in _alike(problems):
        for archive, one in group[:_SHOWN]:
            where = escape(f"{archive}: {printable(one.path)}")
            out.print(f"[yellow]Not placed:[/] {where}: {escape(printable(one.why, 400))}", soft_wrap=True)
        if len(group) > _SHOWN:
            out.print(f"… and {len(group) - _SHOWN:,} more like this".replace(",", " "))
    unlisted = sorted({taken.entry.student for taken in report.taken if not taken.listed})
    for student in unlisted:
        out.print(
            f"[yellow]Not in the roster:[/] {escape(student)}. Use a current roster of this course.", soft_wrap=True
        )
    if any(taken.namesakes and taken.outcome is not PlacingOutcome.UNCHANGED for taken in report.taken):
        out.print(
            "Folders of students who share a name end in the platform's number. With --roster, each student gets the "
            "same folder in every exercise.", soft_wrap=True,
        )  # fmt: skip
    counts = {outcome: sum(taken.outcome is outcome for taken in report.taken) for outcome in PlacingOutcome}
    summary = [f"{count} {outcome.value}" for outcome, count in counts.items() if count]
    out.print(f"Submissions: {', '.join(summary) or 'none'}, in {output}", soft_wrap=True)
    if counts[PlacingOutcome.REPLACED]:
        out.print(f"The older ones are kept in {output / KEPT_ASIDE}.", soft_wrap=True)
    if ignored := len(report.refused) - len(problems):
        out.print(f"Ignored: {ignored} files that operating systems and editors leave behind.")
    return bool(problems or unlisted or not report.taken)


_SHOWN = 7
"""How many notices of one kind are printed: a student's zip may contain thousands of files that cannot be placed."""


def _alike(problems: Iterable[tuple[str, Refused]]) -> list[list[tuple[str, Refused]]]:
    """Group notices with the same reason from the same zip or folder of a download, in the order of the first ones."""
    groups: dict[tuple[str, str, str], list[tuple[str, Refused]]] = {}
    for archive, one in problems:
        # Not by the archive alone, so that every student with a problem is named.
        student, *inside = re.split(r"/|(?<=\.zip): ", one.path, maxsplit=1, flags=re.IGNORECASE)
        # Sizes and details in brackets differ from file to file.
        reason = re.sub(r"\d+|\(.*\)", "", one.why, flags=re.DOTALL)
        groups.setdefault((archive, student if inside else "", reason), []).append((archive, one))
    return list(groups.values())


def _line(taken: Imported) -> str:
    from rich.markup import escape

    entry = taken.entry
    when = f", submitted {entry.handed_in}" if entry.handed_in else ""
    late = ", late" if entry.late == "yes" else ""
    return (
        f"{escape(f'{entry.student}/{entry.exercise}')}: {taken.outcome.value}, from {escape(entry.source)}{when}{late}"
    )


@click.command("export")
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"))
@click.option("-f", "--format", "kind", type=click.Choice(["canvas", "moodle", "plain"]), required=True)
@click.option(
    "--roster", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The table to fill in: Canvas's exported gradebook; Moodle's grading worksheet or list of students.",
)  # fmt: skip
@click.option("-e", "--exercise", "wanted", multiple=True, help="Only this exercise; may be repeated.")
@click.option(
    "--column", "named", multiple=True, metavar="EXERCISE=TITLE",
    help="The title of an exercise's column, if it is not the exercise's name; may be repeated.",
)  # fmt: skip
@click.option(
    "--submitted", type=click.Path(file_okay=False, path_type=Path), default=Path("submitted"), show_default=True,
    help="Where `autograder collect` recorded students' names and accounts.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: RESULTS/FORMAT.csv]")
@course_option
def export_command(
    results: Path,
    kind: str,
    roster: Path | None,
    wanted: tuple[str, ...],
    named: tuple[str, ...],
    submitted: Path,
    output: Path | None,
    course: Path | None,
) -> None:
    """Write the scores in RESULTS (default: graded) as a table to import.

    Results that match no student in the roster are named, and students without results keep what the roster says.
    'plain' is grades.csv, as `autograder grade` writes it. Exit code 1 if something needs review.

    \b
    Examples:
      autograder export --format canvas --roster 2026-11-23_Grades.csv
      autograder export --format moodle --roster worksheet.csv --exercise convolution
      autograder export --format canvas --roster Grades.csv --column "convolution=Homework 3 (4711)"
    """
    from autograder.files import write_atomic
    from autograder.results.store import read_results

    if not results.is_dir():
        raise UsageError(f"There is no folder {results}. Grade first, or name the folder of results.")
    loaded = load_course(course)
    task = _task(loaded, wanted, named)
    found = [one for one in read_results(results, console(stderr=True).print) if one.exercise in task.points]
    if not found:
        raise UsageError(f"{results} holds no results of {', '.join(task.points)}. Grade first.")
    exported = _exported(kind, roster, task, found, submitted, loaded)
    path = output or results / ("grades.csv" if kind == "plain" else f"{kind}.csv")
    write_atomic(path, exported.data)
    if _print_export(exported, path):
        raise SystemExit(EXIT_FAILED)


def _task(course: Course, wanted: Sequence[str], named: Sequence[str]) -> ExportTask:
    from autograder.lms.exports import ExportTask

    columns = dict(pair.split("=", 1) for pair in named if "=" in pair)
    if len(columns) < len(named):
        raise UsageError("--column needs an exercise and a title, as in --column 'convolution=Homework 3 (4711)'.")
    exercises = [course.exercise(name) for name in wanted] or list(course.exercises)
    for name in columns:
        course.exercise(name)  # raises for an unknown name
    optional = frozenset(exercise.name for exercise in exercises if exercise.optional)
    return ExportTask({exercise.name: exercise.max_score for exercise in exercises}, optional, columns)


def _exported(
    kind: str, roster: Path | None, task: ExportTask, results: Sequence[Result], submitted: Path, course: Course
) -> Exported:
    from autograder.lms.exports import Exported, ExportTask, Notes, export_canvas, export_moodle
    from autograder.lms.roster import read_record, read_roster
    from autograder.lms.spreadsheet import grades_table

    if kind == "plain":
        return Exported(grades_table(results, course), Notes(), ())
    if roster is None:
        raise UsageError(f"--format {kind} needs --roster, the table to fill in. See docs/lms.md.")
    graded = {result.exercise for result in results}  # columns of other exercises stay as they are
    narrowed = ExportTask(
        {name: points for name, points in task.points.items() if name in graded}, task.optional, task.columns
    )
    export = export_canvas if kind == "canvas" else export_moodle
    return export(read_roster(roster), narrowed, results, read_record(submitted))


def _print_export(exported: Exported, path: Path) -> bool:
    """Print what was left out or is worth a note; return whether there was any."""
    from rich.markup import escape

    from autograder.text import printable

    out = console()
    for lost in exported.notes.lost:
        out.print(f"[yellow]Not in the table:[/] {escape(printable(lost, 1000))}", soft_wrap=True)
    for remark in exported.notes.remarks:
        out.print(f"[yellow]Note:[/] {escape(printable(remark, 1000))}", soft_wrap=True)
    out.print(f"Written: {path}", soft_wrap=True)
    return bool(exported.notes.lost or exported.notes.remarks)
