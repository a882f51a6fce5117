"""Turn the exception that a check raised into its outcome and the message that the student reads."""

from __future__ import annotations

import re
import traceback
from collections.abc import Collection
from pathlib import Path

from autograder.checking.failures import CheckFailure, NameMissing, NameTaken, StudentError, WorkerDied, student_error
from autograder.checking.student_module import builtin_kind, describe_error, is_cell_file
from autograder.course import Check
from autograder.errors import AutograderError
from autograder.results.model import CheckResult, Outcome
from autograder.results.pictures import Picture

_STUB = re.compile(r"([A-Za-z_]\w{0,60}) is not implemented yet\b")  # the text of the stubs that a build writes


def judge(
    check: Check,
    error: BaseException | None,
    questions: Collection[str] = (),
    pictures: tuple[Picture, ...] = (),
    literals: Collection[str] = (),
) -> CheckResult:
    """Return the result of one check, given the exception that it raised, if any, and its pictures.

    Only names in ``questions`` may appear in a message as not implemented: any other name in the text of a
    NotImplementedError is the student's, and could leak a hidden input. For the same reason, a hidden check says
    nothing but what its files' ``literals`` say.
    """
    outcome, message = _outcome(check, error, questions, literals)
    return result_of(check, outcome, _scrub(message), pictures)


def not_run(check: Check, message: str, outcome: Outcome = Outcome.NOT_RUN) -> CheckResult:
    """Return the result of a check that was not run."""
    return result_of(check, outcome, message)


def result_of(check: Check, outcome: Outcome, message: str, pictures: tuple[Picture, ...] = ()) -> CheckResult:
    """Return a check's result with this outcome; pictures of hidden checks are dropped, as they show hidden values."""
    return CheckResult(
        name=check.name,
        title=check.title,
        visibility=check.visibility,
        outcome=outcome,
        points=check.points if outcome is Outcome.PASSED else 0.0,
        max_points=check.points,
        message=message,
        hint=check.hint if outcome is Outcome.FAILED else "",
        pictures=pictures if check.public else (),
    )


def _outcome(
    check: Check, error: BaseException | None, questions: Collection[str], literals: Collection[str]
) -> tuple[Outcome, str]:
    hidden = not check.public
    match error:
        case None:
            return Outcome.PASSED, ""
        case CheckFailure():
            return Outcome.FAILED, error.hidden_text(literals) if hidden else str(error)
        case NameMissing(reason=""):
            return (Outcome.NOT_ATTEMPTED, f"`{error.name}` is not defined: its cell is missing, empty or was not run.")
        case NameMissing():
            return Outcome.FAILED, f"`{error.name}` is not defined, because {error.reason}"
        case NameTaken():
            return Outcome.FAILED, error.for_hidden if hidden else str(error)
        case WorkerDied():
            timed_out = error.reason == "time"
            return Outcome.TIMED_OUT if timed_out else Outcome.CRASHED, error.for_hidden if hidden else str(error)
    # Before AssertionError: an `assert` in the student's own code is the student's.
    info = student_error(error) or _local_student_error(error)
    if info is not None:
        return _student_outcome(check, info, questions)
    if isinstance(error, AssertionError):  # a plain `assert`, whose text may quote hidden values
        return Outcome.FAILED, "" if hidden else str(error)
    # Which of a hidden check's lines raised, and a text, would carry hidden inputs out.
    kind = type(error).__name__ if isinstance(error, AutograderError) else builtin_kind(error)
    what = kind if hidden else f"{type(error).__name__}: {error}, at {_place(error)}"
    return Outcome.GRADER_ERROR, f"The check could not finish ({what}). {_NOT_YOURS}"


_NOT_YOURS = "This is not your mistake and costs you no points; your teachers will look at it."
_YOURS = (
    "It cannot work with what your answer gave it: a value of another type, shape or length than the question asks for."
)


def blamed(check: Check, result: CheckResult) -> CheckResult:
    """Return the result of a check that could not finish, where the answer is to blame and not the check."""
    return result_of(check, Outcome.FAILED, result.message.replace(_NOT_YOURS, _YOURS), result.pictures)


def _student_outcome(check: Check, info: StudentError, questions: Collection[str]) -> tuple[Outcome, str]:
    if info.kind == "NotImplementedError":
        stub = _STUB.search(info.message)
        if stub and stub[1] != check.question and stub[1] in questions:
            return Outcome.NOT_ATTEMPTED, f"This needs `{stub[1]}`, which is not implemented yet."
        return Outcome.NOT_ATTEMPTED, f"`{check.question}` is not implemented yet."
    # torch reports a failed allocation as a RuntimeError with this text.
    if info.kind == "MemoryError" or "can't allocate memory" in info.message:
        return Outcome.CRASHED, "Your code ran out of memory."
    return Outcome.FAILED, info.text(hidden=not check.public)


def _local_student_error(error: BaseException) -> StudentError | None:
    """Describe an error that an object of the notebook, called by the check in this process, raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return describe_error(error) if any(is_cell_file(frame.filename) for frame in frames) else None


def _place(error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name.startswith("test_")]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def _scrub(message: str) -> str:
    """Remove memory addresses, which differ between runs, and cut long messages."""
    message = re.sub(r" at 0x[0-9a-f]+", "", message)
    return message if len(message) <= 2000 else message[:2000] + " … (cut)"
