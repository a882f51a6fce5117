"""Which solved notebooks are reported."""

import pytest

pytest.importorskip("nbclient")

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from tools import solved


def test_only_code_that_runs_checks_counts():
    cells = [new_markdown_cell("check('a')"), new_code_cell("check('a')"), new_code_cell("1")]
    assert solved.checks_in(new_notebook(cells=cells)) == 1


def test_a_notebook_without_checks_is_a_problem(tmp_path):
    (tmp_path / "a.ipynb").write_text(writes(new_notebook(cells=[new_code_cell("1")])))
    assert "No cell calls check()" in solved.problem_of(tmp_path / "a.ipynb")


def test_notebooks_with_a_problem_are_counted_and_named(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "")
    monkeypatch.setattr(solved, "problem_of", lambda path: None if path.stem == "a" else f"{path} is wrong")
    assert solved.main(["x/a", "x/b", "x/c"]) == 2
    words = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert words == [["a", "passed"], ["b", "FAILED"], ["x/b/b.ipynb", "is"], ["c", "FAILED"], ["x/c/c.ipynb", "is"]]
