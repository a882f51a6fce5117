"""Locked code runs as it was handed out, even if it was edited or deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.course.cells import Cell, locked_cells
from autograder.release.notebooks import source_notebook
from autograder.submissions.restore import edited_cells, restore_cells

ROOT = Path(__file__).resolve().parents[2]
COURSES = (ROOT, ROOT / "tests/tiny_course")
EXERCISES = [exercise for root in COURSES for exercise in load_course(root).exercises]

IMPORTS = Cell("intro-code-1", "from collections.abc import Iterable")
ADD = Cell("add", "def add(numbers): ...")
MARK = Cell("add-code-1", 'EXCLAMATION = "!"')
GREETER = Cell("Greeter", "class Greeter: ...")
WHOLE = (IMPORTS, ADD, MARK, GREETER)


@pytest.fixture
def restore():
    (exercise,) = load_course(ROOT / "tests/tiny_course").exercises
    return lambda *cells: restore_cells(cells, exercise)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_locked_cells_are_those_of_the_release(exercise):
    released = []
    for cell in source_notebook(exercise, "").cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution"):
            released.append(Cell(cell.id, ""))
        elif marks.get("locked") and not marks["grade"] and cell.id != "autograder":
            released.append(Cell(cell.id, cell.source))
    assert list(locked_cells(exercise)) == released


def test_unchanged_cells_are_left_alone(restore):
    assert restore(*WHOLE) == WHOLE
    assert restore(ADD, Cell("mine", "x = 1"), GREETER) == (ADD, Cell("mine", "x = 1"), GREETER)


def test_an_edited_cell_is_followed_by_the_original(restore):
    edited = Cell("add-code-1", "import math")
    assert restore(IMPORTS, ADD, edited, GREETER) == (
        *(IMPORTS, ADD, edited),
        *(Cell("add-code-1~original", MARK.source), GREETER),
    )


def test_a_deleted_cell_comes_back_where_it_was(restore):
    own = Cell("mine", "x = 1")
    assert restore(own, ADD, MARK, GREETER) == (own, IMPORTS, ADD, MARK, GREETER)
    assert restore(IMPORTS, ADD, own, GREETER) == (IMPORTS, ADD, own, MARK, GREETER)
    assert restore(IMPORTS, own) == (IMPORTS, own, MARK)


def test_a_copy_of_a_locked_cell_is_restoreed_too(restore):
    copy = Cell("add-code-1~2", "EXCLAMATION = 3")
    assert restore(*WHOLE, copy)[-1] == Cell("add-code-1~2~original", MARK.source)


def test_without_ids_nothing_is_restored(restore):
    module = (Cell("cell-1", IMPORTS.source), ADD, Cell("cell-3", "EXCLAMATION = '!'"), GREETER)
    assert restore(*module) == module


@pytest.mark.parametrize(
    ("cells", "edited"),
    [
        (WHOLE, []),
        ((IMPORTS, ADD, Cell("add-code-1", "import math"), GREETER), ["add-code-1"]),
        ((IMPORTS, ADD, GREETER), ["add-code-1"]),
        ((IMPORTS, Cell("add-code-1", f"{MARK.source}\n\n")), []),
        ((Cell("cell-1", "x = 1"), ADD, GREETER), []),
    ],
    ids=["left alone", "edited", "deleted", "an empty line more", "all ids lost"],
)
def test_edited_and_deleted_cells_are_listed(cells, edited):
    (exercise,) = load_course(ROOT / "tests/tiny_course").exercises
    assert edited_cells(cells, exercise) == edited
