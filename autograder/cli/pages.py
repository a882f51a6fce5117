"""``autograder report`` writes a page about a graded class, ``autograder feedback`` one per submission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import console, course_option, engine_factory
from autograder.course import load_course
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.course import Course, Exercise
    from autograder.reporting.class_page import Surroundings
    from autograder.reporting.similarity import Pair
    from autograder.results.model import ByHand, Result
    from autograder.submissions.find import SubmissionFile


PAGE = "class.html"


@click.command("report")
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"))
@click.option("-e", "--exercise", "wanted", multiple=True, help="Only this exercise; may be repeated.")
@click.option(
    "--submitted", type=click.Path(file_okay=False, path_type=Path), default=Path("submitted"), show_default=True,
    help="The submissions, to look for similar code.",
)  # fmt: skip
@click.option("--no-similarity", is_flag=True, help="Do not compare students' code with each other.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help=f"[default: RESULTS/{PAGE}]")
@course_option
def report_command(
    results: Path,
    wanted: tuple[str, ...],
    submitted: Path,
    no_similarity: bool,
    output: Path | None,
    course: Path | None,
) -> None:
    """Write a page about the results in RESULTS (default: graded): one file that opens in any browser, offline.

    It shows the distribution of scores, the difficulty and discrimination of questions and checks, common wrong
    answers with the known mistakes that they match (from the last `autograder prove`), the time and memory that checks
    take, the submissions that need review, and pairs of students with similar code.

    \b
    Examples:
      autograder report
      autograder report --exercise convolution --no-similarity
    """
    from autograder.files import write_atomic
    from autograder.reporting.class_page import class_page
    from autograder.results.store import read_results
    from autograder.submissions.find import collect

    if not results.is_dir():
        raise UsageError(f"There is no folder {results}. Grade first, or name the folder of results.")
    loaded = load_course(course)
    exercises = [loaded.exercise(name) for name in wanted] or list(loaded.exercises)
    names = [exercise.name for exercise in exercises]
    found = [one for one in read_results(results, console(stderr=True).print) if one.exercise in names]
    if not found:
        raise UsageError(f"{results} holds no results of {', '.join(names)}. Grade first.")
    submissions = None if no_similarity or not submitted.is_dir() else collect(submitted, loaded).found
    around = {
        exercise.name: _surroundings(loaded, exercise, results, found, submissions)
        for exercise in exercises
        if any(result.exercise == exercise.name for result in found)
    }
    path = output or results / PAGE
    write_atomic(path, class_page(found, names, around).encode())
    out = console()
    if submissions is None and not no_similarity:
        out.print(f"There is no folder {submitted}, so no code was compared. Name it with --submitted.", soft_wrap=True)
    out.print(f"Written: {path}", soft_wrap=True)


def _surroundings(
    course: Course,
    exercise: Exercise,
    output: Path,
    results: Sequence[Result],
    submissions: Sequence[SubmissionFile] | None,
) -> Surroundings:
    from autograder.reporting.class_page import Surroundings
    from autograder.reporting.known_mistakes import read_mistakes
    from autograder.results.store import read_costs

    own = [result for result in results if result.exercise == exercise.name]
    return Surroundings(
        read_mistakes(course.root, exercise.name, exercise.check_files.digest),
        [read_costs(output, result.student, result.exercise) for result in own],
        None if submissions is None else _pairs(exercise, [s for s in submissions if s.exercise == exercise.name]),
    )


def _pairs(exercise: Exercise, submissions: Sequence[SubmissionFile]) -> list[Pair]:
    """Return the pairs of similar submissions to an exercise."""
    from autograder.grading.one_submission import prepare
    from autograder.release.make import stub_module
    from autograder.reporting.similarity import similar_pairs

    prepared = {each.student: prepare(each, exercise, "") for each in submissions}  # no tier: nothing is run
    codes = {student: "\n\n".join(cell.source for cell in each.cells) for student, each in prepared.items()}
    return similar_pairs({student: code for student, code in codes.items() if code}, stub_module(exercise))


@click.command("feedback")
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"))
@click.option("-e", "--exercise", help="Only this exercise.")
@click.option("-s", "--student", help="Only this student.")
@click.option("--nbgrader", is_flag=True, help="Write the pages where `nbgrader release_feedback` looks for them.")
@course_option
def feedback_command(
    results: Path, exercise: str | None, student: str | None, nbgrader: bool, course: Path | None
) -> None:
    """Write RESULTS/<student>/<exercise>.html for each result in RESULTS (default: graded).

    A page is one file that opens in any browser, offline. Pictures that checks draw, such as learning curves, are
    shown beside those of the solution, which is graded once, and again after a change.

    With --nbgrader the pages go into nbgrader's feedback folder, with the scores and comments from the formgrader, for
    students who submitted through nbgrader's exchange.

    \b
    Examples:
      autograder feedback
      autograder feedback --exercise cnn --student ada
      autograder feedback --nbgrader && nbgrader release_feedback cnn
    """
    from autograder.results.store import read_results

    if not results.is_dir():
        raise UsageError(f"There is no folder {results}. Grade first, or name the folder of results.")
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
    """Write each page next to its result."""
    from autograder.results.store import result_path

    def place(result: Result) -> Path:
        return result_path(results, result.student, result.exercise).with_suffix(".html")

    _write(course, found, results, place)
    console().print(f"Written: {_pages(found)}, {results}/<student>/<exercise>.html", soft_wrap=True)


def _write_for_nbgrader(course: Course, found: Sequence[Result], results: Path) -> None:
    """Write each page where ``nbgrader generate_feedback`` does, with the files by which the exchange returns it."""
    from autograder.course.settings import load_settings
    from autograder.gradebook.entries import read_by_hand
    from autograder.gradebook.graded_notebooks import came_by_exchange, copy_beside

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
            f"Left out: {left_out} that did not come through nbgrader's exchange, or were not graded since. For these, "
            "run `autograder grade`, or `autograder feedback` without --nbgrader.",
            soft_wrap=True,
        )
    out.print(f"Written: {_pages(exchanged)}, {settings.feedback}/<student>/<exercise>/<exercise>.html", soft_wrap=True)
    for name in sorted({result.exercise for result in exchanged}):
        out.print(f"Return them with: nbgrader release_feedback {name}", soft_wrap=True)


def _write(
    course: Course,
    found: Sequence[Result],
    results: Path,
    place: Callable[[Result], Path],
    by_hand: dict[tuple[str, str], ByHand] | None = None,
) -> None:
    from autograder.files import write_atomic
    from autograder.reporting.feedback_page import NOTHING, feedback_page

    references = _references(course, found, results)
    for result in found:
        entered = (by_hand or {}).get((result.student, result.exercise), NOTHING)
        write_atomic(place(result), feedback_page(result, references.get(result.exercise), entered).encode())


def _pages(found: Sequence[Result]) -> str:
    return "1 page" if len(found) == 1 else f"{len(found)} pages"


def _references(course: Course, results: Sequence[Result], output: Path) -> dict[str, Result]:
    """Grade the solutions of the exercises whose results hold pictures to compare."""
    from autograder.grading.whole_class import grade_references
    from autograder.reporting.feedback_page import needs_reference
    from autograder.sandbox.isolation.tiers import best_tier

    with_pictures = {result.exercise for result in results if needs_reference(result)}
    exercises = [exercise for exercise in course.exercises if exercise.name in with_pictures]
    if not exercises:
        return {}
    tier = best_tier()  # only the course's own code runs, so a weak tier needs no permission
    return grade_references(course, exercises, output, engine_factory(course, exercises, tier, output), tier)
