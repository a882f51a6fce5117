"""Submissions graded in parallel have the same outcomes as one by one, and solutions get full marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from autograder.course import load_course
from autograder.grading.scheduler import modules_to_preload
from autograder.grading.whole_class import grade_class
from autograder.results.model import Result
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.submissions.find import SubmissionFile

COURSE = load_course()
TRAINED_OR_NOT = ("tensor_ops", "data_split", "mlp")
"""One exercise of each kind; tests/parity grades the others twice, in another order and in parallel."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(best_tier(), preload=modules_to_preload(COURSE.exercises)) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED_OR_NOT)
def test_parallel_grading_gives_the_same_outcomes(name, engine, share, tmp_path):
    exercise = COURSE.exercise(name)

    def results(students: int, jobs: int) -> list[Result]:
        handed = [SubmissionFile(f"student{number}", exercise.name, exercise.solution) for number in range(students)]
        output = tmp_path / str(jobs)
        run = grade_class(COURSE, handed, output, lambda: share(engine), jobs=jobs, tier=engine.tier)
        return [replace(result, student="student") for result in run.results]

    (alone,) = results(1, jobs=1)
    assert alone.score == alone.max_score > 0
    assert results(2, jobs=8) == [alone] * 2
