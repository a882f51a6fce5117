"""Grade one submission: read it, reuse the stored outcomes that still hold, run the other checks, combine both.

If only some checks changed, the outcomes of the others are reused, and the result is as if all had run.
"""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping
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
from autograder.results.model import VOID, CellResult, CheckResult, Outcome, QuestionResult, Result, Status
from autograder.sandbox.engine import Engine
from autograder.sandbox.protocol.messages import Graded, Job, Limits
from autograder.submissions.decode import Unreadable
from autograder.submissions.find import SubmissionFile
from autograder.submissions.read import Document, read_document
from autograder.submissions.restore import (
    edited_cells,
    explain_syntax,
    graded_cells,
    misfit,
    note_of_edited,
    note_of_merge,
    note_of_retyped,
    restore_cells,
    with_answers,
)

_ROOMS = ("checking", "course", "datasets", "results/pictures.py", "sandbox", "submissions")
"""The parts of this package that can change the outcome of a check."""


@dataclass(frozen=True)
class PreparedSubmission:
    """A submission that was read: its cells, and the template of its result.

    ``template`` is the result before any check ran; it is final if the submission cannot be graded. ``digests`` are
    those of the exercise's checks.
    """

    exercise: Exercise
    cells: tuple[Cell, ...]
    template: Result
    digests: Mapping[CheckKey, str] = field(default_factory=dict)
    python: tuple[int, int] | None = None
    """The Python that the notebook names."""


def prepare(
    submission: SubmissionFile,
    exercise: Exercise,
    tier: str,
    releases: Releases | None = None,
    others: Iterable[Exercise] = (),
) -> PreparedSubmission:
    """Read a submission and choose its checks: those of ``exercise`` as it is now, or as it was in its release.

    ``others`` are the course's exercises, by which a notebook of another one is recognised. If the submission cannot be
    read or graded, the template of its result says why.
    """
    problem, status, notes = submission.problem, Status.UNREADABLE, [submission.note]
    document, review = Document(()), ""
    cells: tuple[Cell, ...] = ()
    if not problem and submission.path is not None:
        try:
            document = read_document(submission.path)
            if releases is not None:
                chosen = releases.checks_for(exercise, document.release)
                exercise, review = chosen.exercise, chosen.review
                notes.append(chosen.note)
            found, retyped = with_answers(document, (question.name for question in exercise.questions))
            strange = misfit(found, exercise, others)
            review = " ".join(text for text in (review, strange) if text)
            handed_in = graded_cells(found, exercise)
            notes += [strange, note_of_retyped(retyped), note_of_merge(handed_in)]
            notes.append("" if strange else note_of_edited(edited_cells(handed_in, exercise)))
            cells = restore_cells(handed_in, exercise)
        except Unreadable as error:
            problem = str(error)
        except ReleaseMissing as error:
            problem = "The checks of its release are missing. This is not your mistake; your teachers will look at it."
            status, review = Status.GRADER_ERROR, str(error)
    template = Result(
        student=submission.student,
        exercise=exercise.name,
        release=document.release or UNRELEASED,
        # Without cells, the problem identifies the submission: when it changes, the result is written again.
        submission_digest=digest_of(cells) if not problem else hashlib.sha256(problem.encode()).hexdigest(),
        checks_digest=exercise.check_files.digest,
        environment=environment(),
        tier=tier,
        status=status if problem else Status.GRADED,
        questions=_all_not_run(exercise, problem, status) if problem else (),
        message=problem or " ".join(note for note in notes if note),
        review=review,
        optional=exercise.optional,
    )
    return PreparedSubmission(exercise, cells, template, check_digests(exercise), document.python)


def grade(engine: Engine, prepared: PreparedSubmission, limits: Limits) -> Result:
    """Run one submission with all checks, reusing nothing, and return its result."""
    if prepared.template.status is not Status.GRADED:
        return prepared.template
    return result_of(prepared, engine.run(job_of(prepared, limits)))


