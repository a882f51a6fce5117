"""Restore the course's locked cells that an editor or a student changed or deleted.

Answers build on locked code, so it runs as it was handed out. Where a student edited a locked cell, the original runs
after the edited one, so that additions take effect too; a deleted cell is inserted at its old position. Cells are
identified by their ids; if an editor dropped all of them, nothing is restored.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograder.course import Exercise
from autograder.course.cells import Cell, illustrations_of, locked_cells


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
    """Return the cells without illustrations, known by their tag or, if an editor dropped tags, by their source."""
    illustrations = illustrations_of(exercise)
    return tuple(cell for cell in cells if not cell.is_illustration and cell.source.strip() not in illustrations)


def note_of_edited(cells: Sequence[str]) -> str:
    """Return a note for the student on the locked cells that were restored; empty if there are none."""
    if not cells:
        return ""
    return f"These cells must not be modified, so they ran as they were handed out: {', '.join(cells)}."
