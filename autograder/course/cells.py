"""The cells of an exercise: their ids, their nbgrader metadata, and the locked code that students are given.

In nbgrader, a question has two cells: the one that students write in, and the graded one below it. Locked cells and
illustrations are read from the solution's text without Jupytext, whose import takes half a second; tests check that
Jupytext reads the same cells.
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
"""Jupytext's tag for a cell that exists only in the notebook: it shows something, and grading skips it."""


FIGURE = "figure"
"""The key of a figure's digest in the metadata ``autograder`` of its cell."""


def figure_digest(source: str) -> str:
    """Return what tells whether a student changed a figure cell."""
    return hashlib.sha256(source.strip().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def figure_metadata(source: str) -> dict[str, dict[str, str]]:
    """Return the metadata by which a figure cell is known to be as it was handed out."""
    return {"autograder": {FIGURE: figure_digest(source)}}


@dataclass(frozen=True)
class Cell:
    """One code cell. ``id`` is its nbgrader id if it has one, else its own id, else ``cell-<position>``."""

    id: str
    source: str
    tags: tuple[str, ...] = ()
    unchanged: bool = False
    """Whether the digest in its metadata says that this figure is as it was handed out."""
    commented: bool = False
    """Whether a module has this figure as comments, which Python does not run."""

    @property
    def is_illustration(self) -> bool:
        """Whether the cell only shows something, in the course's own files: grading skips it."""
        return ILLUSTRATION in self.tags

    @property
    def only_shows(self) -> bool:
        """Whether a student's cell only shows something: a figure with code of the student's own runs."""
        return self.is_illustration and (self.unchanged or self.commented)


def digest_of(cells: tuple[Cell, ...]) -> str:
    """Return the SHA-256 of the code to run: ids and sources of the cells."""
    digest = hashlib.sha256()
    for cell in cells:
        # The length keeps two cells apart whose texts contain the separator.
        # surrogatepass: the JSON of a notebook can contain lone surrogates, which UTF-8 cannot encode.
        digest.update(f"{cell.id}\0{len(cell.source)}\0{cell.source}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def names_defined(source: str) -> list[str]:
    """Return the functions and classes that a cell would define, even if it does not parse."""
    # By pattern: the cells of interest are those that failed, many of them with a SyntaxError.
    return re.findall(r"^(?:async\s+def|def|class)\s+(\w+)", source, re.MULTILINE)


def check_id(question: str) -> str:
    """Return the nbgrader id of a question's graded cell."""
    return f"check-{question}"


def check_source(question: str) -> str:
    """Return the source of a question's graded cell."""
    return f'check("{question}")'


def cell_metadata(question: str, points: float | None = None) -> dict[str, Any]:
    """Return nbgrader's metadata for a question's answer cell or, if ``points`` is given, for its graded cell."""
    if points is None:
        return nbgrader_metadata(question, solution=True)
    metadata = nbgrader_metadata(check_id(question), grade=True, locked=True)
    metadata["nbgrader"]["points"] = int(points) if points == int(points) else points
    return metadata


def nbgrader_metadata(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the metadata that nbgrader needs on a code cell.

    https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
    """
    return {
        "nbgrader": {
            "cell_type": "code",
            "grade": grade,
            "grade_id": grade_id,
            "locked": locked,
            "schema_version": 3,  # nbgrader refuses or migrates notebooks of any other
            "solution": solution,
            "task": False,  # nbgrader's tasks are Markdown that people grade
        }
    }


class CellNumbering:
    """Assigns ids to the cells of an exercise, which depend only on their position among the questions.

    So two builds agree byte for byte, and a diff of two releases shows only real changes.
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


def read_percent(text: str) -> Any:
    """Return a ``py:percent`` module as a notebook; on malformed input, Jupytext's own exceptions propagate."""
    return large_libraries.jupytext().reads(text, fmt="py:percent")


_HEADER = re.compile(r"^# %%(.*)\n", re.MULTILINE)  # of the course's modules; students' marks vary more
_QUESTION = re.compile(r'question="([^"]+)"')


@functools.lru_cache(maxsize=64)  # asked for every student; releases bring further versions of an exercise
def locked_cells(exercise: Exercise) -> tuple[Cell, ...]:
    """Return the locked cells of an exercise and its questions in order; the latter have an id but no source."""
    # `split` returns the text before the first mark, then in turn the rest of a mark's line and the text below it.
    _, *parts = _HEADER.split(exercise.source)
    numbering, found = CellNumbering(), []
    for header, body in zip(parts[::2], parts[1::2], strict=True):
        question = _QUESTION.search(header)
        if question:
            found.append(Cell(numbering.question(question[1]), ""))
        elif "[markdown]" not in header and f'"{ILLUSTRATION}"' not in header:
            found.append(Cell(numbering.other("code"), body.strip("\n")))  # as Jupytext trims a cell
    return tuple(found)


@functools.lru_cache(maxsize=64)
def illustrations_of(exercise: Exercise) -> frozenset[str]:
    """Return the sources of a solution's illustrations: in a module, comments below a tagged ``# %%``."""
    _, *parts = _HEADER.split(exercise.source)
    tagged = (body for header, body in zip(parts[::2], parts[1::2], strict=True) if f'"{ILLUSTRATION}"' in header)
    return frozenset(re.sub(r"^# ?", "", body, flags=re.MULTILINE).strip() for body in tagged)


def interface_of(exercise: Exercise) -> str:
    """Return a digest of the questions' names, in order, and the locked code: what answers and checks rely on.

    The same checks can grade submissions from all releases with the same interface.
    """
    return digest_of(locked_cells(exercise))
