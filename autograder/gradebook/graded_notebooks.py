"""Notebooks for the formgrader: each submission's code, with the outcome of the checks below each question.

They are made anew from the submission's code cells. Its metadata, prose and outputs stay behind: the
formgrader shows a notebook's markup in a teacher's browser as it is, and a student could put a script there.
What marks a cell as graded comes from the course.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from autograder.course import Exercise, Question
from autograder.course.cells import Cell, cell_metadata, check_id, check_source
from autograder.files import write_atomic
from autograder.results.model import Result, Status
from autograder.results.rendering import as_html, as_text
from autograder.submissions.read import Unreadable, read_cells
from autograder.text import printable

_WIDTH = 100


_BESIDE = ("timestamp.txt", "submission_secret.txt")
"""What nbgrader's exchange knows a submission by, and by which it hands feedback back."""
_MAX_BESIDE = 1000
"""The largest of these files that is copied, in bytes: students could have made them."""


def write_autograded(autograded: Path, exercise: Exercise, result: Result, handed_in: Path | None) -> Path:
    """Write ``<student>/<exercise>/<exercise>.ipynb`` below nbgrader's autograded folder; return its path.

    ``handed_in`` is the student's file; where there is none, or it cannot be read, the notebook says so. Beside it
    goes what nbgrader's exchange tells this submission from the student's other ones by.
    """
    path = autograded / result.student / exercise.name / f"{exercise.name}.ipynb"
    notebook = autograded_notebook(exercise, result, handed_in)
    data = (json.dumps(notebook, indent=1) + "\n").encode()
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)
    if handed_in is not None:
        copy_beside(handed_in.parent, path.parent)
    return path


def copy_beside(source: Path, target: Path) -> None:
    """Make the exchange's files in ``target`` those of ``source``: none where that has none."""
    for name in _BESIDE:
        original, copy = source / name, target / name
        if original.is_symlink() or not original.is_file() or original.stat().st_size > _MAX_BESIDE:
            copy.unlink(missing_ok=True)
        elif not copy.is_file() or copy.read_bytes() != original.read_bytes():
            write_atomic(copy, original.read_bytes())


def came_by_exchange(folder: Path) -> bool:
    """Whether all is in a folder that nbgrader needs to hand feedback back."""
    return all((folder / name).is_file() for name in _BESIDE)


def autograded_notebook(exercise: Exercise, result: Result, handed_in: Path | None) -> dict[str, Any]:
    """Return the notebook of a submission as nbgrader keeps it, in the notebook format 4.5."""
    return _notebook(_arranged(_code_cells(handed_in, result), exercise, result))


def _code_cells(handed_in: Path | None, result: Result) -> tuple[Cell, ...]:
    message = result.message
    if handed_in is not None:
        try:
            return read_cells(handed_in)
        except Unreadable as error:
            message = message or str(error)
    lines = textwrap.wrap(printable(message or "nothing was handed in", 1000), _WIDTH)
    return (Cell("unreadable", "\n".join(f"# {line}" for line in ["This submission could not be read.", *lines])),)


def _arranged(cells: tuple[Cell, ...], exercise: Exercise, result: Result) -> list[dict[str, Any]]:
    """Return the submission's cells with one graded cell a question, below the question if that is there."""
    present = {cell.id for cell in cells}
    graded = {check_id(question.name): question for question in exercise.questions}
    below = {question.name if question.name in present else check: check for check, question in graded.items()}
    made: list[dict[str, Any]] = []
    for cell in cells:
        if cell.id not in graded:  # a graded cell of the student's is replaced by the course's
            made.append(_code(cell.source, cell_metadata(cell.id) if cell.id in below else {}, []))
        if cell.id in below:
            made.append(_graded(graded[below[cell.id]], result))
    return made + [_graded(graded[check], result) for anchor, check in below.items() if anchor not in present]


def _graded(question: Question, result: Result) -> dict[str, Any]:
    """Return the graded cell, with the table of its checks and, as its value, its points.

    The gradebook does not get its scores from there. nbgrader reads them there: where the value is no number, as
    full points.
    """
    found = next((one for one in result.questions if one.name == question.name), None)
    if found is None or result.status is Status.UNREADABLE:
        score, shown = 0.0, {"text/plain": f"Not graded. {printable(result.message, 1000)}".strip()}
    else:
        headline = f"{found.name}: {found.score:g} of {found.max_score:g} points"
        score, shown = found.score, {"text/html": as_html(headline, found), "text/plain": as_text(headline, found)}
    outputs: list[dict[str, Any]] = [
        {"data": shown, "metadata": {}, "output_type": "display_data"},
        {"data": {"text/plain": str(score)}, "execution_count": None, "metadata": {}, "output_type": "execute_result"},
    ]
    return _code(check_source(question.name), cell_metadata(question.name, question.max_score), outputs)


def _code(source: str, metadata: dict[str, Any], outputs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": outputs,
        "source": source.encode("utf-8", "replace").decode(),  # a lone surrogate would break whoever shows it
    }


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cells": [{"id": f"cell-{place}", **cell} for place, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
