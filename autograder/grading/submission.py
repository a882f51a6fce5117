"""Grade one submission: read its cells, run them and the checks in the sandbox, put the result together."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType

from autograder.checking.verdict import not_run
from autograder.course import Check, Exercise
from autograder.course.digests import CheckKey, check_digests
from autograder.grading.collect import Handed
from autograder.grading.mending import edited_cells, mended
from autograder.grading.releases import ReleaseMissing, Releases
from autograder.handed_out import illustrations_of
from autograder.manifest import UNRELEASED
from autograder.notebook.cells import Cell, Document, Unreadable, digest_of, read_document
from autograder.results import CheckResult, Outcome, QuestionResult, Result, Status
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.job import Job
from autograder.sandbox.limits import Limits

_ROOMS = ("checking", "datasets", "notebook", "sandbox")
"""The parts of this package that decide what a check says of an answer."""


@dataclass(frozen=True)
class Prepared:
    """A submission, read: its cells, or why it has none; and the result that it has before any check ran.

    ``digests`` tell what each check was made of when it was read.
    """

    exercise: Exercise
    cells: tuple[Cell, ...]
    blank: Result
    digests: Mapping[CheckKey, str] = field(default_factory=dict)


def prepare(handed: Handed, exercise: Exercise, tier: str, releases: Releases | None = None) -> Prepared:
    """Read what was handed in, and choose what it is graded by: ``exercise`` as it is, or as it was in its release.

    What cannot be read, or graded, becomes a result that says what is wrong.
    """
    problem, status, notes = handed.problem, Status.UNREADABLE, [handed.note]
    document = Document(())
    cells: tuple[Cell, ...] = ()
    if not problem and handed.path is not None:
        try:
            document = read_document(handed.path)
            if releases is not None:
                exercise, note = releases.exercise_for(exercise, document.release)
                notes.append(note)
            answered = graded_cells(document.cells, exercise)
            notes.append(_note_of_edited(edited_cells(answered, exercise)))
            cells = mended(answered, exercise)
        except Unreadable as error:
            problem = str(error)
        except ReleaseMissing as error:
            problem = f"Made from release {document.release}, by whose checks it must be graded. {error}"
            status = Status.GRADER_ERROR
    blank = Result(
        student=handed.student,
        exercise=exercise.name,
        release=document.release or UNRELEASED,
        submission_digest=digest_of(cells) if not problem else hashlib.sha256(problem.encode()).hexdigest(),
        checks_digest=exercise.check_files.digest,
        environment=environment(),
        tier=tier,
        status=status if problem else Status.GRADED,
        questions=_all_not_run(exercise, problem, status) if problem else (),
        message=problem or " ".join(note for note in notes if note),
        optional=exercise.optional,
    )
    return Prepared(exercise, cells, blank, check_digests(exercise))


def graded_cells(cells: tuple[Cell, ...], exercise: Exercise) -> tuple[Cell, ...]:
    """Leave out the cells that only illustrate, known by their tag or, where tags were lost, by their source."""
    illustrations = illustrations_of(exercise)
    return tuple(cell for cell in cells if not cell.is_illustration and cell.source.strip() not in illustrations)


def grade(engine: Engine, prepared: Prepared, limits: Limits) -> Result:
    """Return the result of one submission, all of it run; see `result_of`."""
    if prepared.blank.status is not Status.GRADED:
        return prepared.blank
    return result_of(prepared, engine.run(job_of(prepared, limits)))


def job_of(prepared: Prepared, limits: Limits, kept: Mapping[CheckKey, CheckResult] = MappingProxyType({})) -> Job:
    """Return what is to be run: the submission's cells, and all checks but those whose results are kept."""
    exercise = prepared.exercise
    return Job(
        check_files=exercise.check_files,
        checks=exercise.checks,
        cells=tuple((cell.id, cell.source) for cell in prepared.cells),
        limits=limits,
        kept=tuple((*key, result.outcome is Outcome.PASSED) for key, result in kept.items()),
    )


def result_of(
    prepared: Prepared, graded: Graded, kept: Mapping[CheckKey, CheckResult] = MappingProxyType({})
) -> Result:
    """Put a submission's result together from what was run and what was kept.

    A check that the grader could not carry out is its own fault, and is marked so.
    """
    found = {(question, result.name): result for question, result in graded.checks} | dict(kept)
    questions = tuple(
        QuestionResult(question.name, tuple(_found(found, prepared, check) for check in question.checks))
        for question in prepared.exercise.questions
    )
    faulty = any(question.needs_human for question in questions)
    return replace(
        prepared.blank,
        status=Status.GRADER_ERROR if faulty else Status.GRADED,
        questions=questions,
        cells=tuple(graded.cells),
        costs=graded.costs,
    )


def _found(found: Mapping[CheckKey, CheckResult], prepared: Prepared, check: Check) -> CheckResult:
    key = check.question, check.name
    message = "The grader stopped before this check. It costs you no points; your teachers will look at it."
    result = found.get(key) or not_run(check, message, Outcome.GRADER_ERROR)
    # The course's own texts, not the copies that came over the wire: a class holds them once.
    return replace(
        result, name=check.name, title=check.title, visibility=check.visibility, digest=prepared.digests.get(key, "")
    )


def _all_not_run(exercise: Exercise, problem: str, status: Status) -> tuple[QuestionResult, ...]:
    """Return the questions with no check run; where that is the grader's fault, they wait for a person."""
    outcome = Outcome.NOT_RUN if status is Status.UNREADABLE else Outcome.GRADER_ERROR
    return tuple(
        QuestionResult(question.name, tuple(not_run(check, problem, outcome) for check in question.checks))
        for question in exercise.questions
    )


def _note_of_edited(cells: Sequence[str]) -> str:
    listed = ", ".join(cells)
    return (
        f"Cells that are to stay as they are were edited or deleted, and run as handed out: {listed}." if cells else ""
    )


@functools.cache
def environment() -> str:
    """Return what, beside submission and checks, a result may depend on: versions, processor, this package."""
    return f"{software()}, grader {grader_digest()}"


def software() -> str:
    """Return the versions of Python and of what computes, and the kind of machine."""
    parts = [f"python {platform.python_version()}"]
    for name in ("torch", "numpy"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"no {name}")
    return ", ".join([*parts, platform.machine()])


@functools.cache
def grader_digest() -> str:
    """Return what tells this version of the grader's own code from any other, in eight characters."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in (package / room).rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:8]
