"""Digests of code, numbers of cells, and the cells that students are given."""

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import CheckFiles, Exercise
from autograder.course.cells import (
    Cell,
    CellNumbering,
    cell_metadata,
    digest_of,
    illustrations_of,
    interface_of,
    locked_cells,
)

SOURCE = """\
# %% [markdown]
# Text.

# %%
x = 1

# %% question="add"
def add(): ...

# %% tags=["active-ipynb"]
# print(
#     x)

# %%
y = 2
"""
EXERCISE = Exercise("sums", Path(), SOURCE, CheckFiles((), ()), ())


def test_other_cells_have_another_digest():
    ways = [
        (Cell("a", "1"), Cell("b", "2")),
        (Cell("a", "1"), Cell("c", "2")),
        (Cell("a", "2"), Cell("b", "1")),
        (Cell("a", "1\0b\0002"),),
        (Cell("a", "\ud800"),),
    ]
    assert len({digest_of(way) for way in ways}) == len(ways)
    assert digest_of((Cell("a", "1\0b\x002"),)) != digest_of((Cell("a", "1"), Cell("b", "2")))


def test_cells_are_numbered_from_one_below_each_question():
    numbering = CellNumbering()
    assert [numbering.other(kind) for kind in ("text", "code", "text")] == [
        *("intro-text-1", "intro-code-1", "intro-text-2")
    ]
    assert numbering.question("add") == "add"
    assert numbering.other("text") == "add-text-1"


def test_locked_cells_are_code_that_is_no_illustration():
    assert locked_cells(EXERCISE) == (Cell("intro-code-1", "x = 1"), Cell("add", ""), Cell("add-code-1", "y = 2"))


def test_an_illustration_is_read_without_its_comment_marks():
    assert illustrations_of(EXERCISE) == {"print(\n    x)"}


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("y = 2", "y = 3", False),
        ('question="add"', 'question="plus"', False),
        ("def add(): ...", "def add(a): ...", True),
        ("# Text.", "# More.", True),
        ("print(", "show(", True),
    ],
)
def test_the_interface_is_the_locked_code_and_the_names_of_questions(old, new, same):
    other = replace(EXERCISE, source=SOURCE.replace(old, new))
    assert (interface_of(other) == interface_of(EXERCISE)) is same


@pytest.mark.parametrize(("points", "written"), [(2.0, "2"), (2.5, "2.5")])
def test_whole_points_are_written_as_whole_numbers(points, written):
    assert str(cell_metadata("add", points)["nbgrader"]["points"]) == written
