"""Whether a submission fits: is it this exercise's, and does the grader's Python know its syntax?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from autograder.course import Exercise
from autograder.course.cells import Cell, check_id
from autograder.text import printable

_DEFINES = re.compile(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*")


def defined_names(cells: Iterable[Cell]) -> set[str]:
    """Return the functions and classes that cells would define, even if they do not parse."""
    return {name for cell in cells for name in _DEFINES.findall(cell.source)}


def misfit(cells: Sequence[Cell], exercise: Exercise, course: Iterable[Exercise] = ()) -> str:
    """Return why these cells are not of this exercise, and what to do; empty if they may be.

    Cells belong to an exercise if one has the id of a question or mentions its name, in whatever way: an answer that
    is defined in an unusual way is graded.
    """
    questions = {question.name for question in exercise.questions}
    code = [cell for cell in cells if cell.source.strip()]
    defined = defined_names(code)
    ids = {cell.id.partition("~")[0] for cell in code}
    for other in course:
        theirs = [question.name for question in other.questions if question.name in defined]
        # Exercises may share names, and students copy helpers from earlier ones.
        if other.name != exercise.name and len(theirs) > 2 * len(questions & defined):
            return (
                f"This is the notebook of {other.name}, not of {exercise.name}: it defines {_listed(theirs)}. "
                f"Hand in {exercise.name}.ipynb here."
            )
    if not code or questions & defined or ids & (questions | {check_id(name) for name in questions}):
        return ""
    if any(questions & set(_WORD.findall(cell.source)) or "import *" in cell.source for cell in code):
        return ""
    what = f"it defines {_listed(sorted(defined))}" if defined else "it defines no function and no class"
    return (
        f"This notebook answers no question of {exercise.name}: {what}, so it seems to come from elsewhere. "
        f"Hand in the {exercise.name}.ipynb that you were given, with your answers."
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name, 40) for name in names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


# --- Syntax that is newer than the grader's Python ------------------------------------------------------------------

_SYNTAX_ERROR = "Your code raised SyntaxError"
_GRADED_WITH = "but it is graded with Python "

_NEW_SYNTAX = (
    ((3, 14), re.compile(r"""\b[tT][rR]?["']|^[ \t]*except[ \t]+\w+[ \t]*,""", re.MULTILINE)),
    ((3, 12), re.compile(r"^[ \t]*(?:type[ \t]+\w+|(?:async[ \t]+)?def[ \t]+\w+\[|class[ \t]+\w+\[)", re.MULTILINE)),
)
"""The Python that brought it → what can only be this syntax, in code that did not parse."""


def explain_syntax(
    message: str, source: str, written: tuple[int, int] | None, grader: tuple[int, int] = sys.version_info[:2]
) -> str:
    """Return the message of a cell, with both versions of Python if its syntax is too new for the grader's."""
    if not message.startswith(_SYNTAX_ERROR) or _GRADED_WITH in message:  # the latter in a stored result
        return message
    ours = _named(grader)
    if written is not None and written > grader:
        return (
            f"{message}. Your notebook was written with {_named(written)}, but it is graded with {ours}, "
            "which does not know this syntax."
        )
    needed = next((version for version, syntax in _NEW_SYNTAX if syntax.search(source)), None)
    if needed is None and "f-string" in message:
        needed = (3, 12)  # which allows all of Python between the braces
    if needed is None or needed <= grader:
        return message
    return f"{message}. If it runs in your notebook, that has {_named(needed)} or newer, but it is graded with {ours}."


def _named(version: tuple[int, int]) -> str:
    return f"Python {version[0]}.{version[1]}"
