"""Have the autograder grade one file, in processes of its own, from within another grader.

Other graders run a submission with the rights of whoever grades, and tests beside it. Checks never join it there.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

from autograder.errors import AutograderError
from autograder.processes import ELSEWHERE, environment, python
from autograder.results import QuestionResult, Result, result_path

STUDENT = "student"
"""Whose result it is, where only one is looked at."""


class NotGraded(AutograderError):
    """There are no points to tell; the message says why."""


@functools.cache
def graded_apart(submission: Path, exercise: str, course: Path) -> Result:
    """Grade a file in the sandbox, by all checks of a course; raise `NotGraded` where there is no result."""
    with tempfile.TemporaryDirectory() as output:
        grader = python("autograder", "grade", str(submission.absolute()))
        place = ["--exercise", exercise, "--student", STUDENT, "--course", str(course.absolute()), "--output", output]
        # Whether this machine may run students' code at all was decided by who started the other grader.
        how = ["--jobs", "1", "--gradebook", "none", "--allow-weak-sandbox"]
        log = Path(output, "log.txt")
        with log.open("wb") as said:
            # This process may run in the student's folder, with modules of theirs beside the notebook.
            subprocess.run(
                [*grader, *place, *how], cwd=ELSEWHERE, env=environment(), stdout=said, stderr=said, check=False
            )
        result = result_path(Path(output), STUDENT, exercise)
        if not result.is_file():
            raise NotGraded(f"The autograder gave no result. It said:\n{log.read_text('utf-8', 'replace')}")
        return Result.from_json(result.read_bytes())


def question_of(result: Result, name: str) -> QuestionResult:
    """Return a question's part of a result; raise `NotGraded` where there is none, with the reason."""
    questions = {question.name: question for question in result.questions}
    if name not in questions:
        raise NotGraded(result.message or f"This exercise has no question “{name}”, only {', '.join(questions)}.")
    return questions[name]
