"""Reading submissions as data, within bounds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.course.cells import figure_digest
from autograder.submissions.decode import Unreadable
from autograder.submissions.read import MAX_CELLS, MAX_CODE, _with_code_marked, read_cells, read_document


def notebook(*sources: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.ipynb", notebook("x" * (MAX_CODE + 1))),
        ("a.ipynb", notebook(*["x"] * (MAX_CELLS + 1))),
        ("a.py", "# %%\nx\n" * (MAX_CELLS + 1)),
        ("a.py", "x = 1\n" * MAX_CODE),
    ],
)
def test_more_code_than_anybody_writes_is_not_read(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(Unreadable, match="Remove everything but your answers"):
        read_cells(tmp_path / name)


def test_the_header_of_a_module_is_never_read_as_yaml(tmp_path):
    """Nine nested lists of ten elements each would expand to a gigabyte."""
    lists = [f"#   a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    header = ["# ---", "# jupyter:", "#   a0: &a0 [x]", *lists, "# ---"]
    path = tmp_path / "bomb.py"
    path.write_text("\n".join([*header, '# %% question="f"', "def f(): return 1"]))
    cells = read_cells(path)
    assert [(cell.id, cell.source) for cell in cells if not cell.source.startswith("#")] == [("f", "def f(): return 1")]


@pytest.mark.parametrize("text", ["x = 1\n# %%\ny = 2\n", "# %%\nx = 1\n# %%\ny = 2\n"])
def test_a_module_has_the_cells_that_its_markers_make(tmp_path, text):
    (tmp_path / "a.py").write_text(text)
    cells = [(cell.id, cell.source) for cell in read_cells(tmp_path / "a.py")]
    assert cells == [("cell-1", "x = 1"), ("cell-2", "y = 2")]


@pytest.mark.parametrize("name", ["a.ipynb", "a.py", "b.py"])
def test_line_ends_do_not_depend_on_the_system(tmp_path, name):
    """Otherwise a comparison with the course's own cells would find differences."""
    source = "x = 1\ny = 2"
    text = {"a.ipynb": notebook(source), "a.py": f"# %%\n{source}\n", "b.py": f"{source}\n"}[name]
    (tmp_path / name).write_bytes(text.replace("\n", "\r\n").replace("\\n", "\\r\\n").encode())
    assert [cell.source for cell in read_cells(tmp_path / name)] == [source]


# --- Code where a mark says that there is none ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mark", ["# %% [markdown]", "# %% [md]", "#%% [raw]", '# %% [markdown] tags=["x"]', "# %% title [raw]"]
)
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("# Some text\n\ndef f():\n    return 1\n", "# Some text\n\ndef f():\n    return 1"),
        ('r"""\nSome text\n"""\nx = 1\n', 'r"""\nSome text\n"""\nx = 1'),
        ('"""a"""; x = 1\n', '"""a"""; x = 1'),
        ("x = 1", "x = 1"),
        ("# Some text\n#\n# more\n", None),
        ('"""\nSome # text\n\nx = 1\n"""\n\n', None),
        ("r'''\nIt\\'s text\n'''\n# and a comment\n", None),
        ("\n\n", None),
    ],
)
def test_code_below_a_mark_for_text_runs_as_in_python(tmp_path, mark, body, code):
    path = tmp_path / "a.py"
    path.write_text(f"# %%\ny = 0\n{mark}\n{body}\n# %%\nz = 2\n")
    expected = ["y = 0", code, "z = 2"] if code else ["y = 0", "z = 2"]
    assert [cell.source for cell in read_cells(path)] == expected


def test_code_in_a_figure_of_a_module_runs_and_comments_do_not(tmp_path):
    path = tmp_path / "a.py"
    mark = '# %% tags=["active-ipynb"]'
    path.write_text(f"{mark}\n# import a\n# x = 1\n\n{mark}\n# import a\nimport math\n")
    comments, code = read_cells(path)
    assert comments.only_shows
    assert comments.source == "import a\nx = 1"
    assert not code.only_shows
    assert code.source == "# import a\nimport math"


@given(st.text(alphabet="ab =\n#%'\"\\\\[]rmwd", max_size=200))
def test_no_line_of_code_is_lost_in_a_module(text):
    """Jupytext drops the marks themselves and blank lines; comments below marks for text are text."""
    code = [line for line in _with_code_marked(text).split("\n") if not line.lstrip().startswith("#")]
    assert code == [line for line in text.split("\n") if not line.lstrip().startswith("#")]


# --- What a notebook says about its cells -----------------------------------------------------------------------------


def read(tmp_path, cells, **metadata):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": metadata}))
    return read_document(path)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_cells_that_were_code_are_code_again(tmp_path, kind):
    marks = {"nbgrader": {"cell_type": "code", "grade_id": "add", "solution": True}}
    answer = {"cell_type": kind, "source": ["def add():\n", "    return 1"], "metadata": marks}
    prose = {"cell_type": kind, "source": "Text", "id": "t"}
    by_hand = {"cell_type": kind, "source": "An essay", "metadata": {"nbgrader": {"cell_type": "markdown"}}}
    document = read(tmp_path, [prose, {"cell_type": "code", "source": "x = 1"}, answer, by_hand])
    assert [(cell.id, cell.source) for cell in document.cells] == [
        ("cell-1", "x = 1"),
        ("add", "def add():\n    return 1"),
    ]
    assert document.retyped == ("add",)
    assert [(place, cell.source) for place, cell in document.texts] == [(0, "Text"), (2, "An essay")]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.14.0", (3, 14)),
        ("3.9", (3, 9)),
        ("3.14rc1", None),
        ("3.999.1", None),
        ("2.7.18", None),
        (3.12, None),
        ([], None),
    ],
)
def test_the_python_of_a_notebook_is_read_from_its_metadata(tmp_path, version, expected):
    assert read(tmp_path, [], language_info={"version": version}).python == expected


@pytest.mark.parametrize("metadata", [{}, {"language_info": 3}, {"language_info": {}}])
def test_a_notebook_may_name_no_python(tmp_path, metadata):
    assert read(tmp_path, [], **metadata).python is None


@pytest.mark.parametrize(
    ("digest", "unchanged"), [(figure_digest("plot()"), True), ("0", False), (None, False), ([], False)]
)
def test_a_figure_is_unchanged_if_its_digest_says_so(tmp_path, digest, unchanged):
    metadata = {"tags": ["active-ipynb"], "autograder": {"figure": digest}}
    (cell,) = read(tmp_path, [{"cell_type": "code", "source": "plot()\n", "metadata": metadata}]).cells
    assert (cell.unchanged, cell.only_shows) == (unchanged, unchanged)
