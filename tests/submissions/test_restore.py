"""Locked code runs as it was handed out, even if it was edited or deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.course.cells import Cell, figure_digest, locked_cells
from autograder.release.notebooks import source_notebook
from autograder.submissions.read import Document
from autograder.submissions.restore import (
    edited_cells,
    graded_cells,
    note_of_merge,
    note_of_retyped,
    restore_cells,
    with_answers,
    without_figures,
)

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


# --- Figures ----------------------------------------------------------------------------------------------------------

TAGS = ("active-ipynb",)
SETUP = Cell(
    "f",
    "import matplotlib.pyplot as plt\nBLUE, RED = 'b', 'r'\nplt.rcParams.clear()\n"
    "def helper(x):\n    return plt.cm(x)\nclass Shown:\n    pass\na = train()",
    TAGS,
    unchanged=True,
)


def sources(*cells: Cell) -> list[str]:
    return [cell.source.strip() for cell in without_figures(cells)]


def test_a_figure_as_handed_out_is_skipped():
    assert sources(SETUP, Cell("a", "x = 1")) == ["x = 1"]


def test_a_changed_figure_runs_statement_by_statement():
    changed = Cell(
        "g", "show(1)\nimport math\n\n@cache\ndef helper(x):\n    return x\n\nif a:\n    b\nelse:\n    c", TAGS
    )
    pieces = without_figures((changed,))
    assert [cell.id for cell in pieces] == ["g", "g~2", "g~3", "g~4"]
    assert [cell.source.lstrip("\n") for cell in pieces] == [
        "show(1)",
        "import math",
        "@cache\ndef helper(x):\n    return x",
        "if a:\n    b\nelse:\n    c",
    ]
    # Messages name the lines of the cell.
    assert [len(cell.source) - len(cell.source.lstrip("\n")) for cell in pieces] == [0, 1, 3, 7]


@pytest.mark.parametrize("source", ["%%time\nx = 1\ny = 2", "x = 1\n" * 1000])
def test_some_changed_figures_run_as_a_whole(source):
    assert without_figures((Cell("g", source, TAGS),)) == (Cell("g", source, TAGS),)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        ("plt.show()", ["import matplotlib.pyplot as plt"]),
        ("f(colour=BLUE)", ["BLUE, RED = 'b', 'r'"]),
        ("x = RED; plt.show()", ["import matplotlib.pyplot as plt", "BLUE, RED = 'b', 'r'"]),
        ("import matplotlib.pyplot as plt\nplt.show()", []),
        ("# plt", []),
        ("matplotlib = plot", []),
        ("helper(1)", ["import matplotlib.pyplot as plt", "def helper(x):\n    return plt.cm(x)"]),
        ("Shown()", ["class Shown:\n    pass"]),
        ("a = b", []),
        ("def f():\n    'No helper here.'", []),
    ],
)
def test_what_other_cells_use_of_a_figure_is_kept(other, kept):
    assert sources(SETUP, Cell("a", other)) == [*kept, other]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_nothing_of_a_figure_runs_in_what_is_handed_out(exercise):
    cells = []
    for cell in source_notebook(exercise, "").cells:
        if cell.cell_type == "code":
            figure = cell.metadata.get("autograder", {}).get("figure")
            assert (figure is not None) == ("active-ipynb" in cell.metadata.get("tags", []))
            cells.append(
                Cell(
                    cell.id,
                    cell.source,
                    tuple(cell.metadata.get("tags", ())),
                    unchanged=figure == figure_digest(cell.source),
                )
            )
    expected = [cell.id for cell in cells if not cell.is_illustration]
    assert [cell.id for cell in without_figures(tuple(cells))] == expected
    assert [cell.id for cell in graded_cells(tuple(cells), exercise)] == expected
    untagged = tuple(Cell(cell.id, cell.source) for cell in cells)  # some editors drop tags and metadata
    assert [cell.id for cell in graded_cells(untagged, exercise)] == expected


# --- Answers in text --------------------------------------------------------------------------------------------------


def test_an_answer_in_a_text_cell_is_code_where_no_code_defines_it():
    document = Document(
        (Cell("a", "x = 1"), Cell("b", "y = 2")), texts=((0, Cell("", "Prose")), (1, Cell("", "def add(): ...")))
    )
    cells, retyped = with_answers(document, ["add", "Greeter"])
    assert [cell.id for cell in cells] == ["a", "add", "b"]
    assert retyped == ["add"]
    assert "ran as code: add. Turn them into code cells" in note_of_retyped(retyped)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("def add(): ...", "def add(): return 1"),  # an earlier draft
        ("x = 1", "Write `def add()` first"),
        ("x = 1", "```python\ndef add(): ...\n```"),
        ("x = 1", "def other(): ..."),
        ("x = 1", "def add(): ...\n" + "#" * 100_000),
    ],
)
def test_other_text_stays_text(code, text):
    document = Document((Cell("a", code),), texts=((1, Cell("t", text)),))
    assert with_answers(document, ["add"]) == ((Cell("a", code),), [])
    assert note_of_retyped([]) == ""


def test_an_id_is_given_once():
    document = Document((Cell("add", "x = 1"),), texts=((1, Cell("add", "def add(): ...")),))
    assert [cell.id for cell in with_answers(document, ["add"])[0]] == ["add", "add~text"]


def test_marks_of_a_merge_inside_cells_are_named():
    marked = Cell("add", "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b\n")
    assert note_of_merge([marked, Cell("b", "x = 1 << 7")]) == (
        "Marks of an unfinished Git merge (<<<<<<<) are in: add. "
        "Keep one version of these lines, delete the marks, and hand it in again."
    )
    assert note_of_merge([Cell("b", "'<<<<<<< '")]) == ""


def test_comments_above_what_is_kept_do_not_matter():
    figure = Cell(
        "f",
        "# Plots\nimport numpy as np\n# Two\n# colours\nBLUE, RED = 'b', 'r'\n# draw\nnp.plot()",
        TAGS,
        unchanged=True,
    )
    assert sources(figure, Cell("a", "np.dot(BLUE)")) == [
        "# Plots\nimport numpy as np",
        "# Two\n# colours\nBLUE, RED = 'b', 'r'",
        "np.dot(BLUE)",
    ]
