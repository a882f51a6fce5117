"""Grade one file in the sandbox from within another grader: otter-grader, or a notebook that nbgrader executes.

Those graders run a submission with the rights of the user who grades, and the tests in the same process. Our checks
never run there: the file is graded in the sandbox, once, in separate processes, and the other grader only reads the
result.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

from autograder.errors import AutograderError
from autograder.results.model import QuestionResult, Result
from autograder.results.rendering import CheckTable
from autograder.results.store import result_path
from autograder.runtime import ELSEWHERE, environment, python

STUDENT = "student"
"""The student whose result this is: any name will do, because only one submission is graded."""


class NotGraded(AutograderError):
    """There are no points to report; the message says why."""


@functools.cache  # the other grader asks once per question or check
def grade_externally(submission: Path, exercise: str, course: Path) -> Result:
    """Grade a file in the sandbox with all checks of an exercise; raise `NotGraded` if there is no result."""
    with tempfile.TemporaryDirectory() as output:
        grader = python("autograder", "grade", str(submission.absolute()))
        place = ["--exercise", exercise, "--student", STUDENT, "--course", str(course.absolute()), "--output", output]
        # A weak sandbox is allowed: by starting the other grader, the user has decided to run student code here.
        how = ["--jobs", "1", "--gradebook", "none", "--allow-weak-sandbox"]  # the other grader keeps the scores
        log_path = Path(output, "log.txt")
        with log_path.open("wb") as log:
            # Not in the working folder: it may be the student's, and Python would import modules from it.
            subprocess.run(
                [*grader, *place, *how], cwd=ELSEWHERE, env=environment(), stdout=log, stderr=log, check=False
            )
        result = result_path(Path(output), STUDENT, exercise)
        if not result.is_file():
            raise NotGraded(f"The autograder produced no result. Its output:\n{log_path.read_text('utf-8', 'replace')}")
        return Result.from_json(result.read_bytes())


def question_of(result: Result, name: str) -> QuestionResult:
    """Return the result of one question; raise `NotGraded` with the reason if there is none."""
    questions = {question.name: question for question in result.questions}
    if name not in questions:
        raise NotGraded(result.message or f"This exercise has no question “{name}”, only {', '.join(questions)}.")
    return questions[name]


def points_of(name: str) -> float:
    """Grade this notebook, display the table of all checks of a question, and return its points.

    nbgrader uses the last value of a cell as its points, gives full points for a value that is not a number, and none
    if the cell raises. So this raises `NotGraded` if there is no such question or if the question needs review.
    """
    course, exercise = _course(Path.cwd())
    question = question_of(grade_externally(Path.cwd() / f"{exercise}.ipynb", exercise, course), name)
    table = CheckTable(question, public_only=False)
    if question.needs_review:
        raise NotGraded(repr(table))
    from IPython.display import display

    display(table)
    return question.score


def _course(folder: Path) -> tuple[Path, str]:
    """Return the course above a folder, and the exercise whose notebook the folder holds."""
    for root in folder.parents:
        folders = (root / "tests" / "checks").glob("*/*/test_*.py")  # <exercise>/<public or hidden>/
        names = sorted({path.parents[1].name for path in folders})
        if names:
            here = [name for name in names if (folder / f"{name}.ipynb").is_file()]
            if len(here) == 1:
                return root, here[0]
            found = ", ".join(here) or "none"
            raise NotGraded(f"{folder} must contain the notebook of exactly one exercise; found: {found}.")
    raise NotGraded(f"No folder above {folder} contains the checks (tests/checks). Grade in the course's folder.")
