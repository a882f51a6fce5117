"""Run the course's own cells as they were handed out, whatever an editor or a student did to them.

Put right what an editor or a hand did to the cells that the course brings along.

Locked code, on which answers build, is run as it was handed out: below what a student made of it, so that what they
added holds as well, and in its old place where they deleted it. Cells are known by their ids; where an editor dropped
all of those, nothing is mended.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograder.course import Exercise
from autograder.course.cells import Cell, illustrations_of, locked_cells


def restore_cells(cells: tuple[Cell, ...], exercise: Exercise) -> tuple[Cell, ...]:
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


def edited_cells(cells: tuple[Cell, ...], exercise: Exercise) -> list[str]:
    """Return the ids of the locked cells that are not there as they were handed out."""
    handed_in = {cell.id: cell.source.strip() for cell in cells}
    locked = [cell for cell in locked_cells(exercise) if cell.source]
    if not any(cell.id in handed_in for cell in locked):
        return []  # an editor dropped all ids
    return [cell.id for cell in locked if handed_in.get(cell.id) != cell.source.strip()]


def _put_back(cells: list[Cell], order: tuple[Cell, ...]) -> None:
    """Insert what was deleted before the next cell of the course that is still there."""
    places = {cell.id: place for place, cell in enumerate(order)}
    present = {cell.id for cell in cells}
    for missing in reversed([cell for cell in order if cell.source and cell.id not in present]):
        later = (at for at, cell in enumerate(cells) if places.get(cell.id, -1) > places[missing.id])
        cells.insert(next(later, len(cells)), missing)


# --- Which cells are graded ---------------------------------------------------------------------------------------


def graded_cells(cells: tuple[Cell, ...], exercise: Exercise) -> tuple[Cell, ...]:
    """Leave out the cells that only illustrate, known by their tag or, where tags were lost, by their source."""
    illustrations = illustrations_of(exercise)
    return tuple(cell for cell in cells if not cell.is_illustration and cell.source.strip() not in illustrations)


def note_of_edited(cells: Sequence[str]) -> str:
    """Say which cells are run as they were handed out; empty where none was edited."""
    listed = ", ".join(cells)
    return (
        f"Cells that are to stay as they are were edited or deleted, and run as handed out: {listed}." if cells else ""
    )
