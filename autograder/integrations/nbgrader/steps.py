"""What nbgrader's configuration names: the steps that open, grade and give feedback, and the sandbox that they share.

One sandbox for all that this process grades: nbgrader grades one submission after the other, each by itself.

How ``nbgrader autograde`` opens what students handed in: not at all.

The preprocessor that grades a submission in the sandbox, in place of all that nbgrader would do with its code.

Feedback by nbgrader's steps: ``nbgrader generate_feedback`` and the formgrader's button write our page.
"""

from __future__ import annotations

import atexit
import functools
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nbformat
from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.course import Course, Exercise, load_course
from autograder.course.manifest import UNRELEASED
from autograder.errors import MachineError, UsageError
from autograder.gradebook.entries import Entered, read_by_hand
from autograder.gradebook.graded_notebooks import autograded_notebook
from autograder.gradebook.nbgrader_db import update_gradebook
from autograder.grading.scheduler import modules_to_preload
from autograder.grading.whole_class import Run, grade_class, grade_references
from autograder.release.make import cleared
from autograder.release.notebooks import source_notebook
from autograder.reporting.feedback_page import NOTHING, feedback_page, needs_reference
from autograder.results.model import Result
from autograder.results.store import only_grader, result_path
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, best_tier
from autograder.sandbox.protocol.messages import Job
from autograder.submissions.find import SubmissionFile, collect

_Key = tuple[Path, str, str]


class Shared:
    """A sandbox that goes on after the run of grading that uses it. See `autograder.grading.scheduler.Runner`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it running."""

    def run(self, job: Job) -> Graded:
        """Grade one submission."""
        return self._engine.run(job)

    def has_ended(self) -> bool:
        """Whether it can run no more."""
        return self._engine.has_ended()

    def stop(self) -> None:
        """End it at once; the next one that is lent is new."""
        self._engine.stop()


class KeptSandbox:
    """The sandbox of this process: started when first used, and again for another exercise or where it has ended."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._key: _Key | None = None

    def share(self, course: Course, exercise: Exercise, tier: str) -> Shared:
        """Return the running sandbox for an exercise; raises `MachineError` where none can be started."""
        key = (course.root, exercise.name, tier)
        if self._engine is None or key != self._key or self._engine.has_ended(within_s=0):
            self.close()
            engine = Engine(tier, protected=[course.root], preload=modules_to_preload([exercise]))
            self._engine, self._key = engine.__enter__(), key
        return Shared(self._engine)

    def close(self) -> None:
        """End the sandbox and remove its folders."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.__exit__(None, None, None)


SANDBOX = KeptSandbox()
atexit.register(SANDBOX.close)


# --- Submissions --------------------------------------------------------------------------------------------------


class SubmissionExporter(NotebookExporter):  # type: ignore[misc]
    """nbconvert's own exporter, but a submission reaches the preprocessors as an empty notebook.

    nbgrader opens a notebook before any preprocessor sees it: one that is no notebook, is as large as the disk, waits
    for a writer or claims another version of nbgrader's metadata would end with an error, or end the whole class.
    `Grade` reads the file itself, within bounds. nbgrader makes one exporter a run, which so holds what is the same for
    all of its submissions.
    """

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """Convert a notebook; of a submission, only its place is used."""
        if not self._is_submission(Path(filename)):
            converted: tuple[str, Any] = super().from_filename(filename, resources=resources, **options)
        else:
            converted = self.from_notebook_node(new_notebook(), resources=resources, **options)
        return converted

    def _is_submission(self, path: Path) -> bool:
        return self.submitted in path.absolute().parents

    @property
    def root(self) -> Path:
        """The course's folder."""
        return Path(self.parent.coursedir.root)

    @property
    def submitted(self) -> Path:
        """The folder that holds ``<student>/<exercise>/``."""
        return self.root / str(self.parent.coursedir.submitted_directory)

    @property
    def course_id(self) -> str:
        """What the gradebook calls the course."""
        return str(self.parent.coursedir.course_id)

    @functools.cached_property
    def course(self) -> Course:
        """The course as it is when the run begins."""
        return load_course(self.root)

    @functools.cached_property
    def tier(self) -> str:
        """The best sandbox tier of this machine."""
        return best_tier()


# --- Grading ------------------------------------------------------------------------------------------------------


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
            raise TypeError(
                "Grade needs c.Autograde.exporter_class = 'autograder.integrations.nbgrader.SubmissionExporter'."
            )
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

    def _grade(self, run: SubmissionExporter, exercise: Exercise, handed: SubmissionFile) -> Result:
        if run.tier not in ISOLATING_TIERS and not self.allow_weak_sandbox:
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
                lambda: SANDBOX.share(run.course, exercise, run.tier),
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


# --- Feedback -----------------------------------------------------------------------------------------------------


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
        share = functools.partial(SANDBOX.share, course, exercise, tier)
        return grade_references(course, [exercise], output, share, tier)[exercise.name]

    @property
    def _root(self) -> Path:
        return Path(self.parent.coursedir.root)

    @functools.cached_property
    def _course(self) -> Course:
        return load_course(self._root)

    @functools.cached_property
    def _entered(self) -> Entered:
        return read_by_hand(str(self.parent.coursedir.db_url))
