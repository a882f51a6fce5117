"""``autograder grade``: grade submissions in the sandbox, store the results, update the gradebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import (
    choose_tier,
    cluster_factory,
    console,
    course_option,
    engine_factory,
    jobs_option,
    json_option,
    of_grading,
    print_json,
    stoppable,
    survey_cluster,
    weak_option,
)
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.course import Course
    from autograder.course.settings import Settings
    from autograder.grading.scheduler import Runner
    from autograder.grading.whole_class import Run
    from autograder.submissions.find import Collected

NO_GRADEBOOK = "none"


@dataclass(frozen=True)
class _Order:
    """The user's request."""

    submitted: Path
    output: Path
    jobs: int | None
    dry_run: bool
    allow_lower: bool
    tier: str
    gradebook: str | None
    settings: Settings | None
    dask: str | None
    as_json: bool


@click.command("grade")
@click.argument("submitted", type=click.Path(exists=True, path_type=Path))
@click.option("-e", "--exercise", help="Grade only this exercise; for a single file, the exercise it answers.")
@click.option("-s", "--student", help="Grade only this student; for a single file, its author.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("graded"), show_default=True,
    help="Where results, grades.csv and questions.csv go.",
)  # fmt: skip
@jobs_option
@click.option("-n", "--dry-run", is_flag=True, help="Store nothing; show which scores would change, and why.")
@click.option("--allow-lower", is_flag=True, help="Let scores go down. Without it, the higher score is kept.")
@click.option("--require-tier", type=click.Choice(["A", "B", "C", "D"]), help="Refuse to grade in a weaker sandbox.")
@weak_option
@click.option(
    "--gradebook", metavar="URL",
    help="nbgrader's gradebook, or 'none'. [default: the one that nbgrader_config.py names]",
)  # fmt: skip
@click.option(
    "--dask", metavar="ADDRESS",
    help="Grade on the workers of this dask scheduler: tcp://host:8786, or its scheduler file. See docs/scale.md.",
)  # fmt: skip
@json_option
@course_option
def grade_command(
    submitted: Path,
    exercise: str | None,
    student: str | None,
    output: Path,
    jobs: int | None,
    dry_run: bool,
    allow_lower: bool,
    require_tier: str | None,
    allow_weak_sandbox: bool,
    gradebook: str | None,
    dask: str | None,
    as_json: bool,
    course: Path | None,
) -> None:
    """Grade SUBMITTED: a folder <student>/<exercise>/<exercise>.ipynb (or .py), or one file.

    Results that still hold are reused, so repeating the command resumes an interrupted run. Exit code 1 if a
    submission needs review.

    \b
    Examples:
      autograder grade submitted
      autograder grade submitted --exercise convolution --dry-run
      autograder grade answers.ipynb --exercise convolution
      autograder grade submitted --dask tcp://scheduler:8786
    """
    from autograder.course.settings import load_settings, make_secret

    loaded = load_course(course)
    if not dry_run and make_secret(loaded.root):
        loaded = load_course(course)  # with it
    if dask is None:
        tier = choose_tier(allow_weak_sandbox=allow_weak_sandbox, required=require_tier)
    else:
        offered = survey_cluster(dask, required=require_tier)
        tier, jobs = offered.tier, jobs or 2 * offered.threads  # two per thread: no worker waits for its next one
    collected = _collect(loaded, submitted, exercise, student)
    # Before grading, so that a faulty configuration does not show up only when the gradebook is written.
    settings = None if dry_run or gradebook == NO_GRADEBOOK else load_settings(loaded.root)
    order = _Order(submitted, output, jobs, dry_run, allow_lower, tier, gradebook, settings, dask, as_json)
    kept = "Nothing was stored." if dry_run else "All results so far are kept; repeat the command to resume."
    with stoppable(kept), _alone(order):
        run = _grade(loaded, collected, order)
        if not as_json:
            _report(console(), loaded, collected, run, order)
        if not dry_run:
            _store(loaded, collected, run, order)
    if as_json:
        print_json(of_grading(collected, run, stored=None if dry_run else output))
    if run.kept or any(result.status == "grader_error" for result in run.results):  # a kept score awaits a decision
        raise SystemExit(EXIT_FAILED)


@contextmanager
def _alone(order: _Order) -> Iterator[None]:
    """Lock the output against other graders and remove what a killed one left behind; a dry run needs neither."""
    from autograder.results.store import only_grader, remove_leftovers

    if order.dry_run:
        yield
        return
    with only_grader(order.output, console(stderr=True).print):
        remove_leftovers(order.output)  # under the lock: no other grader is writing now
        yield


