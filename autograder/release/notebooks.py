"""Turn a solved module into the instructor's notebook, from which nbgrader generates the releases.

Students write what is between nbgrader's markers, ``### BEGIN SOLUTION`` and ``### END SOLUTION``.
"""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Exercise
from autograder.course.cells import (
    ILLUSTRATION,
    CellNumbering,
    cell_metadata,
    check_id,
    check_source,
    figure_metadata,
    nbgrader_metadata,
)
from autograder.errors import CourseError
from autograder.files import fill_template

BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"


class RegionError(ValueError):
    """The markers of a cell do not pair up; the message continues a sentence that names the cell."""


@dataclass(frozen=True)
class Regions:
    """The lines of one cell: those inside its solution regions and those that students get."""

    solved: tuple[str, ...]
    given: tuple[str, ...]
    count: int


def read_regions(source: str) -> Regions:
    """Split a cell at its markers, as nbgrader does; raise `RegionError` if they do not pair up."""
    solved: list[str] = []
    given: list[str] = []
    count, inside = 0, False
    for line in source.split("\n"):  # not splitlines: nbgrader splits only here
        if BEGIN in line:
            if inside:
                raise RegionError(f"has a second “{BEGIN}” before “{END}”")
            inside, count = True, count + 1
        elif END in line:
            if not inside:
                raise RegionError(f"has an “{END}” without “{BEGIN}”")
            inside = False
        else:
            (solved if inside else given).append(line)
    if inside:
        raise RegionError(f"has a “{BEGIN}” without “{END}”")
    return Regions(tuple(solved), tuple(given), count)


def strip_markers(source: str) -> str:
    """Return the source of a cell without its marker lines."""
    return "\n".join(line for line in source.split("\n") if BEGIN not in line and END not in line)


TEMPLATES = Path(__file__).with_name("templates")
"""Template files of releases and new exercises."""

IMPORT_ID = "autograder"

BUNDLE = "exercises"
"""The start of the name of a student zip and of the folder in it; see `autograder.release.student_bundle`."""

# Without versions, which would make the bytes of a release depend on the machine that builds it.
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE_INFO = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}

_KNOWN_METADATA = {"question", "tags"}
# Jupytext's record of the module's layout, which the stub keeps.
_JUPYTEXT_METADATA = {"lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker"}


def source_notebook(exercise: Exercise, release: str) -> Any:
    """Return the instructor's notebook (nbformat 4.5) of an exercise, with nbgrader's metadata.

    Raises `CourseError` if a cell is wrong; the message names it.
    """
    from nbformat.v4 import new_notebook

    cells = read_solution(exercise)
    _require_one_cell_per_question(exercise, cells)
    return new_notebook(
        cells=_with_ids(exercise, cells),
        metadata={
            "autograder": {"exercise": exercise.name, "release": release},
            "kernelspec": dict(KERNELSPEC),
            "language_info": dict(LANGUAGE_INFO),
        },
    )


@functools.lru_cache(maxsize=64)  # the stub, the notebook and the scan all read it
def read_solution(exercise: Exercise) -> tuple[Any, ...]:
    """Return the cells of ``solutions/<exercise>.py``, checked. They are cached: callers must not modify them."""
    import jupytext

    cells: list[Any] = jupytext.reads(exercise.source, fmt="py:percent").cells
    for place, cell in enumerate(cells, 1):
        _check_cell(cell, f"solutions/{exercise.name}.py: cell {place}")
    return tuple(cells)


def import_of_check(exercise: str) -> str:
    """Return the code of an exercise's first cell: it imports `check`, and on Colab installs it when needed.

    Colab has only the notebook, on a machine that is new in every session. Everywhere else, including the grader, the
    import succeeds and nothing else of the cell runs.
    """
    return fill_template(TEMPLATES / "student" / "first_cell.py.template", exercise=exercise).rstrip()


def is_illustration(cell: Any) -> bool:
    """Whether a cell only shows something."""
    return ILLUSTRATION in cell.metadata.get("tags", [])


def _check_cell(cell: Any, where: str) -> None:
    unknown = sorted(set(cell.metadata) - _KNOWN_METADATA - _JUPYTEXT_METADATA)
    if unknown:
        raise CourseError(f'{where} has unknown metadata: {", ".join(unknown)}. Use only question="…" and tags=[…].')
    question = cell.metadata.get("question")
    try:
        regions = read_regions(cell.source)
    except RegionError as error:
        raise CourseError(f"{where}{f' (question {question})' if question else ''} {error}.") from None
    if question is None:
        if regions.count:
            raise CourseError(f'{where} has a solution region but no question. Write `# %% question="…"` above it.')
        return
    if not regions.count:
        raise CourseError(
            f"{where} (question {question}) has no solution region. Put `### BEGIN SOLUTION` and `### END SOLUTION` "
            "around what students write."
        )
    if question not in _defined_names(cell.source, f"{where} (question {question})"):
        raise CourseError(f"{where} (question {question}) defines no function or class `{question}`. Define it there.")


def _defined_names(source: str, where: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise CourseError(f"{where} is not valid Python: {error.msg} (line {error.lineno} of the cell).") from None
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _require_one_cell_per_question(exercise: Exercise, cells: Sequence[Any]) -> None:
    counts = Counter(cell.metadata["question"] for cell in cells if "question" in cell.metadata)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise CourseError(
            f"solutions/{exercise.name}.py has several cells for {_listed(repeated)}. Keep one cell per question."
        )


def _listed(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _with_ids(exercise: Exercise, cells: Sequence[Any]) -> list[Any]:
    """Return the module's cells with the import of `check` and a graded cell after each question."""
    numbering, imported, made = CellNumbering(), False, []
    for cell in cells:
        if cell.cell_type == "code" and not imported:
            made.append(_code(IMPORT_ID, import_of_check(exercise.name), nbgrader_metadata(IMPORT_ID, locked=True)))
            imported = True
        question = cell.metadata.get("question")
        if question is not None:
            points = exercise.question(question).max_score
            made.append(_code(numbering.question(question), cell.source, cell_metadata(question)))
            made.append(_code(check_id(question), check_source(question), cell_metadata(question, points)))
        else:
            made.append(_other_cell(cell, numbering.other(_kind(cell))))
    return made


def _kind(cell: Any) -> str:
    if cell.cell_type == "code":
        return "figure" if is_illustration(cell) else "code"
    return "text"


def _other_cell(cell: Any, cell_id: str) -> Any:
    """Return a cell that is not a question's: code is locked, because answers build on it; figures and text are not."""
    from nbformat.v4 import new_markdown_cell

    if cell.cell_type != "code":
        return new_markdown_cell(cell.source, id=cell_id)
    tags = {"tags": list(cell.metadata["tags"])} if cell.metadata.get("tags") else {}
    if is_illustration(cell):  # with a digest, which tells later whether a student wrote code of their own into it
        return _code(cell_id, cell.source, {**figure_metadata(cell.source), **tags})
    return _code(cell_id, cell.source, {**nbgrader_metadata(cell_id, locked=True), **tags})


def _code(cell_id: str, source: str, metadata: dict[str, Any]) -> Any:
    from nbformat.v4 import new_code_cell

    return new_code_cell(source, id=cell_id, metadata=metadata)  # nbformat's own ids are random
