"""Which line of a notebook explains that a name is not the answer any more."""

from __future__ import annotations

import pytest

from autograder.checking.execution import assignment_to, deleting_line


@pytest.mark.parametrize("line", ["conv = 3", "a, conv = 1, 2", "conv: int = 3", '    conv = "relu"'])
def test_a_line_that_assigns_the_name(line):
    assert assignment_to("conv", [("one", f"x = 1\n{line}\ny = 2")]) == line.strip()


@pytest.mark.parametrize(
    "line", ["x = conv", "conv == 3", "f(conv=3)", "if conv: pass", "conv", "conv = 1" + " " * 2000]
)
def test_any_other_line(line):
    assert assignment_to("conv", [("one", line)]) == ""


def test_the_last_assignment_counts():
    assert assignment_to("conv", [("one", "conv = 1\nconv = 2"), ("two", "conv = 3"), ("three", "x = 1")]) == "conv = 3"


def test_a_line_that_was_made_to_take_long_is_not_searched():
    long = "del " * 100_000
    assert deleting_line("conv", f"{long}\ndel x, conv\n") == "del x, conv"
    assert assignment_to("conv", [("one", ", " * 100_000)]) == ""
