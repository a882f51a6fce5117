"""The value of a graded cell that nbgrader runs in its own kernel: the points that the autograder gives.

nbgrader without the autograder's preprocessor runs a submission with the rights of whoever grades. Checks never join
it there: the notebook's file is graded in the sandbox, once, and each of its graded cells shows its question.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.checking.display import Table
from autograder.results import QuestionResult, Result, result_path

STUDENT = "student"
"""Whose result it is, where only one is looked at."""


class NotGraded(Exception):
    """There are no points to tell; the message says why. nbgrader gives none to a cell that raises."""


def points_of(name: str) -> float:
    """Grade this notebook, show the table of all checks of a question, and return its points.

    nbgrader takes the last value of a cell for its points, and what is no number for full points. So this raises
    `NotGraded` where there is no such question, or where a check could not decide.
    """
    question = _question(name)
    table = Table(question, public_only=False)
    if question.needs_human:
        raise NotGraded(repr(table))
    from IPython.display import display

    display(table)
    return question.score


def _question(name: str) -> QuestionResult:
    questions = {question.name: question for question in _graded(Path.cwd()).questions}
    if name not in questions:
        raise NotGraded(f"This exercise has no question “{name}”, only {', '.join(questions)}.")
    return questions[name]


@functools.cache
def _graded(folder: Path) -> Result:
    """Grade the notebook in a folder. The checks of this process's user are the course's above it."""
    root, exercise = _course(folder)
    with tempfile.TemporaryDirectory() as output:
        grader = [sys.executable, "-m", "autograder", "grade", str(folder / f"{exercise}.ipynb")]
        place = ["--exercise", exercise, "--student", STUDENT, "--course", str(root), "--output", output]
        # The student's code has run here already, outside any sandbox: a weak one makes nothing worse.
        how = ["--jobs", "1", "--gradebook", "none", "--allow-weak-sandbox"]
        log = Path(output, "log.txt")
        with log.open("wb") as said:
            subprocess.run([*grader, *place, *how], stdout=said, stderr=said, check=False)
        result = result_path(Path(output), STUDENT, exercise)
        if not result.is_file():
            raise NotGraded(f"The autograder gave no result. It said:\n{log.read_text('utf-8', 'replace')}")
        return Result.from_json(result.read_bytes())


def _course(folder: Path) -> tuple[Path, str]:
    """Return the course above a folder, and the exercise of the course whose notebook is in it."""
    for root in folder.parents:
        names = [path.stem.removeprefix("test_") for path in sorted((root / "tests" / "checks").glob("test_*.py"))]
        if names:
            here = [name for name in names if (folder / f"{name}.ipynb").is_file()]
            if len(here) == 1:
                return root, here[0]
            raise NotGraded(f"{folder} should hold the notebook of one exercise, but holds those of {here or 'none'}.")
    raise NotGraded(f"No folder above {folder} holds the checks, in tests/checks. Grade in the course's folder.")
