"""Choose the cells to run: restore locked ones that an editor or a student changed or deleted, leave figures out.

Answers build on locked code, so it runs as it was handed out. Where a student edited a locked cell, the original runs
after the edited one, so that additions take effect too; a deleted cell is inserted at its old position. Cells are
identified by their ids; if an editor dropped all of them, nothing is restored.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from autograder.course import Exercise
from autograder.course.cells import Cell, check_id, illustrations_of, locked_cells
from autograder.submissions.decode import MERGE_ADVICE, has_merge_marks
from autograder.submissions.read import Document, statements
from autograder.text import printable

_MAX_STATEMENTS = 200
"""The most pieces of one figure cell: real ones have some dozen."""
_MAX_ANSWER = 100_000
"""The most characters of a cell that is looked into: nobody writes longer ones."""


def restore_cells(cells: tuple[Cell, ...], exercise: Exercise) -> tuple[Cell, ...]:
    """Return a submission's cells with the course's locked code as it was handed out."""
    locked = locked_cells(exercise)
    originals = {cell.id: cell for cell in locked if cell.source}
    restored: list[Cell] = []
    for cell in cells:
        restored.append(cell)
        original = originals.get(cell.id.partition("~")[0])  # a copy of a cell has the id and ~2
        # Without blanks at the ends, which editors add and remove.
        if original is not None and original.source.strip() != cell.source.strip():
            restored.append(Cell(f"{cell.id}~original", original.source))
    if any(cell.id in originals for cell in cells):  # otherwise an editor dropped the ids, and nothing is missing
        _insert_deleted(restored, locked)
    return tuple(restored)


def edited_cells(cells: tuple[Cell, ...], exercise: Exercise) -> list[str]:
    """Return the ids of the locked cells that were edited or deleted."""
    handed_in = {cell.id: cell.source.strip() for cell in cells}
    locked = [cell for cell in locked_cells(exercise) if cell.source]
    if not any(cell.id in handed_in for cell in locked):
        return []  # an editor dropped all ids
    return [cell.id for cell in locked if handed_in.get(cell.id) != cell.source.strip()]


def _insert_deleted(cells: list[Cell], order: tuple[Cell, ...]) -> None:
    """Insert each deleted cell before the next cell of the course that is still there."""
    places = {cell.id: place for place, cell in enumerate(order)}
    present = {cell.id for cell in cells}
    # From the end, so that the cell that a deleted one comes before has been inserted already.
    for missing in reversed([cell for cell in order if cell.source and cell.id not in present]):
        later = (at for at, cell in enumerate(cells) if places.get(cell.id, -1) > places[missing.id])
        cells.insert(next(later, len(cells)), missing)


def graded_cells(cells: tuple[Cell, ...], exercise: Exercise) -> tuple[Cell, ...]:
    """Return the cells without the figures that are as they were handed out; see `without_figures`.

    These are known by their source, or by the digest that their release wrote into their metadata.
    """
    figures = illustrations_of(exercise)
    return without_figures(
        cells, lambda cell: cell.source.strip() in figures or (cell.is_illustration and cell.unchanged)
    )


def without_figures(
    cells: tuple[Cell, ...], is_figure: Callable[[Cell], bool] = lambda cell: cell.only_shows
) -> tuple[Cell, ...]:
    """Return the cells that are run: all but figures. Of a figure, what other cells use of it stays.

    A figure cell looks like any other, so students write imports and helpers into it. A changed one is run statement by
    statement: a plot that cannot be drawn here must not take the helper below it along.
    """
    figures = [is_figure(cell) for cell in cells]
    names = _names_used(cell.source for cell, figure in zip(cells, figures, strict=True) if not figure)
    kept: list[Cell] = []
    for cell, figure in zip(reversed(cells), reversed(figures), strict=True):  # a helper may use what is above it
        if figure:
            kept += _parts_used(cell, names)
        else:
            kept += reversed(_statements(cell)) if cell.is_illustration else [cell]
    return tuple(reversed(kept))


def _parts_used(figure: Cell, names: set[str]) -> list[Cell]:
    """Return the statements of a figure, the last one first, that define any of these names; add what they use."""
    used: list[Cell] = []
    for statement in reversed(_statements(figure)) if names else ():
        if names & _offered(statement.source):
            names |= _words(statement.source)
            used.append(replace(statement, id=f"{figure.id}~{len(used) + 1}"))
    return used


_IMPORT = re.compile(r"\s*(?:from\s[^\n]*?\s)?import\s+([^\n#]*)\n*")
_COMMENTS = re.compile(r"\A(?:\s*#[^\n]*(?:\n|\Z))*+")
_CONSTANTS = re.compile(r"\s*([A-Z][A-Z0-9_]*(?:,\s*[A-Z][A-Z0-9_]*)*)\s*=(?!=)")
_WORD = re.compile(r"[^\W\d]\w*\(?")


def _offered(statement: str) -> set[str]:
    """Return what a statement of a figure imports, defines or assigns as a constant: what takes no time to run.

    Functions and classes have a bracket after their name: a call needs them, a word in a docstring does not.
    """
    code = _COMMENTS.sub("", statement)  # those above it are part of a statement
    constants = _CONSTANTS.match(code)
    return (
        _imported(code)
        | {f"{name}(" for name in defined_names([Cell("", code)])}
        | ({name.strip() for name in constants[1].split(",")} if constants else set())
    )


def _imported(statement: str) -> set[str]:
    """Return the names that a statement of one line imports; none for any other statement."""
    found = _IMPORT.fullmatch(statement)
    parts = found[1].split(",") if found else []
    return {part.split(" as ")[-1].strip(" ()").partition(".")[0] for part in parts}


def _words(code: str) -> set[str]:
    """Return the names in some code, and each that is called once more with its bracket."""
    found = set(_WORD.findall(code))
    return found | {word.rstrip("(") for word in found}


def _names_used(sources: Iterable[str]) -> set[str]:
    """Return the names in some code that this code does not import itself."""
    used, imported = set(), set()
    for line in (line for source in sources for line in source.split("\n")):
        names = _imported(line)
        imported |= names
        if not names:
            used |= _words(line.partition("#")[0])
    return used - imported


def _statements(cell: Cell) -> list[Cell]:
    """Return the top-level statements of a cell as cells whose lines have the same numbers."""
    magic = cell.source.lstrip().startswith("%%")  # which is about the whole cell
    if magic or len(cell.source) > _MAX_ANSWER:
        return [cell]
    pieces = statements(cell.source)
    if len(pieces) > _MAX_STATEMENTS:
        return [cell]
    return [
        replace(cell, id=cell.id if n == 1 else f"{cell.id}~{n}", source="\n" * first + source)
        for n, (first, source) in enumerate(pieces, 1)
    ]


def with_answers(document: Document, questions: Iterable[str]) -> tuple[tuple[Cell, ...], list[str]]:
    """Return the code cells of a submission, with answers that are in markdown or raw cells, and the ids of all such.

    Besides the cells that nbgrader's metadata call code, these are cells that define a question which no code defines.
    """
    missing = set(questions) - defined_names(document.cells)
    cells, retyped = list(document.cells), list(document.retyped)
    taken = {cell.id for cell in cells}
    for place, text in reversed(document.texts if missing else ()):
        found = missing & defined_names([text])
        # A fence shows code in prose: nobody takes that for the answer, and it would not run.
        if found and "```" not in text.source and len(text.source) < _MAX_ANSWER:
            name = min(found)
            cells.insert(place, replace(text, id=name if name not in taken else f"{name}~text"))
            retyped.append(name)
            missing -= found
    return tuple(cells), retyped


def note_of_retyped(cells: Sequence[str]) -> str:
    """Return a note for the student on answers in markdown or raw cells; empty if there are none."""
    if not cells:
        return ""
    return (
        f"These cells were markdown or raw, which Jupyter does not run; they ran as code: {_listed(cells)}. "
        "Turn them into code cells (press Esc, then Y)."
    )


def note_of_merge(cells: Sequence[Cell]) -> str:
    """Return a note for the student on the marks of a merge inside cells; empty if there are none."""
    marked = [cell.id for cell in cells if has_merge_marks(cell.source)]
    if not marked:
        return ""
    return f"Marks of an unfinished Git merge (<<<<<<<) are in: {_listed(marked)}. {MERGE_ADVICE}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def note_of_edited(cells: Sequence[str]) -> str:
    """Return a note for the student on the locked cells that were restored; empty if there are none."""
    if not cells:
        return ""
    return f"These cells must not be modified, so they ran as they were handed out: {', '.join(cells)}."


# --- Does it fit: is it this exercise's, and does the grader's Python know its syntax? ---

_DEFINES = re.compile(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)", re.MULTILINE)
_NAME = re.compile(r"[^\W\d]\w*")


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
                f"This is the notebook of {other.name}, not of {exercise.name}: it defines {_some(theirs)}. "
                f"Hand in {exercise.name}.ipynb here."
            )
    if not code or questions & defined or ids & (questions | {check_id(name) for name in questions}):
        return ""
    if any(questions & set(_NAME.findall(cell.source)) or "import *" in cell.source for cell in code):
        return ""
    what = f"it defines {_some(sorted(defined))}" if defined else "it defines no function and no class"
    return (
        f"This notebook answers no question of {exercise.name}: {what}, so it seems to come from elsewhere. "
        f"Hand in the {exercise.name}.ipynb that you were given, with your answers."
    )


def _some(names: Sequence[str]) -> str:
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
