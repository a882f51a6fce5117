"""The steps of nbgrader that we replace: opening a submission, grading it, and writing feedback.

nbgrader calls them for one submission at a time, so this module keeps one sandbox running for all of them.
"""

from __future__ import annotations

import atexit
import functools
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.course import Course, Exercise, load_course
from autograder.course.manifest import UNRELEASED
from autograder.course.settings import make_secret
from autograder.errors import MachineError, UsageError
from autograder.gradebook.entries import Entered, read_by_hand, time_handed_in
from autograder.gradebook.graded_notebooks import autograded_notebook
from autograder.gradebook.nbgrader_db import update_gradebook
from autograder.grading.scheduler import Shared, modules_to_preload
from autograder.grading.whole_class import Run, grade_class, grade_references
from autograder.release.make import cleared
from autograder.release.notebooks import source_notebook
from autograder.reporting.feedback_page import NOTHING, feedback_page, needs_reference
from autograder.results.model import Result
from autograder.results.store import only_grader, result_path
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, best_tier
from autograder.submissions.find import SubmissionFile, collect
from autograder.submissions.timestamps import TIMESTAMP

_Key = tuple[Path, str, str]


class KeptSandbox:
    """The sandbox of this process: started on first use, and again for another exercise or after it has ended."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._key: _Key | None = None

    def share(self, course: Course, exercise: Exercise, tier: str) -> Shared:
        """Return the running sandbox for an exercise; raise `MachineError` if none can be started."""
        key = (course.root, exercise.name, tier)
        if self._engine is None or key != self._key or self._engine.has_ended(within_s=0):
            self.close()
            engine = Engine(tier, protected=[course.root], preload=modules_to_preload([exercise]))
            self._engine, self._key = engine.__enter__(), key  # stays None if it does not start
        return Shared(self._engine)

    def close(self) -> None:
        """End the sandbox and remove its folders."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.__exit__(None, None, None)


SANDBOX = KeptSandbox()
atexit.register(SANDBOX.close)


class SubmissionExporter(NotebookExporter):  # type: ignore[misc]
    """nbconvert's notebook exporter, except that submissions reach the preprocessors as an empty notebook.

    nbgrader opens a notebook before any preprocessor sees it. A file that is not a notebook, is huge, is a named pipe
    or has other versions of nbgrader's metadata would fail there, or even stop the grading of the class. `Grade` reads
    the file itself, within bounds. nbgrader creates one exporter per run, so it also holds what all submissions share.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # nbgrader reads the time before it calls any of our steps, and leaves out a student whose file it cannot read.
        if coursedir := getattr(self.parent, "coursedir", None):
            coursedir.get_existing_timestamp = functools.partial(_time_handed_in, log=self.log)

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """Convert a notebook; a submission's file is not opened."""
        if not self._is_submission(Path(filename)):
            converted: tuple[str, Any] = super().from_filename(filename, resources=resources, **options)
        else:
            converted = self.from_notebook_node(new_notebook(), resources=resources, **options)
        return converted

    def _is_submission(self, path: Path) -> bool:
        return self.submitted in path.absolute().parents  # not resolve: a submission may be a link

    @property
    def root(self) -> Path:
        """The course's folder."""
        return Path(self.parent.coursedir.root)

    @property
    def submitted(self) -> Path:
        """The folder that contains ``<student>/<exercise>/``."""
        return self.root / str(self.parent.coursedir.submitted_directory)

    @property
    def course_id(self) -> str:
        """The course's id in the gradebook."""
        return str(self.parent.coursedir.course_id)

    @functools.cached_property
    def course(self) -> Course:
        """The course as it was at the start of the run."""
        loaded = load_course(self.root)
        return load_course(self.root) if make_secret(self.root) else loaded

    @functools.cached_property
    def tier(self) -> str:
        """The best sandbox tier of this machine."""
        return best_tier()


def _time_handed_in(folder: str, log: Any) -> datetime | None:
    when = time_handed_in(Path(folder))
    if when is None and (Path(folder) / TIMESTAMP).exists():
        log.warning(
            "%s has no time that can be read, so the submission is not late. Write it as 2026-11-28 10:00:00 UTC.",
            Path(folder) / TIMESTAMP,
        )
    return when


RESULTS = "graded"
"""The results folder in the course's folder: the same as that of ``autograder grade``, so that results are shared."""


