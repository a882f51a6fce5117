"""Reading submissions as data, within bounds."""

from __future__ import annotations

import json

import pytest

from autograder.submissions.decode import Unreadable
from autograder.submissions.read import MAX_CELLS, MAX_CODE, read_cells


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