def job_of(
    prepared: PreparedSubmission, limits: Limits, reused: Mapping[CheckKey, CheckResult] = MappingProxyType({})
) -> Job:
    """Return the job for the sandbox: the submission's cells, and all checks except the reused ones."""
    exercise = prepared.exercise
    return Job(
        check_files=exercise.check_files,
        checks=exercise.checks,
        cells=tuple((cell.id, cell.source) for cell in prepared.cells),
        limits=limits,
        # With whether they passed: a check `after` a reused one must run, or not, as if that one had run.
        reused=tuple((*key, result.outcome is Outcome.PASSED) for key, result in reused.items()),
        key=exercise.key_for(prepared.template.submission_digest),
        reference=exercise.source,
        uses={question.name: question.uses for question in exercise.questions if question.uses},
    )


def result_of(
    prepared: PreparedSubmission, graded: Graded, reused: Mapping[CheckKey, CheckResult] = MappingProxyType({})
) -> Result:
    """Return the result of a submission from the checks that ran and the reused ones.

    A check with neither is marked as a grader error.
    """
    found = {(question, result.name): result for question, result in graded.checks} | dict(reused)
    cells, explained = _explained(graded.cells, prepared)
    questions = tuple(
        QuestionResult(question.name, tuple(explained(_found(found, prepared, check)) for check in question.checks))
        for question in prepared.exercise.questions
    )
    undecided = any(question.needs_review for question in questions)
    return replace(
        prepared.template,
        status=Status.GRADER_ERROR if undecided else Status.GRADED,
        questions=questions,
        cells=cells,
        costs=graded.costs,
    )


def _explained(
    cells: Iterable[CellResult], prepared: PreparedSubmission
) -> tuple[tuple[CellResult, ...], Callable[[CheckResult], CheckResult]]:
    """Return the cells' outcomes, and what does the same for a check: new syntax is named with both versions."""
    sources = {cell.id: cell.source for cell in prepared.cells}
    before = tuple(cells)
    after = tuple(
        replace(cell, message=explain_syntax(cell.message, sources.get(cell.id, ""), prepared.python))
        for cell in before
    )
    texts = {old.message: new.message for old, new in zip(before, after, strict=True) if old.message != new.message}

    def explained(check: CheckResult) -> CheckResult:
        found = next((old for old in texts if old in check.message), None)
        return check if found is None else replace(check, message=check.message.replace(found, texts[found], 1))

    return after, explained


def _found(found: Mapping[CheckKey, CheckResult], prepared: PreparedSubmission, check: Check) -> CheckResult:
    key = check.question, check.name
    message = "The grader stopped before this check. It costs you no points; your teachers will look at it."
    result = found.get(key) or not_run(check, message, Outcome.GRADER_ERROR)
    # The course's own texts, not the copies from the wire, so that a class has them in memory once.
    return replace(
        result, name=check.name, title=check.title, visibility=check.visibility, digest=prepared.digests.get(key, "")
    )


def _all_not_run(exercise: Exercise, problem: str, status: Status) -> tuple[QuestionResult, ...]:
    """Return the questions with no check run; unless the submission is unreadable, they need review."""
    outcome = Outcome.NOT_RUN if status is Status.UNREADABLE else Outcome.GRADER_ERROR
    return tuple(
        QuestionResult(question.name, tuple(not_run(check, problem, outcome) for check in question.checks))
        for question in exercise.questions
    )


@functools.cache
def environment() -> str:
    """Return what else a result may depend on besides submission and checks: versions, processor, this package."""
    return f"{software()}, grader {grader_digest()}"


def software() -> str:
    """Return the versions of Python, torch and NumPy, and the kind of processor."""
    parts = [f"python {platform.python_version()}"]
    for name in ("torch", "numpy"):
        try:
            parts.append(f"{name} {version(name)}")  # from the metadata: importing torch takes seconds
        except PackageNotFoundError:
            parts.append(f"no {name}")
    return ", ".join([*parts, platform.machine()])  # the last digits of sums differ between processors