class Grade(NbGraderPreprocessor):  # type: ignore[misc]
    """Grade a submission as ``autograder grade`` does: the same results, gradebook and notebook.

    It must be the only entry of ``c.Autograde.sanitize_preprocessors``: nbgrader then writes the notebook returned here
    and passes it on to ``autograde_preprocessors``. No code of the submission runs in this process or in a kernel.
    """

    allow_lower = Bool(False, help="Let scores go down. Without this, the higher score is kept.").tag(config=True)
    allow_weak_sandbox = Bool(
        False, help="Grade even if only tier C or D works: student code could read your files and use your network."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, dict[str, str]]) -> tuple[NotebookNode, object]:
        """Grade the submission, update the gradebook, and return its notebook with the outcomes of the checks."""
        run = self.parent
        if not isinstance(run, SubmissionExporter):
            raise TypeError(
                "Set c.Autograde.exporter_class = 'autograder.integrations.nbgrader.SubmissionExporter', as "
                "nbgrader_config.py does: Grade needs it."
            )
        place = resources["nbgrader"]
        exercise = run.course.exercise(place["assignment"])
        collected = collect(run.submitted, run.course, exercise=exercise.name, student=place["student"])
        if not collected.found:
            raise UsageError(" ".join(stray.why for stray in collected.strays))
        (submission,) = collected.found  # one student and one exercise: at most one file
        result = self._grade(run, exercise, submission)
        update_gradebook(
            place["db_url"],
            run.course,
            [result],
            course_id=run.course_id,
            submitted=run.submitted,
            source_of=lambda exercise: cleared(source_notebook(exercise, UNRELEASED)),
        )
        return nbformat.from_dict(autograded_notebook(exercise, result, submission.path)), resources

    def _grade(self, run: SubmissionExporter, exercise: Exercise, submission: SubmissionFile) -> Result:
        if run.tier not in ISOLATING_TIERS and not self.allow_weak_sandbox:
            raise MachineError(
                f"This machine cannot isolate student code: tier {run.tier} is the best here. Run `autograder doctor` "
                "for what to do, or, if you trust the code, add --Grade.allow_weak_sandbox=True."
            )
        output = run.root / RESULTS
        with only_grader(output, self.log.warning, shared=True):
            graded = grade_class(
                run.course,
                [submission],
                output,
                lambda: SANDBOX.share(run.course, exercise, run.tier),
                jobs=1,
                allow_lower=self.allow_lower,
                tier=run.tier,
            )
        self._log_warnings(graded)
        (result,) = graded.results
        return result

    def _log_warnings(self, run: Run) -> None:
        """Log what the course staff should know; the formgrader shows the log when its button was pressed."""
        for result in run.results:
            if result.message:
                self.log.warning("%s, %s: %s", result.student, result.exercise, result.message)
        for change in run.kept:
            self.log.warning(
                "%s, %s: the higher score %g was kept; grading now gives %g. To let it go down, add "
                "--Grade.allow_lower=True.",
                *(change.student, change.exercise, change.before, change.after),
            )


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """Write the page of ``autograder feedback`` for a submission that the autograder graded.

    It includes scores and comments that teachers entered by hand. Without a result of ours, as for another course's
    notebook or one that nbgrader graded itself, the page is nbgrader's.
    """

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """Convert a graded notebook; the file is not opened if the autograder graded it."""
        place = resources["nbgrader"]
        result = self._result(str(place["student"]), str(place["assignment"]))
        if result is None:
            converted: tuple[str, Any] = super().from_filename(filename, resources=resources, **options)
            return converted
        by_hand = self._entered.get((result.student, result.exercise), NOTHING)
        page = feedback_page(result, self._reference(result), by_hand)
        # nbconvert sets the extension in from_notebook_node, which is not called here.
        return page, resources | {"output_extension": self.file_extension}

    def _result(self, student: str, exercise: str) -> Result | None:
        try:
            return Result.from_json(result_path(self._root / RESULTS, student, exercise).read_bytes())
        except FileNotFoundError:  # not ours: nbgrader graded it
            return None

    def _reference(self, result: Result) -> Result | None:
        if not needs_reference(result):
            return None
        try:
            return self._reference_of(self._course.exercise(result.exercise))
        except MachineError as error:
            self.log.warning("The feedback does not show the solution's pictures: %s", error)
            return None

    @functools.cache  # noqa: B019 - nbgrader creates one exporter per run
    def _reference_of(self, exercise: Exercise) -> Result:
        tier = best_tier()  # any tier will do for the course's own code
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
