"""Whether a notebook is of this exercise, and syntax that the grader's Python does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import CheckFiles, Exercise, Question
from autograder.course.cells import Cell
from autograder.submissions.restore import defined_names, explain_syntax, misfit


def exercise(name: str, *questions: str) -> Exercise:
    return Exercise(name, Path(), "", CheckFiles((), ()), tuple(Question(each, ()) for each in questions))


SUMS = exercise("sums", "add", "Adder")
NETS = exercise("nets", "fit", "loss", "Net", "train", "evaluate")
COURSE = (SUMS, NETS)


def cells(*sources: str) -> list[Cell]:
    return [Cell(f"cell-{n}", source) for n, source in enumerate(sources, 1)]


def test_defined_names_are_those_at_the_left_also_of_broken_code():
    source = "def f(\nclass A:\n    def g(self): ...\nasync def h(): ..."
    assert defined_names(cells(source)) == {"f", "A", "h"}


def test_another_exercises_notebook_says_whose_questions_it_defines():
    found = misfit(cells("def fit(): ...", "class Net: ...\ndef helper(): ..."), SUMS, COURSE)
    assert found == "This is the notebook of nets, not of sums: it defines fit, Net. Hand in sums.ipynb here."


def test_a_shared_name_does_not_hide_another_exercise():
    shared = exercise("more", "fit", "other")
    source = "\n".join(f"def {name}(): ..." for name in ("fit", "loss", "Net"))
    assert misfit(cells(source), shared, COURSE).startswith("This is the notebook of nets, not of more:")


def test_many_questions_are_counted():
    source = "\n".join(f"def {name}(): ..." for name in ("fit", "loss", "Net", "train", "evaluate"))
    assert "it defines fit, loss, Net, train and 1 more." in misfit(cells(source), SUMS, COURSE)


@pytest.mark.parametrize(
    ("sources", "what"),
    [
        (["def other(): ...", "x = 1"], "it defines other,"),
        (["print(1)"], "it defines no function and no class,"),
        (["\n".join(f"def f{n}(): ..." for n in range(9))], "it defines f0, f1, f2, f3 and 5 more,"),
        (["def " + "x" * 999 + "(): ..."], f"it defines {'x' * 39}…,"),
    ],
)
def test_a_notebook_from_elsewhere_says_so(sources, what):
    found = misfit(cells(*sources), SUMS, COURSE)
    assert found.startswith(f"This notebook answers no question of sums: {what} so it seems to come from elsewhere.")
    assert found.endswith("Hand in the sums.ipynb that you were given, with your answers.")


@pytest.mark.parametrize(
    "submission",
    [
        [],
        cells("", "  \n"),
        cells("def add(): ..."),
        cells("def fit(): ...", "class Adder: ..."),
        cells("def fit(): ...\ndef loss(): ...", "class Adder: ..."),
        cells("from helpers import add"),
        cells("from helpers import *"),
        cells("globals()['add'] = sum"),
        [Cell("add", "pass  # my answer was here")],
        [Cell("add~2", "x = 1")],
        [Cell("check-add", "x = 1")],
    ],
)
def test_whatever_may_be_of_this_exercise_is_graded_without_a_word(submission):
    assert misfit(submission, SUMS, COURSE) == ""


OLD = "Your code raised SyntaxError: invalid syntax (line 2 of the cell: `…`)"


def test_the_notebooks_own_python_is_named_if_it_is_newer():
    assert explain_syntax(OLD, "", (3, 14), (3, 11)) == (
        f"{OLD}. Your notebook was written with Python 3.14, but it is graded with Python 3.11, "
        "which does not know this syntax."
    )


@pytest.mark.parametrize(
    ("message", "source", "needed"),
    [
        (OLD, "type Vector = list[float]", "3.12"),
        (OLD, "def first[T](x: T) -> T: ...", "3.12"),
        (OLD, "class Box[T]: ...", "3.12"),
        (OLD, "try: ...\nexcept ValueError, TypeError: ...", "3.14"),
        (OLD, "x = t'{y}'", "3.14"),
        ("Your code raised SyntaxError: f-string: unmatched '['", "", "3.12"),
    ],
)
@pytest.mark.parametrize("written", [None, (3, 11), (3, 9)])
def test_without_it_new_syntax_is_recognised(message, source, needed, written):
    assert explain_syntax(message, source, written, (3, 11)) == (
        f"{message}. If it runs in your notebook, that has Python {needed} or newer, but it is graded with Python 3.11."
    )


@pytest.mark.parametrize(
    ("message", "source", "written"),
    [
        (OLD, "def f(:", None),
        (OLD, "def f(:", (3, 11)),
        (OLD, "type(x) = 3", None),
        ("Your code raised NameError: name 'x' is not defined", "type A = int", (3, 14)),
        ("", "", (3, 14)),
    ],
)
def test_other_mistakes_keep_their_message(message, source, written):
    assert explain_syntax(message, source, written, (3, 11)) == message


def test_a_stored_message_is_not_explained_twice():
    once = explain_syntax(OLD, "type A = int", None, (3, 11))
    assert explain_syntax(once, "type A = int", (3, 14), (3, 11)) == once


def test_a_grader_that_is_new_enough_names_no_version():
    assert explain_syntax(OLD, "type A = int", (3, 12), (3, 12)) == OLD
