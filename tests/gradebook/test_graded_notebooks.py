"""The notebooks that the formgrader opens."""

from __future__ import annotations

import json

import pytest

from autograder.gradebook.graded_notebooks import write_autograded
from autograder.results.model import Status

HOSTILE = "<script>alert(1)</script>"


def notebook(*cells) -> str:
    return json.dumps({"cells": list(cells), "metadata": {"title": HOSTILE}, "nbformat": 4, "nbformat_minor": 5})


def code(source: str, grade_id: str = "", **extra) -> dict:
    metadata = {"nbgrader": {"grade_id": grade_id, "points": HOSTILE, **extra}} if grade_id else {}
    output = {"output_type": "display_data", "data": {"text/html": HOSTILE}, "metadata": {}}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [output], "execution_count": 1}


@pytest.fixture
def written(course, grade, hand_in):
    """Return a function that writes a result for Ada and reads the notebook with nbformat."""
    import nbformat

    def write(text: str | None, **options):
        exercise = course.exercise("tensor_ops")
        result = grade("ada", "tensor_ops", **options)
        path = None if text is None else hand_in("ada", "tensor_ops", text)
        made = write_autograded(course.root / "autograded", exercise, result, path)
        assert made == course.root / "autograded/ada/tensor_ops/tensor_ops.ipynb"
        found = nbformat.read(made, as_version=4)
        nbformat.validate(found)
        return found

    return write


def outline(found) -> list[tuple[str, str]]:
    return [(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source) for cell in found.cells]


def text_below(found, grade_id: str) -> str:
    (cell,) = (c for c in found.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
    table, value = cell.outputs
    assert float(value.data["text/plain"]) >= 0, "nbgrader gives full points for a value that is not a number"
    return table.data["text/plain"]


def test_each_question_is_followed_by_the_outcome_of_its_checks(written):
    text = notebook(
        code("import torch"),
        {"cell_type": "markdown", "metadata": {}, "source": HOSTILE},
        code("def add(): ...", "add"),
        code("check('add')  # changed", "check-add"),
        code("x = 1"),
        code("def norm(): ...", "norm"),
        code("check('norm')", "check-norm"),
    )
    found = written(text, add="passed failed", norm="not_attempted")
    assert outline(found) == [
        ("", "import torch"),
        ("add", "def add(): ..."),
        ("check-add", 'check("add")'),
        ("", "x = 1"),
        ("norm", "def norm(): ..."),
        ("check-norm", 'check("norm")'),
    ]
    assert text_below(found, "check-add") == (
        "add: 1 of 3 points\n"
        "  ✓ passed            1 / 1  public  It does 0.\n"
        "  ✗ wrong             0 / 2  hidden  It does 1.\n"
        "      It is 3 where 4 was expected."
    )


def test_missing_moved_and_copied_cells_are_corrected(written):
    text = notebook(code("a", "check-norm"), code("b", "add"), code("c", "add"), code("d", "check-other"))
    found = written(text, add="passed passed", norm="passed")
    assert outline(found) == [
        ("check-norm", 'check("norm")'),
        ("add", "b"),
        ("check-add", 'check("add")'),
        ("", "c"),
        ("", "d"),
    ]


def test_only_code_is_taken_from_the_student(course, written):
    cells = [
        code("print()", 'add"><script>alert(1)</script>'),
        code("def add(): ...", "add", grade=True, solution=False),
    ]
    found = written(notebook(*cells), add="passed passed", norm="passed")
    assert HOSTILE not in json.dumps(found)
    assert found.cells[1].metadata["nbgrader"]["solution"]


def test_a_module_is_shown_like_a_notebook(course, grade, hand_in):
    path = hand_in("ada", "tensor_ops").with_suffix(".py")
    path.write_text('# %% question="add"\ndef add():\n    return 1\n')
    result = grade("ada", "tensor_ops", add="passed passed", norm="passed")
    made = write_autograded(course.root / "autograded", course.exercise("tensor_ops"), result, path)
    sources = [cell["source"] for cell in json.loads(made.read_text())["cells"]]
    assert sources == ["def add():\n    return 1", 'check("add")', 'check("norm")']


@pytest.mark.parametrize("text", ["", "<html>", None])
def test_an_unreadable_submission_says_so_at_every_question(written, text):
    found = written(text, status=Status.UNREADABLE, message="The file is empty.\nimport os", add="not_run not_run")
    assert outline(found)[0][1] == "# This submission could not be read.\n# The file is empty. import os"
    assert [grade_id for grade_id, _ in outline(found)[1:]] == ["check-add", "check-norm"]
    assert text_below(found, "check-add") == "Not graded. The file is empty. import os"


def test_lone_surrogates_and_control_characters_do_no_harm(written):
    found = written(notebook(code("x = '\ud800'")), status=Status.UNREADABLE, message="\x1b[2J\u202e")
    assert found.cells[0].source == "x = '?'"
    assert text_below(found, "check-add") == "Not graded. �[2J�"


def test_the_formgrader_page_has_a_score_box_for_each_question(course, written):
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader import handlers
    from traitlets.config import Config

    found = written(
        notebook(code(f"x = '{HOSTILE}'"), code("def add(): ...", "add")), add="passed failed", norm="passed"
    )
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    resources = {"index": 0, "total": 1, "notebook_id": "tensor_ops", "base_url": "", "submission_id": "1"}
    html, _ = HTMLExporter(config=config).from_notebook_node(found, resources=resources)
    for question in ("add", "norm"):
        assert f'class="score tabbable" id="check-{question}"' in html
    assert 'id="add-comment"' in html
    assert "It is 3 where 4 was expected." in html
    assert HOSTILE not in html


def test_the_same_submission_gives_the_same_bytes_and_is_not_written_again(course, grade, hand_in):
    path = hand_in("ada", "tensor_ops", notebook(code("x = 1")))
    arguments = (
        course.root / "autograded",
        course.exercise("tensor_ops"),
        grade("ada", "tensor_ops", add="passed passed"),
        path,
    )
    made = write_autograded(*arguments)
    before = made.stat().st_ino, made.read_bytes()
    assert write_autograded(*arguments) == made
    assert (made.stat().st_ino, made.read_bytes()) == before
