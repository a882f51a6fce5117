"""Put right what an editor or a hand did to the cells that the course brings along.

Locked code, on which answers build, is run as it was handed out: below what a student made of it, so that what they
added holds as well, and in its old place where they deleted it. Cells are known by their ids; where an editor dropped
all of those, nothing is mended.
"""

from __future__ import annotations

import functools
import re

from autograder.course import Exercise
from autograder.notebook.cells import ILLUSTRATION, Cell

_HEADER = re.compile(r"^# %%(.*)\n", re.MULTILINE)
_QUESTION = re.compile(r'question="([^"]+)"')


def mended(cells: tuple[Cell, ...], exercise: Exercise) -> tuple[Cell, ...]:
    """Return a submission's cells with the course's locked code as it was handed out."""
    locked = locked_cells(exercise)
    sources = {cell.id: cell for cell in locked if cell.source}
    made: list[Cell] = []
    for cell in cells:
        made.append(cell)
        original = sources.get(cell.id.partition("~")[0])
        if original is not None and original.source.strip() != cell.source.strip():
            made.append(Cell(f"{cell.id}~original", original.source))
    if any(cell.id in sources for cell in cells):
        _put_back(made, locked)
    return tuple(made)


def _put_back(cells: list[Cell], order: tuple[Cell, ...]) -> None:
    """Insert what was deleted before the next cell of the course that is still there."""
    places = {cell.id: place for place, cell in enumerate(order)}
    present = {cell.id for cell in cells}
    for missing in reversed([cell for cell in order if cell.source and cell.id not in present]):
        later = (at for at, cell in enumerate(cells) if places.get(cell.id, -1) > places[missing.id])
        cells.insert(next(later, len(cells)), missing)


@functools.lru_cache(maxsize=64)
def locked_cells(exercise: Exercise) -> tuple[Cell, ...]:
    """Return the locked code of an exercise and, without source, its questions, with their ids, in order.

    They are read from the solution's text as `illustrations_of` reads it, and for the same reason. A test holds the ids
    together with those of the release.
    """
    _, *parts = _HEADER.split(exercise.solution.read_text("utf-8"))
    section, number, found = "intro", 0, []
    for header, body in zip(parts[::2], parts[1::2], strict=True):
        question = _QUESTION.search(header)
        if question:
            section, number = question[1], 0
            found.append(Cell(section, ""))
        elif "[markdown]" not in header and f'"{ILLUSTRATION}"' not in header:
            number += 1
            found.append(Cell(f"{section}-code-{number}", body.strip("\n")))
    return tuple(found)
