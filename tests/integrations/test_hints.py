"""Hints: one more per call, for every question of the course."""

from __future__ import annotations

import pytest

from autograder import check, hint
from autograder.course import load_course
from autograder.integrations import notebook

ADD = """
import pytest

pytestmark = pytest.mark.hints("Look at `+`.", "It takes < two.")


@pytest.mark.points(1)
def test_adds(submission):
    '''Adds.'''
    assert submission.add(1, 2) == 3
"""
HALVE = """
import pytest


@pytest.mark.points(1)
def test_halves(submission):
    '''Halves.'''
    assert submission.halve(4) == 2
"""


@pytest.fixture(autouse=True)
def beside_a_notebook(tmp_path, monkeypatch):
    folder = tmp_path / "checks/sums/public"
    folder.mkdir(parents=True)
    (folder / "test_add.py").write_text(ADD)
    (folder / "test_halve.py").write_text(HALVE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebook, "_hints_shown", {})


def test_each_call_shows_one_more_and_starts_again_after_the_last():
    told = [repr(hint("add")) for _ in range(3)]
    assert told[0] == 'Hint 1 of 2: Look at `+`. Run `hint("add")` again for the next one.'
    assert told[1] == "Hint 2 of 2: It takes < two."
    assert told[2] == told[0]


def test_html_is_escaped_and_names_are_code():
    assert "<code>+</code>" in hint("add")._repr_html_()
    assert "&lt; two" in hint("add")._repr_html_()


def test_a_question_without_hints_or_an_unknown_one_says_what_to_do():
    assert "no hint" in repr(hint("halve"))
    assert "add, halve" in repr(hint("subtract"))


def test_the_table_mentions_hints_as_long_as_something_is_wrong():
    globals()["add"] = lambda a, b: a - b  # `check` looks in its caller's globals
    table = check("add")
    assert 'hint("add")' in repr(table)
    assert "hint(&quot;add&quot;)" in table._repr_html_()
    globals()["add"] = lambda a, b: a + b
    assert "hint(" not in repr(check("add"))
    globals()["halve"] = lambda a: a
    assert "hint(" not in repr(check("halve"))


@pytest.mark.parametrize("exercise", load_course().exercises, ids=lambda exercise: exercise.name)
def test_every_question_has_hints_that_are_sentences(exercise):
    for question in exercise.questions:
        assert len(question.hints) >= 2, question.name
        assert all(text[-1] in ".?" and 20 < len(text) < 200 for text in question.hints), question.hints
