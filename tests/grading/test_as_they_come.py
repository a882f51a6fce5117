"""The same answer gets the same score for each question, regardless of the tool that wrote it."""

from __future__ import annotations

import ast
import json
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checking.execution import load_submission
from autograder.checking.failures import NameMissing
from autograder.course import Course, load_course
from autograder.course.cells import figure_metadata
from autograder.grading.one_submission import grade, prepare
from autograder.grading.scheduler import modules_to_preload
from autograder.results.model import Result, Status
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.sandbox.protocol.messages import Limits
from autograder.submissions.find import SubmissionFile, collect
from autograder.submissions.read import MAX_CELLS, paragraphs, read_cells
from tests.grading.as_they_come import FORMS

TINY = Path(__file__).parents[1] / "tiny_course"

ADD = """def add(numbers: Iterable[float]) -> float:
    total = 0

    for number in numbers:
        total += number
    return total"""

# It does not record the greeted guests and accepts an empty name: one of three checks passes.
GREETER = """class Greeter:
    def __init__(self, word='Hello'):
        self.word, self.greeted = word, []

    def greet(self, name):
        return f'{self.word}, {name}{EXCLAMATION}'"""

ILLUSTRATION = """try:
    print("guests:", add([2, 3]))
except NotImplementedError:
    print("write `add` first, then run this cell again")"""

ANSWER = [
    ("markdown", "# Greetings\n\nIt's all about $1 + 1$.", ""),
    ("code", "from collections.abc import Iterable", "intro-code-1"),
    ("markdown", "## Adding up", ""),
    ("code", ADD, "add"),
    ("code", ILLUSTRATION, ""),
    ("code", 'EXCLAMATION = "!"', "Greeter-code-1"),
    ("code", GREETER, "Greeter"),
]


@pytest.fixture(scope="module")
def engine():
    with Engine(best_tier()) as running:
        yield running


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(TINY)


@pytest.fixture
def graded(engine, course, tmp_path):
    """Return a function that grades a file as a student's only one."""

    def grade_file(name: str, content: bytes) -> Result:
        path = tmp_path / "submitted" / "ada" / "greetings" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        (submission,) = collect(tmp_path / "submitted", course).found
        return grade(engine, prepare(submission, course.exercises[0], engine.tier), Limits())

    return grade_file


def outcomes(result: Result) -> dict[str, list[str]]:
    return {question.name: [str(check.outcome) for check in question.checks] for question in result.questions}


@pytest.mark.parametrize("name", FORMS)
def test_the_score_does_not_depend_on_the_tool(name, graded):
    result = graded(*FORMS[name](ANSWER))
    assert result.status is Status.GRADED, result.message
    assert outcomes(result) == {"add": ["passed"] * 3, "Greeter": ["passed", "failed", "failed"]}, result.cells
    assert 0 < result.questions[1].score < result.questions[1].max_score


@pytest.mark.slow
@pytest.mark.parametrize("exercise", load_course().exercises[:1], ids=lambda exercise: exercise.name)
def test_the_solution_gets_full_marks_in_every_form(exercise):
    """A whole exercise, with its imports, constants and illustrations."""
    answer = [("code", cell.source, cell.id) for cell in read_cells(exercise.solution)]
    with Engine(best_tier(), preload=modules_to_preload([exercise])) as engine, TemporaryDirectory() as folder:
        for name, form in FORMS.items():
            path = Path(folder) / form(answer)[0]
            path.write_bytes(form(answer)[1])
            result = grade(engine, prepare(SubmissionFile("ada", exercise.name, path), exercise, engine.tier), Limits())
            assert result.score == result.max_score > 0, f"{name}: {result.questions}"


# --- Unreadable files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("greetings.ipynb", b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n", "not text in UTF-8, so it is not a notebook"),
        ("greetings.ipynb", b"<!DOCTYPE html>\n<html></html>", "a web page"),
        ("greetings.ipynb", b"My answer is 42.", "not valid JSON"),
        (
            "greetings.ipynb",
            b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xf3\xff",
            "not text in UTF-8, so it is not a notebook",
        ),
        ("greetings.ipynb", b'{"worksheets": [{"cells": 5}, 7]}', None),
        ("greetings.ipynb", b'{"worksheets": 5}', "no cells"),
        ("greetings.pdf", b"%PDF-1.7", "it contains greetings.pdf. Hand in greetings.ipynb."),
        ("greetings.html", b"<html>", "it contains greetings.html. Hand in greetings.ipynb."),
        ("greetings.ipynb.txt", b"{}", "it contains greetings.ipynb.txt. Hand in greetings.ipynb."),
    ],
)
def test_an_unreadable_file_tells_the_student_why(graded, name, content, reason):
    result = graded(name, content)
    assert result.score == 0
    if reason is None:
        assert result.status is Status.GRADED
    else:
        assert result.status is Status.UNREADABLE
        assert reason in result.message


