"""Attacks that others wrote, in ../shared/attacks: each gets what its answers deserve and no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.grading.scheduler import modules_to_preload
from autograder.grading.whole_class import grade_class
from autograder.results.model import Outcome, Result
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.submissions.find import collect

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = ROOT.parent / "shared" / "attacks"
DESERVED = {
    "s01_rewrite_the_checks_gradients": {"sgd_step": 0.0},
    "g01_labels_that_are_nan": {"make_loaders": 0.0},
    "g06_name_reused": {"activation": 0.0, "gradient": 0.0},
}
"""The most that the attacked questions may earn."""


@pytest.fixture(scope="module")
def results(tmp_path_factory, share) -> dict[str, Result]:
    if not ATTACKS.is_dir():
        pytest.skip("../shared/attacks is not here")
    course, folder = load_course(ROOT), tmp_path_factory.mktemp("attacks")
    for name in DESERVED:
        (notebook,) = (ATTACKS / name).glob("*.ipynb")
        place = folder / "submitted" / name / notebook.stem
        place.mkdir(parents=True)
        shutil.copy(notebook, place)
    found = collect(folder / "submitted", course).found
    exercises = [course.exercise(name) for name in sorted({item.exercise for item in found})]
    tier = best_tier()
    with Engine(tier, preload=modules_to_preload(exercises)) as engine:
        run = grade_class(course, found, folder / "graded", lambda: share(engine), tier=tier)
    return {result.student: result for result in run.results}


@pytest.mark.parametrize("name", DESERVED)
def test_an_attack_earns_no_more_than_it_deserves(results, name):
    scores = {question.name: question.score for question in results[name].questions}
    assert {question: scores[question] for question, most in DESERVED[name].items() if scores[question] > most} == {}


@pytest.mark.parametrize("name", DESERVED)
def test_an_attack_is_never_the_graders_fault(results, name):
    checks = [check for question in results[name].questions for check in question.checks]
    assert Outcome.GRADER_ERROR not in {check.outcome for check in checks}
