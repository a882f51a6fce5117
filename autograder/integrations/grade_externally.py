"""Grade one file in the sandbox, from within another grader: otter's, or a kernel of nbgrader's.

Have the autograder grade one file, in processes of its own, from within another grader.

Other graders run a submission with the rights of whoever grades, and tests beside it. Checks never join it there.

The value of a graded cell that nbgrader runs in its own kernel: the points that the autograder gives.

nbgrader without the autograder's preprocessor runs a submission with the rights of whoever grades. Checks never join
it there: the notebook's file is graded in the sandbox, once, and each of its graded cells shows its question.
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
from autograder.runtime.subprocesses import ELSEWHERE, environment, python

STUDENT = "student"
"""Whose result it is, where only one is looked at."""


class NotGraded(AutograderError):
    """There are no points to tell; the message says why."""


@functools.cache
def grade_externally(submission: Path, exercise: str, course: Path) -> Result:
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


# --- A graded cell of nbgrader's ----------------------------------------------------------------------------------


def points_of(name: str) -> float:
    """Grade this notebook, show the table of all checks of a question, and return its points.

    nbgrader takes the last value of a cell for its points, what is no number for full points, and gives none to a cell
    that raises. So this raises `NotGraded` where there is no such question, or where a check could not decide.
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
    """Return the course above a folder, and the exercise of the course whose notebook is in it."""
    for root in folder.parents:
        folders = (root / "tests" / "checks").glob("*/*/test_*.py")
        names = sorted({path.parents[1].name for path in folders})
        if names:
            here = [name for name in names if (folder / f"{name}.ipynb").is_file()]
            if len(here) == 1:
                return root, here[0]
            raise NotGraded(f"{folder} should hold the notebook of one exercise, but holds those of {here or 'none'}.")
    raise NotGraded(f"No folder above {folder} holds the checks, in tests/checks. Grade in the course's folder.")
