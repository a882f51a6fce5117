"""Exceptions of checks, and the description of an error in student code.

::

    AssertionError
    └── CheckFailure            the answer is wrong: the problem and its likely cause
        └── NotAllowed          the answer does what the exercise does not allow
    Exception
    └── SubmissionError         the answer could not be called
        ├── NameMissing         the notebook does not define the name
        ├── NameTaken           the notebook uses the name for a value
        └── WorkerDied          the student's process ended: time, memory, crash
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Never


class Phrase(str):
    """A text that `phrase` or `closed` made, and what it was made from: a template, and words for its fields.

    Without a template, it is one of a closed set of texts.
    """

    template: str
    words: tuple[str, ...]


def phrase(template: str, **words: str) -> Phrase:
    """Return the template with each ``{field}`` replaced by its word: an f-string that a hidden check may show.

    In a hidden check's message, template and words must be literals of the check files, or phrases themselves.
    """
    made = Phrase(template.format(**words))
    made.template, made.words = template, tuple(words.values())
    return made


def closed(text: str) -> Phrase:
    """Return a text that the caller takes from a closed set, such as the names of dtypes."""
    made = Phrase(text)
    made.template, made.words = "", ()
    return made


def is_fixed(text: str, literals: Collection[str]) -> bool:
    """Whether a text consists of ``literals`` only, so that nothing of a student or a hidden input is in it."""
    if isinstance(text, Phrase):
        return (not text.template or text.template in literals) and all(is_fixed(word, literals) for word in text.words)
    return not text or text in literals


UNSPECIFIED = "The result is wrong."
"""What a hidden check says if its own text is not fixed."""


class CheckFailure(AssertionError):
    """A check found the answer wrong.

    ``details`` (the expected and the actual value) are shown for public checks only. ``problem`` and ``cause`` are
    shown for hidden checks too, where they must be literals of the check files or phrases of these: a text with values
    in it could carry hidden inputs out. ``for_hidden`` is the problem that a hidden check shows instead, where the
    answer chooses a part of ``problem``, even from a closed set.
    """

    def __init__(self, problem: str, *, details: str = "", cause: str = "", for_hidden: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.for_hidden = for_hidden or problem
        self.details = details
        self.cause = cause

    def __str__(self) -> str:
        return _lines(self.problem, self.details, self.cause)

    def hidden_text(self, literals: Collection[str]) -> str:
        """Return the text that the student may read about a hidden check; ``literals`` are those of the check files."""
        problem = self.for_hidden if is_fixed(self.for_hidden, literals) else UNSPECIFIED
        return _lines(problem, "", self.cause if is_fixed(self.cause, literals) else "")


def _lines(problem: str, details: str, cause: str) -> str:
    return "\n".join(part for part in (problem, details, f"Likely cause: {cause}" if cause else "") if part)


class NotAllowed(CheckFailure):
    """The answer does what the exercise does not allow, so the whole question earns nothing."""


def fail(problem: str, *, details: str = "", cause: str = "", for_hidden: str = "") -> Never:
    """Fail the check; see `CheckFailure` for what each part may contain."""
    raise CheckFailure(problem, details=details, cause=cause, for_hidden=for_hidden)


def not_allowed(problem: str, *, cause: str = "") -> Never:
    """Fail the check, and with it the whole question: the answer does what the exercise does not allow."""
    raise NotAllowed(problem, cause=cause)


class SubmissionError(Exception):
    """The answer could not be called at all."""


class NameMissing(SubmissionError):
    """The submission does not define ``name``; ``reason`` is the error of the cell that should define it, if known."""

    def __init__(self, name: str, reason: str = "") -> None:
        self.name, self.reason = name, reason
        super().__init__(f"{name} is not defined" + (f": {reason}" if reason else ""))


class NameTaken(SubmissionError):
    """The answer's ``name`` was used again for a value: ``kind`` says what it is now, ``line`` is the code that did.

    ``for_hidden`` is the text for a hidden check, where the answer could choose the kind.
    """

    def __init__(self, name: str, kind: str, line: str = "") -> None:
        code = f": `{line}`" if line else ""
        reason = f"A later line uses the name for something else{code}."
        self.for_hidden = f"`{name}` is not a function here. {reason}"
        super().__init__(f"`{name}` is {kind} here, not a function. {reason}")


class WorkerDied(SubmissionError):
    """The student's process ended; ``reason`` is ``time``, ``memory``, ``exit`` or ``protocol``.

    ``for_hidden`` is the text for a hidden check, where the student's process chooses parts of the message.
    """

    def __init__(self, reason: str, message: str, *, for_hidden: str = "") -> None:
        self.reason = reason
        self.for_hidden = for_hidden or message
        super().__init__(message)


_COMMON = (
    (
        r"not compiled with CUDA|NVIDIA driver|No CUDA GPUs|torch\.cuda\.is_available\(\) is False|CUDA driver"
        r"|(not linked|compiled) with (support for )?(mps|xpu|XPU)|MPS backend|XPU device|no XPU",
        "Graded on a CPU: take the device from the model or the input.",
    ),
    (r"^EOFError", "Nobody can type while a notebook is graded: remove `input()`."),
)
"""Errors whose cause is known, and what to tell the student: in hidden checks, too, because the texts are fixed."""


@dataclass(frozen=True)
class StudentError:
    """An exception raised by student code: its nearest builtin type, its message, and the cell and line."""

    kind: str
    message: str
    cell: str = ""
    line: int = 0
    code: str = ""

    def text(self, *, hidden: bool) -> str:
        """Return the text that the student may read.

        For a hidden check, that is only the kind: the student's code chooses the message, and which line raises it, by
        what it is given.
        """
        for symptom, text in _COMMON:
            if re.search(symptom, f"{self.kind}: {self.message}"):
                return text if hidden or not self.line or not self.code else f"{text} (line {self.line}: `{self.code}`)"
        if hidden:
            return f"Your code raised {self.kind}."
        place = f" (line {self.line} of the cell: `{self.code}`)" if self.line and self.code else ""
        return f"Your code raised {self.kind}{': ' * bool(self.message)}{self.message}{place}"


_ATTRIBUTE = "__autograder_student_error__"


def mark_student_error(error: BaseException, info: StudentError) -> None:
    """Mark an exception as raised by student code, not by the check."""
    if getattr(error, _ATTRIBUTE, None) is None:  # the first mark is the one closest to the student's line
        setattr(error, _ATTRIBUTE, info)


def student_error(error: BaseException) -> StudentError | None:
    """Return the description that `mark_student_error` attached, or None if the error is not the student's."""
    return getattr(error, _ATTRIBUTE, None)
