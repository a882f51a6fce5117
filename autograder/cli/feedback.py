"""``autograder feedback``: a page for each graded submission, to hand back to its student."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option, engine_factory, open_course
from autograder.cli.main import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.course import Course
    from autograder.results import Result


@click.command("feedback", short_help="Write a page for each student: what to look at first, and why.")
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"))
@click.option("-e", "--exercise", help="Only this exercise.")
@click.option("-s", "--student", help="Only this student.")
@course_option
def command(results: Path, exercise: str | None, student: str | None, course: Path | None) -> None:
    """Write RESULTS/<student>/<exercise>.html for each result in RESULTS (default: graded).

    A page is one file that opens in any browser, without a network. Where checks leave pictures, such as learning
    curves, those of the solution stand beside them: it is graded once, and again after a change.

    \b
    Examples:
      autograder feedback
      autograder feedback --exercise cnn --student ada
    """
    from autograder.report.feedback import feedback_page
    from autograder.results import read_results, result_path, write_atomic

    if not results.is_dir():
        raise UserError(f"there is no folder {results}. Grade first, or name the folder of results.")
    loaded = open_course(course)
    found = [
        one
        for one in read_results(results, console(stderr=True).print)
        if exercise in (None, one.exercise) and student in (None, one.student)
    ]
    if not found:
        raise UserError(f"{results} holds no such results. Grade first, or name another exercise or student.")
    references = _references(loaded, found, results)
    try:
        for result in found:
            path = result_path(results, result.student, result.exercise).with_suffix(".html")
            write_atomic(path, feedback_page(result, references.get(result.exercise)).encode())
    except OSError as error:
        raise UserError(f"{error.filename or results} cannot be written ({error.strerror}).") from None
    pages = "1 page" if len(found) == 1 else f"{len(found)} pages"
    console().print(f"Written: {pages}, {results}/<student>/<exercise>.html", soft_wrap=True)


def _references(course: Course, results: Sequence[Result], output: Path) -> dict[str, Result]:
    """Grade the solutions of those exercises whose checks leave pictures to compare."""
    from autograder.grading.reference import grade_references
    from autograder.sandbox.engine import EngineError
    from autograder.sandbox.tiers import best_tier

    with_pictures = {
        result.exercise
        for result in results
        for question in result.questions
        for check in question.checks
        if any(picture.kind != "difference" for picture in check.pictures)
    }
    exercises = [exercise for exercise in course.exercises if exercise.name in with_pictures]
    if not exercises:
        return {}
    tier = best_tier()  # the course's own code may run in any
    try:
        return grade_references(course, exercises, output, engine_factory(course, exercises, tier, output), tier)
    except EngineError as error:
        raise UserError(str(error)) from None