# --- Modules without marks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("x = 1\ny = 2\n", ["x = 1\ny = 2"]),
        ("x = 1\n\ny = 2\n", ["x = 1", "y = 2"]),
        ("if x:\n    a\n\nelse:\n    b\n\nc", ["if x:\n    a\n\nelse:\n    b", "c"]),
        ("try:\n    a\n\nexcept E:\n    b\n\nfinally:\n    c", ["try:\n    a\n\nexcept E:\n    b\n\nfinally:\n    c"]),
        (
            "@d\n\n# why\ndef f():\n    pass\n\n# about x\nx = 1",
            ["@d\n\n# why\ndef f():\n    pass", "# about x\nx = 1"],
        ),
        ('x = """a\n\nb\n"""\n\ny', ['x = """a\n\nb\n"""', "y"]),
        ("x = [1,\n\n2]\n\ny", ["x = [1,\n\n2]", "y"]),
        ("x = 1 + \\\n\\\n2\n\ny", ["x = 1 + \\\n\\\n2", "y"]),
        ("def f():\n    x = 1\n\n# why\n\n    return x\n\ny", ["def f():\n    x = 1\n\n# why\n\n    return x", "y"]),
        ("!echo it's (\n\n%time f('\n\ny", ["!echo it's (", "%time f('", "y"]),
        ("x = (1\n\ndef f():\n    pass\n\ny = '\n\nz", ["x = (1", "def f():\n    pass", "y = '", "z"]),
        ("# '''\n\nx = '\"\"\"'\n\ny", ["# '''", 'x = \'"""\'', "y"]),
        ("", []),
    ],
)
def test_a_module_is_cut_between_statements_only(text, pieces):
    assert paragraphs(text) == pieces


def test_the_package_has_the_same_syntax_trees_in_pieces():
    """The syntax trees of the pieces together are that of the whole module."""
    for path in sorted((TINY.parents[1] / "autograder").rglob("*.py")):
        text = path.read_text("utf-8")
        whole = [ast.dump(node) for node in ast.parse(text).body]
        assert [ast.dump(node) for piece in paragraphs(text) for node in ast.parse(piece).body] == whole, path


@given(st.text(alphabet="ab\n \t#'\"\\()[]:=!%@", max_size=200))
def test_only_blank_lines_are_lost_between_pieces(text):
    assert [line for line in "\n".join(paragraphs(text)).split("\n") if line.strip()] == [
        line for line in text.split("\n") if line.strip()
    ]


def test_a_module_with_too_many_pieces_is_read_as_one(tmp_path):
    path = tmp_path / "long.py"
    path.write_text("x = 1\n\n" * (MAX_CELLS + 1))
    assert len(read_cells(path)) == 1


def test_future_imports_apply_to_later_pieces(tmp_path):
    path = tmp_path / "future.py"
    path.write_text("from __future__ import annotations\n\n\ndef f(x: Later) -> Later:\n    return x\n")
    assert load_submission(path).f(1) == 1


@pytest.mark.parametrize("ending", ["ipynb", "py"])
def test_a_figure_that_a_student_changed_runs_for_pytest_too(tmp_path, ending):
    """What was handed out is left out; an error above a helper does not take the helper along."""
    handed_out, changed = "raise SystemExit", "undefined()\nhelper = 1"
    path = tmp_path / f"a.{ending}"
    if ending == "py":
        mark = '# %% tags=["active-ipynb"]'
        path.write_text(f"{mark}\n# left_out = 1\n\n{mark}\n# plot()\nhelper = 1\n")
    else:
        tags = {"tags": ["active-ipynb"]}
        cells = [
            ("left_out = 1", tags | figure_metadata("left_out = 1")),
            (changed, tags | figure_metadata(handed_out)),
        ]
        code = [{"cell_type": "code", "source": source, "metadata": metadata} for source, metadata in cells]
        path.write_text(json.dumps({"cells": code}))
    submission = load_submission(path)
    assert submission.helper == 1
    with pytest.raises(NameMissing):
        _ = submission.left_out


def test_marks_of_a_merge_in_a_module_cost_only_their_cell(graded):
    merged = "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b"
    result = graded("greetings.py", f"from collections.abc import Iterable\n\n{merged}\n\n{ADD}\n".encode())
    assert result.score > 0
    assert "Marks of an unfinished Git merge (<<<<<<<) are in:" in result.message


def test_a_notebook_from_elsewhere_is_listed_for_review(graded):
    result = graded(
        "greetings.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": "def other(): ..."}]}).encode()
    )
    assert (result.status, result.score, result.needs_review) == (Status.GRADED, 0, True)
    assert result.message == result.review
    assert "it defines other, so it seems to come from elsewhere. Hand in the greetings.ipynb" in result.message


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answer_in_a_text_cell_gets_its_points(graded, kind):
    cells = [
        {"cell_type": "code", "source": "from collections.abc import Iterable"},
        {"cell_type": kind, "source": ADD.splitlines(keepends=True)},
    ]
    result = graded("greetings.ipynb", json.dumps({"cells": cells}).encode())
    assert outcomes(result)["add"] == ["passed"] * 3
    assert "they ran as code: add." in result.message


def test_syntax_that_is_too_new_names_both_versions(graded):
    cells = [{"cell_type": "code", "source": f"{ADD}\nx = = 1"}]
    metadata = {"language_info": {"version": "3.99.1"}}
    result = graded("greetings.ipynb", json.dumps({"cells": cells, "metadata": metadata}).encode())
    ours = ".".join(platform.python_version_tuple()[:2])
    words = f"Your notebook was written with Python 3.99, but it is graded with Python {ours}, which does not know this"
    assert words in result.cells[-1].message
    assert any(words in check.message for check in result.questions[0].checks)
