"""Exceptions of checks, and the description of an error in student code.

::

    AssertionError
    └── CheckFailure            the answer is wrong: the problem and its likely cause
    Exception
    └── SubmissionError         the answer could not be called
        ├── NameMissing         the notebook does not define the name
        └── WorkerDied          the student's process ended: time, memory, crash
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Never


class CheckFailure(AssertionError):
    """A check found the answer wrong.

    ``problem`` and ``cause`` are shown for hidden checks too, so they must not contain values of hidden inputs or
    results; ``details`` (the expected and the actual value) are shown for public checks only.
    """

    def __init__(self, problem: str, *, details: str = "", cause: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.details = details
        self.cause = cause

    def text(self, *, hidden: bool) -> str:
        """Return the text that the student may read."""
        parts = [self.problem, "" if hidden else self.details, f"Likely cause: {self.cause}" if self.cause else ""]
        return "\n".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.text(hidden=False)


def fail(problem: str, *, details: str = "", cause: str = "") -> Never:
    """Fail the check; see `CheckFailure` for what each part may contain."""
    raise CheckFailure(problem, details=details, cause=cause)


class SubmissionError(Exception):
    """The answer could not be called at all."""


class NameMissing(SubmissionError):
    """The submission does not define ``name``; ``reason`` is the error of the cell that should define it, if known."""

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
    """An exception raised by student code: its nearest builtin type, its message, and the cell and line."""

    kind: str
    message: str
    cell: str = ""
    line: int = 0
    code: str = ""

    def text(self, *, hidden: bool) -> str:
        """Return the text that the student may read; for a hidden check without the message, which may quote input."""
        # The line is the student's own code, so it is safe to show for hidden checks too.
        place = f" (line {self.line} of the cell: `{self.code}`)" if self.line and self.code else ""
        return f"Your code raised {self.kind}{'' if hidden or not self.message else ': ' + self.message}{place}"


_ATTRIBUTE = "__autograder_student_error__"


def mark_student_error(error: BaseException, info: StudentError) -> None:
    """Mark an exception as raised by student code, not by the check."""
    if getattr(error, _ATTRIBUTE, None) is None:  # the first mark is the one closest to the student's line
        setattr(error, _ATTRIBUTE, info)


def student_error(error: BaseException) -> StudentError | None:
    """Return the description that `mark_student_error` attached, or None if the error is not the student's."""
    return getattr(error, _ATTRIBUTE, None)
