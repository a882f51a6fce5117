"""Feedback by nbgrader's steps: ``nbgrader generate_feedback`` and the formgrader's button write our page."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter

from autograder.course import Course, Exercise, load_course
from autograder.errors import MachineError
from autograder.gradebook.by_hand import Entered, read_by_hand
from autograder.grading.reference import grade_references
from autograder.nbgrader.grade import RESULTS
from autograder.nbgrader.kept import SANDBOX
from autograder.report.feedback import NOTHING, feedback_page, needs_reference
from autograder.results import Result, result_path
from autograder.sandbox.tiers import best_tier


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """Write the page of ``autograder feedback`` for a submission that the autograder graded.

    Scores and comments that teachers entered are on it. Where there is no result of ours, another course's notebook
    or one that nbgrader graded by itself, the page is nbgrader's.
    """

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """Convert a graded notebook; of one that the autograder graded, only its place is used."""
        place = resources["nbgrader"]
        result = self._result(str(place["student"]), str(place["assignment"]))
        if result is None:
            converted: tuple[str, Any] = super().from_filename(filename, resources=resources, **options)
            return converted
        by_hand = self._entered.get((result.student, result.exercise), NOTHING)
        page = feedback_page(result, self._reference(result), by_hand)
        return page, resources | {"output_extension": self.file_extension}

    def _result(self, student: str, exercise: str) -> Result | None:
        try:
            return Result.from_json(result_path(self._root / RESULTS, student, exercise).read_bytes())
        except FileNotFoundError:
            return None

    def _reference(self, result: Result) -> Result | None:
        if not needs_reference(result):
            return None
        try:
            return self._reference_of(self._course.exercise(result.exercise))
        except MachineError as error:
            self.log.warning("The feedback has no pictures of the solution: %s", error)
            return None

    @functools.cache  # noqa: B019 - nbgrader makes one exporter a run
    def _reference_of(self, exercise: Exercise) -> Result:
        tier = best_tier()  # the course's own code may run in any
        course, output = self._course, self._root / RESULTS
        lend = functools.partial(SANDBOX.lend, course, exercise, tier)
        return grade_references(course, [exercise], output, lend, tier)[exercise.name]

    @property
    def _root(self) -> Path:
        return Path(self.parent.coursedir.root)

    @functools.cached_property
    def _course(self) -> Course:
        return load_course(self._root)

    @functools.cached_property
    def _entered(self) -> Entered:
        return read_by_hand(str(self.parent.coursedir.db_url))
