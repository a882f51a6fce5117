"""Locked code is run as it was handed out, whatever became of it in an editor."""

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
def mend():
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


def test_nothing_happens_to_what_was_left_alone(mend):
    assert mend(*WHOLE) == WHOLE
    assert mend(ADD, Cell("mine", "x = 1"), GREETER) == (ADD, Cell("mine", "x = 1"), GREETER)


def test_an_edited_cell_is_followed_by_the_original(mend):
    edited = Cell("add-code-1", "import math")
    assert mend(IMPORTS, ADD, edited, GREETER) == (
        *(IMPORTS, ADD, edited),
        *(Cell("add-code-1~original", MARK.source), GREETER),
    )


def test_a_deleted_cell_comes_back_where_it_was(mend):
    own = Cell("mine", "x = 1")
    assert mend(own, ADD, MARK, GREETER) == (own, IMPORTS, ADD, MARK, GREETER)
    assert mend(IMPORTS, ADD, own, GREETER) == (IMPORTS, ADD, own, MARK, GREETER)
    assert mend(IMPORTS, own) == (IMPORTS, own, MARK)


def test_a_copy_of_a_locked_cell_is_mended_too(mend):
    copy = Cell("add-code-1~2", "EXCLAMATION = 3")
    assert mend(*WHOLE, copy)[-1] == Cell("add-code-1~2~original", MARK.source)


def test_where_ids_were_lost_nothing_is_put_back(mend):
    module = (Cell("cell-1", IMPORTS.source), ADD, Cell("cell-3", "EXCLAMATION = '!'"), GREETER)
    assert mend(*module) == module


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
def test_locked_cells_that_are_not_as_handed_out_are_named(cells, edited):
    (exercise,) = load_course(ROOT / "tests/tiny_course").exercises
    assert edited_cells(cells, exercise) == edited
