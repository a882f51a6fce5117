"""Texts and names from outside: what is shown, and what a student or an exercise may be called."""

import pytest

from autograder.text import MAX_NAME, name_fault, printable, printable_lines, resembles, student_name, visible


def test_a_text_is_cut_after_the_limit_and_not_before():
    assert printable("a" * 10, 10) == "a" * 10
    assert printable("a" * 11, 10) == "a" * 9 + "…"
    assert printable("a" + " " * 1000 + "b", 10) == "a"  # what is that far behind is not looked at


def test_lines_together_are_not_longer_than_the_limit():
    assert printable_lines("a\n" * 1000, 10) == "a\n" * 5
    assert printable_lines("a  b\n\x1b[2J", 100) == "a b\n�[2J"


def test_a_layout_stays_visible():
    assert visible("a\tb\n  c\x1b[2J\r\u202e") == "a\tb\n  c�[2J��"


@pytest.mark.parametrize(
    "name", ["a" * MAX_NAME, "Émilie", "E\u0301milie", "किरण", "_x", "O'Brien (2)", "ada@x.org", "7"]
)
def test_names_that_a_student_may_have(name):
    assert name_fault(name) == ""


@pytest.mark.parametrize(
    "name", ["", "a" * (MAX_NAME + 1), "ada.", "ada ", "-ada", ".ada", "a/b", "a\nb", "ada.ipynb", "ada.IPYNB"]
)
def test_names_that_no_student_may_have(name):
    assert name_fault(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\u0301Ada", "Ada"),
        ("- \u0301 .Ada", "Ada"),
        ("Lovelace,Ada/B", "Lovelace Ada B"),
        ("_ada", "_ada"),
        ("ada.PY", "ada.PY_"),
        ("<>", ""),
    ],
)
def test_the_closest_name_that_a_student_may_have(text, name):
    assert student_name(text) == name


@pytest.mark.parametrize(
    "name",
    [
        *("Tensor_Ops", "tensor_ops.ipynb", "TENSOR-OPS.PY", "Tensor Ops (1)", "tensor_ops copy 2.ipynb"),
        *("Copy of tensor_ops.ipynb", "copy-of-tensor ops", "tensor_ops (1) (2)"),
    ],
)
def test_a_name_resembles_an_exercise(name):
    assert resembles(name, "Tensor_Ops")


@pytest.mark.parametrize("name", ["tensor_ops_2", "tensorops", "my tensor_ops", "tensor_ops.md", "copy", "(1)"])
def test_a_name_does_not_resemble_an_exercise(name):
    assert not resembles(name, "tensor_ops")
