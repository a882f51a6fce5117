"""The stub of an exercise: its cleared notebook as a module that students start from."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from autograder.course import Exercise
from autograder.errors import CourseError
from autograder.release.notebooks import IMPORT_ID, read_solution, source_notebook

GENERATED = "# generated from solutions/"
"""How the first line of every stub begins: a file that has it may be overwritten and removed."""

_PERCENT = {"extension": ".py", "format_name": "percent", "notebook_metadata_filter": "-all"}


def stub_module(exercise: Exercise) -> str:
    """Return the text of ``exercises/<exercise>.py``: importable, without solutions and graded cells."""
    import jupytext
    from nbformat.v4 import new_notebook

    cells = [cell for cell in cleared(source_notebook(exercise, "")).cells if _belongs(cell)]
    for cell, original in zip(cells, read_solution(exercise), strict=True):
        cell.metadata = original.metadata  # as its author wrote it, layout included
    body = jupytext.writes(new_notebook(cells=cells), fmt=dict(_PERCENT))
    text = f"{GENERATED}{exercise.name}.py by `autograder build`; do not edit\n\n{body.strip()}\n"
    try:
        compile(text, f"exercises/{exercise.name}.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise CourseError(
            f"solutions/{exercise.name}.py: without its solutions the module is not valid Python any more "
            f"({error.msg}, at `{(error.text or '').strip()}`): put the markers around whole statements."
        ) from None
    return text


def cleared(notebook: Any) -> Any:
    """Return a copy of a notebook with stubs in place of solutions, as nbgrader's pipeline makes it."""
    from autograder.release.preprocessors import NamedStubs

    copy, _resources = NamedStubs().preprocess(deepcopy(notebook), {})
    return copy


def _belongs(cell: Any) -> bool:
    """Whether a cell is part of the module: what runs checks is the notebook's own."""
    return cell.id != IMPORT_ID and not cell.metadata.get("nbgrader", {}).get("grade", False)
