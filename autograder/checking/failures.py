"""How a check fails, and what an error in student code looks like to a check.

::

    AssertionError
    └── CheckFailure            the answer is wrong; what is wrong, with the likely cause
    Exception
    └── SubmissionError         the answer could not be asked
        ├── NameMissing         the notebook does not define the name
        └── WorkerDied          the student's process ended (remote only): time, memory, crash
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Never


class CheckFailure(AssertionError):
    """A check found the answer wrong.

    ``problem`` and ``cause`` are shown for public and hidden checks alike, so they must not hold the values
    of a hidden input or result; ``details`` (what was expected, what came) are shown for public checks only.
    """

    def __init__(self, problem: str, *, details: str = "", cause: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.details = details
        self.cause = cause

    def text(self, *, hidden: bool) -> str:
        """Return what a student may read."""
        parts = [
            self.problem,
            "" if hidden else self.details,
            f"Likely cause: {self.cause}" if self.cause else "",
        ]
        return "\n".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.text(hidden=False)


def fail(problem: str, *, details: str = "", cause: str = "") -> Never:
    """Fail the check; see `CheckFailure` for what each part may hold."""
    raise CheckFailure(problem, details=details, cause=cause)


class SubmissionError(Exception):
    """The answer could not be asked at all."""


class NameMissing(SubmissionError):
    """The submission does not define ``name``; ``reason`` is the error of the cell that should, if known."""

    def __init__(self, name: str, reason: str = "") -> None:
        self.name, self.reason = name, reason
        super().__init__(f"{name} is not defined" + (f": {reason}" if reason else ""))


class WorkerDied(SubmissionError):
    """The student's process ended; ``reason`` is ``time``, ``memory``, ``exit`` or ``protocol``."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


@dataclass(frozen=True)
class StudentError:
    """An exception that student code raised: its builtin kind, its text, and where in which cell."""

    kind: str
    message: str
    cell: str = ""
    line: int = 0
    code: str = ""

    def text(self, *, hidden: bool) -> str:
        """Return what a student may read; for a hidden check not the exception's text, which may quote input."""
        place = f" (line {self.line} of your code: `{self.code}`)" if self.line and self.code else ""
        # The code of a hidden check's error is the student's own, and so is safe to show.
        return f"Your code raised {self.kind}{'' if hidden or not self.message else ': ' + self.message}{place}"


_ATTRIBUTE = "__autograder_student_error__"


def mark_student_error(error: BaseException, info: StudentError) -> None:
    """Note on an exception that it came out of student code, not out of the check."""
    if getattr(error, _ATTRIBUTE, None) is None:
        setattr(error, _ATTRIBUTE, info)


def student_error(error: BaseException) -> StudentError | None:
    """Return what `mark_student_error` noted, or None for an error that is not the student's."""
    return getattr(error, _ATTRIBUTE, None)
