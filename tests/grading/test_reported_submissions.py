"""Submissions of kinds that people report in public get the right points, or a message that names cause and cure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.grading.one_submission import grade, prepare
from autograder.grading.scheduler import modules_to_preload
from autograder.reporting.feedback_page import feedback_page
from autograder.results.model import Result, Status
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.sandbox.protocol.messages import Limits
from autograder.submissions.find import collect

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT.parent / "shared" / "reports"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REPORTS.is_dir(), reason=f"{REPORTS} is not there; it holds the submissions."),
]


@pytest.fixture(scope="module")
def graded():
    """Return a function that grades one submission, named as its folder in ``../shared/reports``."""
    course = load_course(ROOT)
    exercises = [course.exercise("tensor_ops"), course.exercise("convolution")]
    with Engine(best_tier(), preload=modules_to_preload(exercises)) as engine:

        def grade_case(case: str) -> Result:
            kind, name = case.split("/")
            (submission,) = collect(REPORTS / kind, course, student=name).found
            exercise = course.exercise(submission.exercise)
            return grade(engine, prepare(submission, exercise, engine.tier, None, course.exercises), Limits())

        yield grade_case


FULL = {
    "figure-cell-code/u1-import-in-figure-cell": "",
    "figure-cell-code/u4-split-figure-cell": "",
    "code-under-markdown-mark/b08-vscode-implicit-code": "",
    "code-under-markdown-mark/b25-mark-line-deleted": "",
    "answer-in-markdown-cell/a03-answer-is-markdown": "they ran as code: linear. Turn them into code cells",
    "unreadable-messages/a12-utf16": "",
    "unreadable-messages/b13-latin1-cookie": "",
}


@pytest.mark.parametrize(("case", "note"), FULL.items())
def test_what_passes_in_jupyter_gets_full_points(graded, case, note):
    result = graded(case)
    assert (result.status, result.score) == (Status.GRADED, 12), result.cells
    assert note in result.message
    assert bool(note) == bool(result.message)
    assert not result.needs_review


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("unreadable-messages/a11-merge-conflict", "marks of an unfinished Git merge (<<<<<<<)"),
        ("unreadable-messages/a11-merge-conflict", "Keep one version of these lines, delete the marks"),
        ("marimo/b07-marimo", "This is a marimo notebook; export it as .ipynb"),
        ("marimo/b07-marimo", "marimo export ipynb tensor_ops.py -o tensor_ops.ipynb"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(graded, case, words):
    result = graded(case)
    assert result.status is Status.UNREADABLE
    assert words in result.message
    assert "YOUR CODE HERE" not in feedback_page(result)


def test_another_exercises_notebook_says_so_and_is_listed_for_review(graded):
    result = graded("wrong-exercise/e01-wrong-exercise")
    assert result.score == 0
    assert "This is the notebook of tensor_ops, not of convolution: it defines flatten_images, " in result.message
    assert "Hand in convolution.ipynb here." in result.message
    assert "must not be modified" not in result.message
    assert result.needs_review
    assert "tensor_ops" in result.review


def test_syntax_that_the_grader_does_not_know_names_both_versions(graded):
    result = graded("python-newer-than-grader/p09-fstring-312")
    if sys.version_info >= (3, 12):
        assert result.score == 12
        return
    texts = [cell.message for cell in result.cells if cell.id == "linear"]
    texts += [check.message for check in result.questions[2].checks]
    assert all("Python 3.12 or newer, but it is graded with Python 3.11." in text for text in texts)
