"""``autograder export``: scores as a table that a learning platform imports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.course import Course
    from autograder.export.platforms import Exported, Task
    from autograder.results import Result


@click.command("export", short_help="Write scores as a table that Canvas or Moodle imports.")
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"))
@click.option("-f", "--format", "kind", type=click.Choice(["canvas", "moodle", "plain"]), required=True)
@click.option(
    "--roster", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The table to fill in: Canvas's exported gradebook; Moodle's grading worksheet or list of students.",
)  # fmt: skip
@click.option("-e", "--exercise", "wanted", multiple=True, help="Only this exercise; may be repeated.")
@click.option(
    "--column", "named", multiple=True, metavar="EXERCISE=TITLE",
    help="The column of an exercise, where its title is another; may be repeated.",
)  # fmt: skip
@click.option(
    "--submitted", type=click.Path(file_okay=False, path_type=Path), default=Path("submitted"), show_default=True,
    help="Where `autograder collect` recorded who is who.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: RESULTS/FORMAT.csv]")
@course_option
def command(
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

    Nobody is lost: results that match no student of the list are named, students without results keep what the list
    says. 'plain' is grades.csv, as `autograder grade` writes it. Exit code 1 when somebody has to look.

    \b
    Examples:
      autograder export --format canvas --roster 2026-11-23_Grades.csv
      autograder export --format moodle --roster worksheet.csv --exercise convolution
      autograder export --format canvas --roster Grades.csv --column "convolution=Homework 3 (4711)"
    """
    from autograder.results import read_results, write_atomic

    if not results.is_dir():
        raise UsageError(f"there is no folder {results}. Grade first, or name the folder of results.")
    loaded = load_course(course)
    task = _task(loaded, wanted, named)
    found = [one for one in read_results(results, console(stderr=True).print) if one.exercise in task.points]
    if not found:
        raise UsageError(f"{results} holds no results of {', '.join(task.points)}. Grade first.")
    exported = _exported(kind, roster, task, found, submitted, loaded)
    path = output or results / ("grades.csv" if kind == "plain" else f"{kind}.csv")
    write_atomic(path, exported.data)
    if _print(exported, path):
        raise SystemExit(EXIT_FAILED)


def _task(course: Course, wanted: Sequence[str], named: Sequence[str]) -> Task:
    from autograder.export.platforms import Task

    columns = dict(pair.split("=", 1) for pair in named if "=" in pair)
    if len(columns) < len(named):
        raise UsageError("--column needs an exercise and a title: --column 'convolution=Homework 3 (4711)'.")
    exercises = [course.exercise(name) for name in wanted] or list(course.exercises)
    for name in columns:
        course.exercise(name)
    optional = frozenset(exercise.name for exercise in exercises if exercise.optional)
    return Task({exercise.name: exercise.max_score for exercise in exercises}, optional, columns)


def _exported(
    kind: str, roster: Path | None, task: Task, results: Sequence[Result], submitted: Path, course: Course
) -> Exported:
    from autograder.export.filling import Notes
    from autograder.export.platforms import Exported, Task, export_canvas, export_moodle
    from autograder.gradebook.csv_file import grades_table
    from autograder.people.record import read_record
    from autograder.people.roster import read_roster

    if kind == "plain":
        return Exported(grades_table(results, course), Notes(), ())
    if roster is None:
        raise UsageError(f"--format {kind} needs --roster: the table that is to be filled in. See docs/lms.md.")
    graded = {result.exercise for result in results}
    narrowed = Task(
        {name: points for name, points in task.points.items() if name in graded}, task.optional, task.columns
    )
    export = export_canvas if kind == "canvas" else export_moodle
    return export(read_roster(roster), narrowed, results, read_record(submitted))


def _print(exported: Exported, path: Path) -> bool:
    """Say what a person has to know; return whether somebody has to look."""
    from rich.markup import escape

    from autograder.text import printable

    out = console()
    for lost in exported.notes.lost:
        out.print(f"[yellow]Not in the table:[/] {escape(printable(lost, 1000))}", soft_wrap=True)
    for remark in exported.notes.remarks:
        out.print(f"[yellow]Note:[/] {escape(printable(remark, 1000))}", soft_wrap=True)
    out.print(f"Written: {path}", soft_wrap=True)
    return bool(exported.notes.lost or exported.notes.remarks)
