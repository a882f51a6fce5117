"""A mistake costs the points of its own question, not of those that use it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checking.verdict import result_of
from autograder.course import Check, CheckFiles, load_course
from autograder.grading.one_submission import grade, prepare
from autograder.results.model import VOID, Outcome
from autograder.sandbox import dependencies
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.sandbox.protocol.messages import Graded, Job, Limits
from autograder.submissions.find import SubmissionFile

SOLUTION = """
# %% question="low"
def low(x):
    return x

# %% question="middle"
def middle(x):
    return low(x)

# %% question="high"
def high(x):
    return middle(x)
"""
CHECKS = tuple(
    Check(name, question, "Right.", 1.0, public)
    for question in ("low", "middle", "high")
    for name, public in (("first", True), ("second", False))
)
CELLS = (("low", "def low(x): return 0"), ("middle", "def middle(x): return low(x)"), ("h", "def high(x): middle(x)"))
JOB = Job(CheckFiles((), ()), CHECKS, CELLS, Limits(), reference=SOLUTION)
USES = {"middle": ("low",), "high": ("middle",)}


def graded(**outcomes: Outcome) -> Graded:
    """Return results in which both checks of each question have an outcome."""
    found = [(check.question, result_of(check, outcomes[check.question], "Why.")) for check in CHECKS]
    return Graded(checks=found, complete=True)


def outcomes(results: Graded) -> dict[str, set[Outcome]]:
    return {q: {check.outcome for name, check in results.checks if name == q} for q, _ in results.checks}


class Runs:
    """Answers for the sandbox, and remembers the jobs."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.jobs: list[Job] = []

    def __call__(self, job: Job) -> Graded:
        self.jobs.append(job)
        skipped = {(question, name) for question, name, _ in job.reused}
        ran = [check for check in job.checks if (check.question, check.name) not in skipped]
        return Graded(checks=[(c.question, result_of(c, self.outcome, "The solution.")) for c in ran], complete=True)


def test_what_uses_a_wrong_answer_is_graded_again_with_the_solution_in_its_place():
    found, runs = graded(low=Outcome.FAILED, middle=Outcome.FAILED, high=Outcome.TIMED_OUT), Runs(Outcome.PASSED)
    dependencies.settle(found, replace(JOB, uses=USES), runs)
    assert outcomes(found) == {"low": {Outcome.FAILED}, "middle": {Outcome.PASSED}, "high": {Outcome.PASSED}}
    added = [[cell for cell, _ in job.cells[3:]] for job in runs.jobs]
    assert added == [["low~solution"], ["low~solution", "middle~solution"]]
    messages = {question: check.message for question, check in found.checks}
    assert messages["middle"] == "Passed with the solution's `low` in place of yours."
    assert messages["low"] == "Why."


def test_its_own_mistake_still_costs_its_points_and_says_nothing_of_the_solution():
    found, runs = graded(low=Outcome.FAILED, middle=Outcome.FAILED, high=Outcome.PASSED), Runs(Outcome.FAILED)
    dependencies.settle(found, replace(JOB, uses=USES), runs)
    assert outcomes(found)["middle"] == {Outcome.FAILED}
    assert "solution" not in "".join(check.message for _, check in found.checks)


def test_nothing_runs_again_where_what_is_used_is_right():
    found, runs = graded(low=Outcome.PASSED, middle=Outcome.FAILED, high=Outcome.PASSED), Runs(Outcome.PASSED)
    dependencies.settle(found, replace(JOB, uses=USES), runs)
    assert outcomes(found)["middle"] == {Outcome.FAILED}
    assert runs.jobs == []


def test_without_a_mark_the_message_names_the_cause():
    found, runs = graded(low=Outcome.FAILED, middle=Outcome.FAILED, high=Outcome.PASSED), Runs(Outcome.PASSED)
    dependencies.settle(found, JOB, runs)
    assert outcomes(found)["middle"] == {Outcome.FAILED}
    why = "Why.\nIt uses your `low`, which is not right yet: look at that question first."
    assert {check.message for question, check in found.checks if question == "middle"} == {why}
    assert runs.jobs == []


def test_what_is_not_allowed_takes_all_points_of_its_question():
    found = graded(low=Outcome.PASSED, middle=Outcome.PASSED, high=Outcome.FAILED)
    dependencies.void(["low", "high", "made up"], found, JOB)
    assert outcomes(found) == {"low": {Outcome.FAILED}, "middle": {Outcome.PASSED}, "high": {Outcome.FAILED}}
    messages = {question: check.message for question, check in found.checks}
    assert messages == {"low": VOID, "middle": "Why.", "high": "Why."}


@pytest.mark.slow
def test_a_right_answer_that_uses_a_wrong_one_gets_all_its_points(tmp_path):
    exercise = load_course(Path(__file__).resolve().parents[2]).exercise("convolution")
    wrong = "def conv2d(images, weight, bias=None, stride=1, padding=0):\n    return images\n"
    path = tmp_path / "convolution.py"
    path.write_text(f"{exercise.source}\n\n# %%\n{wrong}")
    tier = best_tier()
    with Engine(tier) as engine:
        result = grade(engine, prepare(SubmissionFile("ada", "convolution", path), exercise, tier), Limits())
    scores = {question.name: (question.score, question.max_score) for question in result.questions}
    assert scores["detect_edges"][0] == scores["detect_edges"][1]
    assert scores["conv2d"][0] < scores["conv2d"][1]
