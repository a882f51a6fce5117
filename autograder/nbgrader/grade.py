"""The preprocessor that grades a submission in the sandbox, in place of all that nbgrader would do with its code."""

from __future__ import annotations

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.course import Exercise
from autograder.errors import MachineError, UsageError
from autograder.gradebook.autograded import autograded_notebook
from autograder.gradebook.nbgrader_db import update_gradebook
from autograder.grading.collect import Handed, collect
from autograder.grading.lock import only_grader
from autograder.grading.run import Run, grade_class
from autograder.manifest import UNRELEASED
from autograder.nbgrader.exporter import SubmissionExporter
from autograder.nbgrader.kept import SANDBOX
from autograder.release.notebooks import source_notebook
from autograder.release.stubs import cleared
from autograder.results import Result
from autograder.sandbox.tiers import WALLED

RESULTS = "graded"
"""The folder of results in the course's: that of `autograder grade`, so that either goes on from the other."""


class Grade(NbGraderPreprocessor):  # type: ignore[misc]
    """Grade a submission as ``autograder grade`` does: the same results, gradebook and notebook.

    It stands alone in ``c.Autograde.sanitize_preprocessors``: nbgrader then writes the notebook that is made here, and
    hands it to those in ``autograde_preprocessors``. No code of the submission runs in this process or in a kernel.
    """

    allow_lower = Bool(False, help="Let a score go down. Without it, the higher one is kept.").tag(config=True)
    allow_weak_sandbox = Bool(
        False, help="Go on where only tier C or D is possible: student code could read your files and use your network."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, dict[str, str]]) -> tuple[NotebookNode, object]:
        """Grade what was handed in; record it; return its notebook with the outcome of the checks."""
        run = self.parent
        if not isinstance(run, SubmissionExporter):
            raise TypeError("Grade needs c.Autograde.exporter_class = 'autograder.nbgrader.SubmissionExporter'.")
        place = resources["nbgrader"]
        exercise = run.course.exercise(place["assignment"])
        collected = collect(run.submitted, run.course, exercise=exercise.name, student=place["student"])
        if not collected.found:
            raise UsageError(" ".join(stray.why for stray in collected.strays))
        (handed,) = collected.found
        result = self._grade(run, exercise, handed)
        update_gradebook(
            place["db_url"],
            run.course,
            [result],
            course_id=run.course_id,
            submitted=run.submitted,
            source_of=lambda exercise: cleared(source_notebook(exercise, UNRELEASED)),
        )
        return nbformat.from_dict(autograded_notebook(exercise, result, handed.path)), resources

    def _grade(self, run: SubmissionExporter, exercise: Exercise, handed: Handed) -> Result:
        if run.tier not in WALLED and not self.allow_weak_sandbox:
            raise MachineError(
                f"This machine cannot isolate student code: tier {run.tier} is the best here. Run `autograder doctor` "
                "for what to do. For code that you trust, --Grade.allow_weak_sandbox=True goes on."
            )
        output = run.root / RESULTS
        with only_grader(output, self.log.warning, shared=True):
            graded = grade_class(
                run.course,
                [handed],
                output,
                lambda: SANDBOX.lend(run.course, exercise, run.tier),
                jobs=1,
                allow_lower=self.allow_lower,
                tier=run.tier,
            )
        self._tell(graded)
        (result,) = graded.results
        return result

    def _tell(self, run: Run) -> None:
        """Log what a teacher should know; the formgrader shows it after the button was pressed."""
        for result in run.results:
            if result.message:
                self.log.warning("%s, %s: %s", result.student, result.exercise, result.message)
        for move in run.kept:
            self.log.warning(
                "%s, %s: the higher score %g was kept; grading now gives %g. To let it go down, add "
                "--Grade.allow_lower=True.",
                *(move.student, move.exercise, move.before, move.after),
            )