def _collect(course: Course, submitted: Path, exercise: str | None, student: str | None) -> Collected:
    from autograder.submissions.find import collect

    collected = collect(submitted, course, exercise=exercise, student=student)
    if not collected.found:
        wanted = f"<student>/{exercise or '<exercise>'}/{exercise or '<exercise>'}.ipynb"
        raise UsageError(f"Nothing to grade in {submitted}: put submissions there as {wanted}.")
    return collected


def _grade(course: Course, collected: Collected, order: _Order) -> Run:
    from autograder.grading.whole_class import grade_class
    from autograder.reporting.terminal import GradingProgress

    names = {submission.exercise for submission in collected.found}
    exercises = [exercise for exercise in course.exercises if exercise.name in names]
    hidden = order.submitted, order.output  # no student's code may read other submissions and results
    if order.dask is None:
        # Functions, because no sandbox is started if nothing has to run.
        engine_for: Callable[[], Runner] = engine_factory(course, exercises, order.tier, *hidden)
    else:
        engine_for = cluster_factory(order.dask, course, exercises, order.tier, *hidden)
    with GradingProgress(len(collected.found), console(stderr=True)) as progress:  # standard output is for the tables
        return grade_class(
            course,
            collected.found,
            order.output,
            engine_for,
            jobs=order.jobs,
            dry_run=order.dry_run,
            allow_lower=order.allow_lower,
            tier=order.tier,
            notify=progress.advance,
        )


def _report(out: Console, course: Course, collected: Collected, run: Run, order: _Order) -> None:
    from rich.markup import escape

    from autograder.reporting.terminal import print_summary, score_changes_table
    from autograder.text import printable

    print_summary(out, run.results, course)
    for stray in collected.strays:
        out.print(f"[yellow]Left out:[/] {escape(printable(str(stray.path)))}: {escape(stray.why)}")
    if run.reused:
        out.print(f"{run.reused} of {len(run.results)} had not changed and were not run again.")
    if run.outdated:
        out.print(
            f"{run.outdated} of {len(run.results)} had not changed, but were graded again: another version of the "
            "grader, of Python or of a package had made their results."
        )
    if run.score_changes:
        title = "Scores that would change" if order.dry_run else "Scores that changed"
        out.print(score_changes_table(f"\n{title}", run.score_changes))
    if order.dry_run and any(change.lowers for change in run.score_changes):
        out.print("Grading keeps scores that would go down. To lower them, add --allow-lower.")
    if run.kept:
        out.print(score_changes_table("\nScores that were kept because they would go down", run.kept))
        out.print("To lower them, repeat with --allow-lower.")


def _store(course: Course, collected: Collected, run: Run, order: _Order) -> None:
    """Write the tables of all results in the output folder, and update the gradebook."""
    from autograder.lms.spreadsheet import write_grades
    from autograder.results.store import read_results

    out, errors = console(stderr=order.as_json), console(stderr=True)  # standard output is for the document
    known = {exercise.name for exercise in course.exercises}
    # All results in the folder, not only those of this run: the tables must not lose exercises graded before.
    stored = [result for result in read_results(order.output, errors.print) if result.exercise in known]
    grades, questions = write_grades(order.output, stored, course)
    out.print(f"Results:   one file per submission in {order.output}", soft_wrap=True)
    out.print(f"Tables:    {grades}\n           {questions}", soft_wrap=True)
    if order.settings is not None:
        _store_gradebook(course, collected, run, order, order.settings, out)


def _store_gradebook(
    course: Course, collected: Collected, run: Run, order: _Order, settings: Settings, out: Console
) -> None:
    from autograder.course.manifest import UNRELEASED
    from autograder.gradebook.graded_notebooks import write_autograded
    from autograder.gradebook.nbgrader_db import update_gradebook
    from autograder.release.make import cleared
    from autograder.release.notebooks import source_notebook

    url = order.gradebook or settings.db_url
    update_gradebook(
        url,
        course,
        run.results,
        course_id=settings.course_id,
        submitted=settings.submitted,
        source_of=lambda exercise: cleared(source_notebook(exercise, UNRELEASED)),
    )
    if order.gradebook is None:
        files = {(submission.student, submission.exercise): submission.path for submission in collected.found}
        for result in run.results:
            path = files.get((result.student, result.exercise))
            write_autograded(settings.autograded, course.exercise(result.exercise), result, path)
    out.print(f"Gradebook: {url}", soft_wrap=True)
