"""Write notebooks for the formgrader: the code of a submission, with the outcome of the checks below each question.

A new notebook is made from the submission's code cells. Its metadata, prose and outputs are dropped, because the
formgrader shows a notebook's markup in a teacher's browser unescaped, so a student could put a script there. The
metadata that mark a cell as graded come from the course.
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
from autograder.submissions.decode import Unreadable
from autograder.submissions.read import read_document
from autograder.submissions.restore import with_answers
from autograder.text import printable

_WIDTH = 100

_EXCHANGE_FILES = ("timestamp.txt", "submission_secret.txt")
"""The files by which nbgrader's exchange identifies a submission and returns feedback to it."""
_MAX_EXCHANGE_BYTES = 1000
"""The largest of these files that is copied: students could have made them."""


def write_autograded(autograded: Path, exercise: Exercise, result: Result, handed_in: Path | None) -> Path:
    """Write ``<student>/<exercise>/<exercise>.ipynb`` in nbgrader's autograded folder; return its path.

    ``handed_in`` is the student's file; if there is none, or it cannot be read, the notebook says so. The files of
    nbgrader's exchange are copied beside the notebook.
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
    """Make the exchange files in ``target`` the same as in ``source``; remove those that are missing there."""
    for name in _EXCHANGE_FILES:
        original, copy = source / name, target / name
        if original.is_symlink() or not original.is_file() or original.stat().st_size > _MAX_EXCHANGE_BYTES:
            copy.unlink(missing_ok=True)
        elif not copy.is_file() or copy.read_bytes() != original.read_bytes():
            write_atomic(copy, original.read_bytes())


def came_by_exchange(folder: Path) -> bool:
    """Whether a folder contains all files that nbgrader needs to return feedback."""
    return all((folder / name).is_file() for name in _EXCHANGE_FILES)


def autograded_notebook(exercise: Exercise, result: Result, handed_in: Path | None) -> dict[str, Any]:
    """Return the graded notebook of a submission as nbgrader stores it, in notebook format 4.5."""
    return _notebook(_with_graded_cells(_code_cells(handed_in, exercise, result), exercise, result))


def _code_cells(handed_in: Path | None, exercise: Exercise, result: Result) -> tuple[Cell, ...]:
    message = result.message
    if handed_in is not None:
        try:
            return with_answers(read_document(handed_in), (question.name for question in exercise.questions))[0]
        except Unreadable as error:
            message = message or str(error)
    lines = textwrap.wrap(printable(message or "Nothing was handed in.", 1000), _WIDTH)
    return (Cell("unreadable", "\n".join(f"# {line}" for line in ["This submission could not be read.", *lines])),)


def _with_graded_cells(cells: tuple[Cell, ...], exercise: Exercise, result: Result) -> list[dict[str, Any]]:
    """Return the submission's cells with one graded cell per question: below the answer, or at the end without one."""
    present = {cell.id for cell in cells}
    graded = {check_id(question.name): question for question in exercise.questions}
    # Anchor → graded cell. Without the answer's cell, the student's copy of the graded cell tells the place.
    below = {question.name if question.name in present else check: check for check, question in graded.items()}
    arranged: list[dict[str, Any]] = []
    for cell in cells:
        if cell.id not in graded:  # the course's graded cell replaces the student's copy
            arranged.append(_code(cell.source, cell_metadata(cell.id) if cell.id in below else {}, []))
        if cell.id in below:
            arranged.append(_graded(graded[below[cell.id]], result))
    return arranged + [_graded(graded[check], result) for anchor, check in below.items() if anchor not in present]


def _graded(question: Question, result: Result) -> dict[str, Any]:
    """Return the graded cell of a question, with two outputs: the table of its checks, and its points."""
    # The gradebook gets its scores from the result. nbgrader itself reads them from the second output, and gives full
    # points for a value that is not a number.
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
        "source": source.encode("utf-8", "replace").decode(),  # readers fail on a lone surrogate
    }


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        # Our own ids: format 4.5 requires unique ones, and those of students may not be.
        "cells": [{"id": f"cell-{place}", **cell} for place, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
