"""Grade one submission: read it, find which stored outcomes still hold, run the rest, put the result together.

Grade one submission: read its cells, run them and the checks in the sandbox, put the result together.

What has to be run for a submission, and what a stored result still answers.

Where only checks changed, the outcomes of the others are kept, and the two are put together as if all had been run.
"""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType

from autograder.checking.verdict import not_run
from autograder.course import Check, Exercise
from autograder.course.cells import Cell, digest_of
from autograder.course.digests import CheckKey, check_digests
from autograder.course.manifest import UNRELEASED
from autograder.grading.release_checks import ReleaseMissing, Releases
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.protocol.messages import Job, Limits
from autograder.submissions.find import SubmissionFile
from autograder.submissions.read import Document, Unreadable, read_document
from autograder.submissions.restore import edited_cells, graded_cells, note_of_edited, restore_cells

_ROOMS = ("checking", "course", "datasets", "results/pictures.py", "sandbox", "submissions")
"""The parts of this package that decide what a check says of an answer."""


@dataclass(frozen=True)
class PreparedSubmission:
    """A submission, read: its cells, or why it has none; and the result that it has before any check ran.

    ``digests`` tell what each check was made of when it was read.
    """

    exercise: Exercise
    cells: tuple[Cell, ...]
    template: Result
    digests: Mapping[CheckKey, str] = field(default_factory=dict)


def prepare(
    handed: SubmissionFile, exercise: Exercise, tier: str, releases: Releases | None = None
) -> PreparedSubmission:
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
            notes.append(note_of_edited(edited_cells(answered, exercise)))
            cells = restore_cells(answered, exercise)
        except Unreadable as error:
            problem = str(error)
        except ReleaseMissing as error:
            problem = f"Made from release {document.release}, by whose checks it must be graded. {error}"
            status = Status.GRADER_ERROR
    template = Result(
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
    return PreparedSubmission(exercise, cells, template, check_digests(exercise))


def grade(engine: Engine, prepared: PreparedSubmission, limits: Limits) -> Result:
    """Return the result of one submission, all of it run; see `result_of`."""
    if prepared.template.status is not Status.GRADED:
        return prepared.template
    return result_of(prepared, engine.run(job_of(prepared, limits)))


def job_of(
    prepared: PreparedSubmission, limits: Limits, reused: Mapping[CheckKey, CheckResult] = MappingProxyType({})
) -> Job:
    """Return what is to be run: the submission's cells, and all checks but those whose results are kept."""
    exercise = prepared.exercise
    return Job(
        check_files=exercise.check_files,
        checks=exercise.checks,
        cells=tuple((cell.id, cell.source) for cell in prepared.cells),
        limits=limits,
        reused=tuple((*key, result.outcome is Outcome.PASSED) for key, result in reused.items()),
    )


def result_of(
    prepared: PreparedSubmission, graded: Graded, reused: Mapping[CheckKey, CheckResult] = MappingProxyType({})
) -> Result:
    """Put a submission's result together from what was run and what was kept.

    A check that the grader could not carry out is its own fault, and is marked so.
    """
    found = {(question, result.name): result for question, result in graded.checks} | dict(reused)
    questions = tuple(
        QuestionResult(question.name, tuple(_found(found, prepared, check) for check in question.checks))
        for question in prepared.exercise.questions
    )
    faulty = any(question.needs_review for question in questions)
    return replace(
        prepared.template,
        status=Status.GRADER_ERROR if faulty else Status.GRADED,
        questions=questions,
        cells=tuple(graded.cells),
        costs=graded.costs,
    )


def _found(found: Mapping[CheckKey, CheckResult], prepared: PreparedSubmission, check: Check) -> CheckResult:
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


def _files(place: Path) -> Iterable[Path]:
    return [place] if place.is_file() else place.rglob("*.py")


@functools.cache
def grader_digest() -> str:
    """Return what tells this version of the grader's own code from any other, in eight characters."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in _files(package / room)):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:8]


# --- Reuse of stored outcomes -------------------------------------------------------------------------------------


_ALL = ("checks_digest", "release", "optional", "message")
_WHOLE = ("submission_digest", "environment", "tier")
"""What, when it differs, leaves nothing of a stored result."""

Reused = dict[CheckKey, CheckResult]
"""Results of checks that need not be run."""


def is_current(stored: Result, template: Result) -> bool:
    """Whether a stored result is what grading would give now. A fault of the grader is always tried again."""
    return stored.status is not Status.GRADER_ERROR and _agree(stored, template, (*_WHOLE, *_ALL))


def is_outdated(stored: Result, template: Result) -> bool:
    """Whether the same submission was graded by another version of the grader, of Python or of its packages."""
    return stored.submission_digest == template.submission_digest and stored.environment != template.environment


def still_holds(stored: Result | None, prepared: PreparedSubmission) -> Reused:
    """Return the stored results of the checks that nothing has changed for, as they are declared now.

    A check that comes ``after`` a changed one is run again with it: whether it runs at all may have changed.
    """
    template = prepared.template
    if stored is None or not _agree(stored, template, (*_WHOLE, "status")) or stored.status is not Status.GRADED:
        return {}
    records = {(question.name, check.name): check for question in stored.questions for check in question.checks}
    same = {key for key, record in records.items() if record.digest and record.digest == prepared.digests.get(key)}
    return {
        key: _declared(check, records[key])
        for key, check in _checks(prepared.exercise).items()
        if key in same and not _stands_on_change(check, prepared.exercise, records, same)
    }


def result_without_running(stored: Result | None, prepared: PreparedSubmission, reused: Reused) -> Result | None:
    """Return the result where all of it is known already, or None where something has to be run."""
    if prepared.template.status is not Status.GRADED:
        return prepared.template
    if stored is None or reused.keys() < _checks(prepared.exercise).keys():
        return None
    return result_of(prepared, Graded(cells=list(stored.cells), complete=True), reused)


def _stands_on_change(
    check: Check, exercise: Exercise, records: dict[CheckKey, CheckResult], same: set[CheckKey]
) -> bool:
    """Whether a check that this one comes after, directly or through others, has changed, come or gone."""
    checks = _checks(exercise)
    waiting = [(check.question, name) for name in check.after]
    seen: set[CheckKey] = set()
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        if key not in same and (key in checks or key in records):
            return True
        waiting += [(key[0], name) for name in checks[key].after] if key in checks else []
    return False


def _checks(exercise: Exercise) -> dict[CheckKey, Check]:
    return {(check.question, check.name): check for check in exercise.checks}


def _declared(check: Check, record: CheckResult) -> CheckResult:
    """Return a stored outcome with the points and the hint of today."""
    return replace(
        record,
        points=check.points if record.outcome is Outcome.PASSED else 0.0,
        max_points=check.points,
        hint=check.hint if record.outcome is Outcome.FAILED else "",
    )


def _agree(one: Result, other: Result, names: tuple[str, ...]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)