def _files(place: Path) -> Iterable[Path]:
    return [place] if place.is_file() else place.rglob("*.py")


@functools.cache
def grader_digest() -> str:
    """Return eight characters that identify this version of the grader's own code."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    # Sorted, because the order of rglob depends on the file system.
    for path in sorted(path for room in _ROOMS for path in _files(package / room)):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:8]


# --- Reuse of stored outcomes -------------------------------------------------------------------------------------
_ALL = (
    "checks_digest",
    "release",
    "optional",
    "message",
    "review",
)  # these change the result, but no outcome of a check
_WHOLE = ("submission_digest", "environment", "tier")
"""Fields that invalidate every stored outcome of a submission when they change."""

Reused = dict[CheckKey, CheckResult]
"""Stored results of checks that need not run again."""


def is_current(stored: Result, template: Result) -> bool:
    """Whether grading again would give the stored result. After a grader error, it is always tried again."""
    return stored.status is not Status.GRADER_ERROR and _agree(stored, template, (*_WHOLE, *_ALL))


def is_outdated(stored: Result, template: Result) -> bool:
    """Whether the same submission was graded by another version of the grader, of Python or of its packages."""
    return stored.submission_digest == template.submission_digest and stored.environment != template.environment


def still_holds(stored: Result | None, prepared: PreparedSubmission) -> Reused:
    """Return the stored results that can be reused, with the points and hints that are declared now.

    A check that comes ``after`` a changed one is run again too, because whether it runs at all may have changed.
    """
    template = prepared.template
    if stored is None or not _agree(stored, template, (*_WHOLE, "status")) or stored.status is not Status.GRADED:
        return {}
    records = {(question.name, check.name): check for question in stored.questions for check in question.checks}
    # Without a digest, nothing tells whether a record still holds.
    same = {
        key
        for key, record in records.items()
        # What another check voided is known only when that one has run again.
        if record.message != VOID and record.digest and record.digest == prepared.digests.get(key)
    }
    return {
        key: _declared(check, records[key])
        for key, check in _checks(prepared.exercise).items()
        if key in same and not _depends_on_change(check, prepared.exercise, records, same)
    }


def result_without_running(stored: Result | None, prepared: PreparedSubmission, reused: Reused) -> Result | None:
    """Return the result if all of it is known already, or None if something has to run."""
    if prepared.template.status is not Status.GRADED:
        return prepared.template
    # A proper subset means that some check has to run.
    if stored is None or reused.keys() < _checks(prepared.exercise).keys():
        return None
    return result_of(prepared, Graded(cells=list(stored.cells), complete=True), reused)


def _depends_on_change(
    check: Check, exercise: Exercise, records: dict[CheckKey, CheckResult], same: set[CheckKey]
) -> bool:
    """Whether a check that this one's outcome depends on, directly or indirectly, was changed, added or removed."""
    checks = _checks(exercise)
    uses = exercise.question(check.question).uses
    waiting = [(check.question, name) for name in check.after] + [key for key in checks if key[0] in uses]
    seen: set[CheckKey] = set()
    while waiting:
        key = waiting.pop()
        if key in seen:  # the marks of two checks may form a circle
            continue
        seen.add(key)
        if key not in same and (key in checks or key in records):
            return True
        waiting += [(key[0], name) for name in checks[key].after] if key in checks else []
    return False


def _checks(exercise: Exercise) -> dict[CheckKey, Check]:
    return {(check.question, check.name): check for check in exercise.checks}


def _declared(check: Check, record: CheckResult) -> CheckResult:
    """Return a stored result with the points and the hint that are declared now."""
    return replace(
        record,
        points=check.points if record.outcome is Outcome.PASSED else 0.0,
        max_points=check.points,
        hint=check.hint if record.outcome is Outcome.FAILED else "",
    )


def _agree(one: Result, other: Result, names: tuple[str, ...]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)
