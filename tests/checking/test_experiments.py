"""Experiments as checks: the best of three seeds must reach the recorded threshold; without a record, none runs."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path

import pytest
import torch

from autograder.checking import CheckFailure, Experiment
from autograder.checking.experiments import SEEDS, CalibrationError
from autograder.checking.runner import LocalSession, run_checks
from autograder.checking.student_module import LocalSubmission
from autograder.course.check_files import read_check_files
from autograder.course.reader import read_questions
from autograder.results.model import CheckResult, Outcome

CHECKS = '''
import pytest
import torch

from autograder.checking import Experiment

SEEN = []


def _data(dataset):
    return torch.zeros(1)


def measure(submission, dataset, seed):
    SEEN.append((dataset, seed))
    return {"share": submission.share(seed)}


EASY = Experiment("easy", measure, dataset="toys", metric="share")


@pytest.mark.points(1)
def test_enough(submission):
    """It is enough."""
    EASY.check(submission, what="The share", cause="too little of it")
'''


@pytest.fixture
def checks(tmp_path: Path):
    """Return an imported check file, and a function that writes its record."""
    path = tmp_path / "checks/toys/hidden/test_share.py"
    path.parent.mkdir(parents=True)
    path.write_text(CHECKS)
    spec = importlib.util.spec_from_file_location("test_toys", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(checks, threshold):
    text = json.dumps({"experiments": {"easy": {"threshold": threshold}}})
    checks.EASY.record_path.write_text(text)


def answer(*shares):
    """Return a submission whose share depends on the seed."""
    return LocalSubmission({"share": lambda seed: float(shares[seed - 1])})


@pytest.mark.parametrize(("shares", "tries"), [((0.9,), 1), ((0.1, 0.8), 2), ((0.1, math.nan, 0.7), 3)])
def test_one_seed_that_reaches_the_threshold_is_enough(checks, shares, tries):
    record(checks, 0.7)
    assert checks.EASY.check(answer(*shares), what="The share") == {"share": shares[-1]}
    assert [("toys", seed) for seed in SEEDS[:tries]] == checks.SEEN


def test_three_seeds_below_fail_with_the_best_of_them(checks):
    record(checks, 0.7)
    with pytest.raises(CheckFailure) as caught:
        checks.EASY.check(answer(0.1, 0.6949, 0.3), what="The share", cause="too little of it")
    assert str(caught.value) == (
        "The share is too low.\nIt is 0.69 in the best of 3 runs. At least 0.70 is needed.\n"
        "Likely cause: too little of it"
    )
    literals = {"The share", "{what} is too low.", "too little of it"}
    assert caught.value.hidden_text(literals) == "The share is too low.\nLikely cause: too little of it"


def test_nan_fails_too(checks):
    record(checks, 0.7)
    with pytest.raises(CheckFailure) as caught:
        checks.EASY.check(answer(*[math.nan] * 3), what="The share")
    assert str(caught.value) == "The share is too low.\nAt least 0.70 is needed."


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        '{"experiments": {}}',
        *(f'{{"experiments": {{"easy": {{"threshold": {value}}}}}}}' for value in ("null", "NaN", '"0.5"', "1")),
    ],
)
def test_without_a_record_nothing_is_measured_and_it_is_a_grader_error(checks, text):
    if text is not None:
        checks.EASY.record_path.write_text(text)
    with pytest.raises(CalibrationError, match="Run `autograder calibrate toys`"):
        checks.EASY.check(answer(1.0), what="The share")
    assert checks.SEEN == []


def outcome(checks, submission) -> CheckResult:
    path = Path(checks.__file__)
    (question,) = read_questions(read_check_files(path.parents[2], "toys", ["share"]))
    results: list[CheckResult] = []
    run_checks([path], question.checks, LocalSession(submission), lambda _check, result, _s: results.append(result))
    return results[0]


def test_the_outcomes_of_a_check_with_an_experiment(checks):
    assert outcome(checks, answer(1.0)).outcome is Outcome.GRADER_ERROR
    record(checks, 0.7)
    assert outcome(checks, answer(1.0)).outcome is Outcome.PASSED
    assert outcome(checks, answer(0, 0, 0)).outcome is Outcome.FAILED
    assert outcome(checks, LocalSubmission({})).outcome is Outcome.NOT_ATTEMPTED


def test_both_sides_are_seeded_and_the_seed_matters():
    drawn = []

    def measure(submission, dataset, seed):
        drawn.append(float(torch.rand(())))
        return {"share": 0.0}

    experiment = Experiment("toss", measure, dataset="", metric="share")
    for seed in (1, 1, 2):
        experiment.run(LocalSubmission({}), seed)
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("metrics", [{}, {"share": 1}, {"share": torch.ones(())}, {"other": 1.0}])
def test_a_measurement_without_its_metric_is_the_authors_fault(metrics):
    experiment = Experiment("odd", lambda submission, dataset, seed: metrics, dataset="", metric="share")
    with pytest.raises(CalibrationError, match="must return a float under 'share'"):
        experiment.run(LocalSubmission({}), 1)


def test_a_baseline_is_measured_without_an_answer():
    experiment = Experiment(
        "base",
        lambda *_: {},
        dataset="d",
        metric="share",
        baselines={"zero": lambda dataset, seed: {"share": seed / 4}},
    )
    assert experiment.run_baseline("zero", 3) == {"share": 0.75}
