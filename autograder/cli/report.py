"""``autograder report``: a page on a graded class, for those who teach it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option, open_course
from autograder.cli.main import UserError

if TYPE_CHECKING:
    from autograder.course import Course, Exercise
    from autograder.grading.collect import Handed
    from autograder.report.class_page import Surroundings
    from autograder.report.similar_code import Pair
    from autograder.results import Result

PAGE = "class.html"


@click.command("report", short_help="Write a page on the class: scores, items, wrong answers, similar code.")
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"))
@click.option("-e", "--exercise", "wanted", multiple=True, help="Only this exercise; may be repeated.")
@click.option(
    "--submitted", type=click.Path(file_okay=False, path_type=Path), default=Path("submitted"), show_default=True,
    help="What was handed in, to find code that resembles other code.",
)  # fmt: skip
@click.option("--no-similarity", is_flag=True, help="Do not compare students' code with each other.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help=f"[default: RESULTS/{PAGE}]")
@course_option
def command(
    results: Path,
    wanted: tuple[str, ...],
    submitted: Path,
    no_similarity: bool,
    output: Path | None,
    course: Path | None,
) -> None:
    """Write a page on the results in RESULTS (default: graded): one file that opens in any browser, without a network.

    It shows how scores are distributed, how hard questions and checks are and how well they discriminate, the most
    common wrong answers with the known mistake that they match (as the last `autograder prove` found them), what
    checks cost, which submissions need a person, and whose code resembles whose.

    \b
    Examples:
      autograder report
      autograder report --exercise convolution --no-similarity
    """
    from autograder.course import CourseError
    from autograder.report.class_page import class_page
    from autograder.results import read_results, write_atomic

    if not results.is_dir():
        raise UserError(f"there is no folder {results}. Grade first, or name the folder of results.")
    loaded = open_course(course)
    try:
        exercises = [loaded.exercise(name) for name in wanted] or list(loaded.exercises)
    except CourseError as error:
        raise UserError(str(error)) from None
    names = [exercise.name for exercise in exercises]
    found = [one for one in read_results(results, console(stderr=True).print) if one.exercise in names]
    if not found:
        raise UserError(f"{results} holds no results of {', '.join(names)}. Grade first.")
    handed = None if no_similarity or not submitted.is_dir() else _handed(loaded, submitted)
    around = {
        exercise.name: _surroundings(loaded, exercise, results, found, handed)
        for exercise in exercises
        if any(result.exercise == exercise.name for result in found)
    }
    path = output or results / PAGE
    try:
        write_atomic(path, class_page(found, names, around).encode())
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).") from None
    out = console()
    if handed is None and not no_similarity:
        out.print(f"There is no folder {submitted}, so no code was compared. Name it with --submitted.", soft_wrap=True)
    out.print(f"Written: {path}", soft_wrap=True)


def _surroundings(
    course: Course, exercise: Exercise, output: Path, results: Sequence[Result], handed: Sequence[Handed] | None
) -> Surroundings:
    from autograder.mistakes import read_mistakes
    from autograder.report.class_page import Surroundings
    from autograder.results import read_costs

    own = [result for result in results if result.exercise == exercise.name]
    return Surroundings(
        read_mistakes(course.root, exercise.name, exercise.check_files.digest),
        [read_costs(output, result.student, result.exercise) for result in own],
        None if handed is None else _pairs(exercise, [each for each in handed if each.exercise == exercise.name]),
    )


def _handed(course: Course, submitted: Path) -> Sequence[Handed]:
    """Return everything that was handed in."""
    from autograder.course import CourseError
    from autograder.grading.collect import CollectError, collect

    try:
        return collect(submitted, course).found
    except (CollectError, CourseError) as error:
        raise UserError(str(error)) from None


def _pairs(exercise: Exercise, handed: Sequence[Handed]) -> list[Pair]:
    """Compare what was handed in for an exercise."""
    from autograder.grading.submission import prepare
    from autograder.release.stubs import stub_module
    from autograder.report.similar_code import similar_pairs

    prepared = {each.student: prepare(each, exercise, "") for each in handed}
    codes = {student: "\n\n".join(cell.source for cell in each.cells) for student, each in prepared.items()}
    return similar_pairs({student: code for student, code in codes.items() if code}, stub_module(exercise))
