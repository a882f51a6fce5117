"""``autograder feedback``: a page for each graded submission, to hand back to its student."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option, engine_factory
from autograder.course import load_course
from autograder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.course import Course
    from autograder.results import ByHand, Result


@click.command("feedback", short_help="Write a page for each student: what to look at first, and why.")
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"))
@click.option("-e", "--exercise", help="Only this exercise.")
@click.option("-s", "--student", help="Only this student.")
@click.option("--nbgrader", is_flag=True, help="Write the pages where `nbgrader release_feedback` looks for them.")
@course_option
def command(results: Path, exercise: str | None, student: str | None, nbgrader: bool, course: Path | None) -> None:
    """Write RESULTS/<student>/<exercise>.html for each result in RESULTS (default: graded).

    A page is one file that opens in any browser, without a network. Where checks leave pictures, such as learning
    curves, those of the solution stand beside them: it is graded once, and again after a change.

    With --nbgrader the pages go into nbgrader's folder of feedback, with the scores and comments that were entered in
    the formgrader, for students who handed in through nbgrader's exchange.

    \b
    Examples:
      autograder feedback
      autograder feedback --exercise cnn --student ada
      autograder feedback --nbgrader && nbgrader release_feedback cnn
    """
    from autograder.results import read_results

    if not results.is_dir():
        raise UsageError(f"there is no folder {results}. Grade first, or name the folder of results.")
    loaded = load_course(course)
    found = [
        one
        for one in read_results(results, console(stderr=True).print)
        if exercise in (None, one.exercise) and student in (None, one.student)
    ]
    if not found:
        raise UsageError(f"{results} holds no such results. Grade first, or name another exercise or student.")
    if nbgrader:
        _write_for_nbgrader(loaded, found, results)
    else:
        _write_beside(loaded, found, results)


def _write_beside(course: Course, found: Sequence[Result], results: Path) -> None:
    """Write each page beside its result."""
    from autograder.results import result_path

    def place(result: Result) -> Path:
        return result_path(results, result.student, result.exercise).with_suffix(".html")

    _write(course, found, results, place)
    console().print(f"Written: {_pages(found)}, {results}/<student>/<exercise>.html", soft_wrap=True)


def _write_for_nbgrader(course: Course, found: Sequence[Result], results: Path) -> None:
    """Write each page as ``nbgrader generate_feedback`` does, beside what the exchange knows its submission by."""
    from autograder.gradebook.autograded import came_by_exchange, copy_beside
    from autograder.gradebook.by_hand import read_by_hand
    from autograder.gradebook.settings import load_settings

    settings = load_settings(course.root)
    graded = {id(result): settings.autograded / result.student / result.exercise for result in found}
    exchanged = [result for result in found if came_by_exchange(graded[id(result)])]

    def place(result: Result) -> Path:
        return settings.feedback / result.student / result.exercise / f"{result.exercise}.html"

    _write(course, exchanged, results, place, read_by_hand(settings.db_url))
    for result in exchanged:
        copy_beside(graded[id(result)], place(result).parent)
    out = console()
    if left_out := len(found) - len(exchanged):
        out.print(
            f"Left out: {left_out} that did not come through nbgrader's exchange, or were not graded since. For those "
            "run `autograder grade`, or `autograder feedback` without --nbgrader.",
            soft_wrap=True,
        )
    out.print(f"Written: {_pages(exchanged)}, {settings.feedback}/<student>/<exercise>/<exercise>.html", soft_wrap=True)
    for name in sorted({result.exercise for result in exchanged}):
        out.print(f"Hand them back with: nbgrader release_feedback {name}", soft_wrap=True)


def _write(
    course: Course,
    found: Sequence[Result],
    results: Path,
    place: Callable[[Result], Path],
    by_hand: dict[tuple[str, str], ByHand] | None = None,
) -> None:
    from autograder.report.feedback import NOTHING, feedback_page
    from autograder.results import write_atomic

    references = _references(course, found, results)
    for result in found:
        entered = (by_hand or {}).get((result.student, result.exercise), NOTHING)
        write_atomic(place(result), feedback_page(result, references.get(result.exercise), entered).encode())


def _pages(found: Sequence[Result]) -> str:
    return "1 page" if len(found) == 1 else f"{len(found)} pages"


def _references(course: Course, results: Sequence[Result], output: Path) -> dict[str, Result]:
    """Grade the solutions of those exercises whose checks leave pictures to compare."""
    from autograder.grading.reference import grade_references
    from autograder.report.feedback import needs_reference
    from autograder.sandbox.tiers import best_tier

    with_pictures = {result.exercise for result in results if needs_reference(result)}
    exercises = [exercise for exercise in course.exercises if exercise.name in with_pictures]
    if not exercises:
        return {}
    tier = best_tier()  # the course's own code may run in any
    return grade_references(course, exercises, output, engine_factory(course, exercises, tier, output), tier)
