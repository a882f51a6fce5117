"""What the course's own solutions get: graded like a submission, so that students can be shown what was possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from autograder.course import Course, Exercise
from autograder.grading.collect import Handed
from autograder.grading.local import Runner
from autograder.grading.run import grade_class
from autograder.results import Result

FOLDER = ".reference"
"""Beside the results of a class, which it is no part of."""
_NAME = "solution"


def grade_references(
    course: Course, exercises: Sequence[Exercise], output: Path, engine_for: Callable[[], Runner], tier: str
) -> dict[str, Result]:
    """Return the result of each exercise's solution; what was graded before and still holds is kept."""
    handed = [Handed(_NAME, exercise.name, exercise.solution) for exercise in exercises]
    run = grade_class(course, handed, output / FOLDER, engine_for, tier=tier, allow_lower=True)
    return {result.exercise: result for result in run.results}
