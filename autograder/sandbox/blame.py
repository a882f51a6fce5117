"""Decide whose fault it is that a check could not finish.

A surprising value in an answer, such as a NaN where the check expects a label, may raise anywhere in the check. Where
the course's solution passes the same check in the same run, the exception belongs to the answer. Otherwise it is the
grader's: the points are withheld until somebody has looked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from autograder.checking.verdict import blamed
from autograder.course import CheckFiles
from autograder.results.model import Outcome
from autograder.sandbox.protocol.messages import Graded, Job
from autograder.submissions.read import cells_of_module

CheckKey = tuple[str, str]


class Reference:
    """What the solutions get, asked once per check: a class of answers that raise must not cost more than that."""

    def __init__(self, run: Callable[[Job], Graded]) -> None:
        self._run = run
        self._passed: dict[tuple[CheckFiles, CheckKey], bool] = {}

    def settle(self, graded: Graded, job: Job) -> None:
        """Give the checks that could not finish their outcome."""
        doubtful = {
            (question, check.name) for question, check in graded.checks if check.outcome is Outcome.GRADER_ERROR
        }
        if not doubtful or not job.reference:
            return
        self._ask(job, doubtful)
        declared = {(check.question, check.name): check for check in job.checks}
        for place, (question, result) in enumerate(graded.checks):
            key = question, result.name
            if key in doubtful and self._passed.get((job.check_files, key)):
                graded.checks[place] = question, blamed(declared[key], result)

    def _ask(self, job: Job, doubtful: set[CheckKey]) -> None:
        """Run the solution with the checks of which it is not yet known whether it passes them."""
        new = {key for key in doubtful if (job.check_files, key) not in self._passed}
        if not new:
            return
        cells = tuple((cell.id, cell.source) for cell in cells_of_module(job.reference) if not cell.is_illustration)
        keys = ((check.question, check.name) for check in job.checks)
        others = tuple((*key, True) for key in keys if key not in new)
        graded = self._run(replace(job, cells=cells, reused=others, reference=""))
        if not graded.conclusive:
            return  # the sandbox was interrupted: the next doubtful answer asks again
        outcomes = {(question, check.name): check.outcome for question, check in graded.checks}
        for key in new:
            self._passed[job.check_files, key] = outcomes.get(key) is Outcome.PASSED
