"""The cells of a course: how each is known, what students are given, and a module as a notebook.

The cells by which nbgrader knows a question: the one that students write in and the graded one below.

Read ``py:percent`` modules with Jupytext.

What students of an exercise are given beside the questions, read from its solution's text.

Jupytext reads the same; its import would cost every run of the grader half a second. Tests hold the two together.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from autograder.course import Exercise
from autograder.runtime import large_libraries

ILLUSTRATION = "active-ipynb"
"""Jupytext's tag for a cell that lives in the notebook only: it shows something and defines nothing that is graded."""


@dataclass(frozen=True)
class Cell:
    """One code cell. ``id`` is the nbgrader id where there is one, else the cell's own, else its place."""

    id: str
    source: str
    tags: tuple[str, ...] = ()

    @property
    def is_illustration(self) -> bool:
        """Whether the cell only shows something, so that grading skips it."""
        return ILLUSTRATION in self.tags


def digest_of(cells: tuple[Cell, ...]) -> str:
    """SHA-256 of what will be run: ids and sources of the code cells."""
    digest = hashlib.sha256()
    for cell in cells:
        digest.update(f"{cell.id}\0{len(cell.source)}\0{cell.source}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


# --- nbgrader's cells ---------------------------------------------------------------------------------------------


def check_id(question: str) -> str:
    """Return the nbgrader id of a question's graded cell."""
    return f"check-{question}"


def check_source(question: str) -> str:
    """Return the source of a question's graded cell."""
    return f'check("{question}")'


def cell_metadata(question: str, points: float | None = None) -> dict[str, Any]:
    """Return nbgrader's metadata of a question's own cell or, given its points, of its graded cell."""
    if points is None:
        return nbgrader_metadata(question, solution=True)
    metadata = nbgrader_metadata(check_id(question), grade=True, locked=True)
    metadata["nbgrader"]["points"] = int(points) if points == int(points) else points
    return metadata


def nbgrader_metadata(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the metadata by which nbgrader knows a code cell.

    https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
    """
    return {
        "nbgrader": {
            "cell_type": "code",
            "grade": grade,
            "grade_id": grade_id,
            "locked": locked,
            "schema_version": 3,
            "solution": solution,
            "task": False,
        }
    }


class CellNumbering:
    """Gives the cells of an exercise their ids, which depend on nothing but the place among the questions.

    So two builds agree byte for byte, and a diff between two releases shows what really changed.
    """

    def __init__(self) -> None:
        self._section = "intro"
        self._numbers = Counter[str]()

    def question(self, name: str) -> str:
        """Return the id of a question's cell; the cells below it are numbered from 1 again."""
        self._section, self._numbers = name, Counter()
        return name

    def other(self, kind: str) -> str:
        """Return the id of the next cell of a kind: ``text``, ``code`` or ``figure``."""
        self._numbers[kind] += 1
        return f"{self._section}-{kind}-{self._numbers[kind]}"


# --- Modules as notebooks -----------------------------------------------------------------------------------------


def read_percent(text: str) -> Any:
    """Return a module as a notebook; raise whatever Jupytext raises on odd input."""
    return large_libraries.jupytext().reads(text, fmt="py:percent")


# --- What students are given --------------------------------------------------------------------------------------


_HEADER = re.compile(r"^# %%(.*)\n", re.MULTILINE)
_QUESTION = re.compile(r'question="([^"]+)"')


@functools.lru_cache(maxsize=64)
def locked_cells(exercise: Exercise) -> tuple[Cell, ...]:
    """Return the locked code of an exercise and, without source, its questions, with their ids, in order."""
    _, *parts = _HEADER.split(exercise.source)
    numbering, found = CellNumbering(), []
    for header, body in zip(parts[::2], parts[1::2], strict=True):
        question = _QUESTION.search(header)
        if question:
            found.append(Cell(numbering.question(question[1]), ""))
        elif "[markdown]" not in header and f'"{ILLUSTRATION}"' not in header:
            found.append(Cell(numbering.other("code"), body.strip("\n")))
    return tuple(found)


@functools.lru_cache(maxsize=64)
def illustrations_of(exercise: Exercise) -> frozenset[str]:
    """Return the sources of a solution's cells that only illustrate: in a module, comments below a tagged ``# %%``."""
    _, *parts = _HEADER.split(exercise.source)
    tagged = (body for header, body in zip(parts[::2], parts[1::2], strict=True) if f'"{ILLUSTRATION}"' in header)
    return frozenset(re.sub(r"^# ?", "", body, flags=re.MULTILINE).strip() for body in tagged)


def interface_of(exercise: Exercise) -> str:
    """Return a digest of what answers and checks rely on: the names of the questions, in order, and the locked code.

    Submissions made from releases with the same interface can be graded by the same checks.
    """
    digest = hashlib.sha256()
    for cell in locked_cells(exercise):
        digest.update(f"{cell.id}\0{len(cell.source)}\0{cell.source}\0".encode())
    return digest.hexdigest()
