"""The value of a graded cell that nbgrader runs in its own kernel: the points that the autograder gives.

nbgrader without the autograder's preprocessor runs a submission with the rights of whoever grades. Checks never join
it there: the notebook's file is graded in the sandbox, once, and each of its graded cells shows its question.
"""

from __future__ import annotations

from pathlib import Path

from autograder.checking.display import Table
from autograder.checking.graded_apart import NotGraded, graded_apart, question_of


def points_of(name: str) -> float:
    """Grade this notebook, show the table of all checks of a question, and return its points.

    nbgrader takes the last value of a cell for its points, what is no number for full points, and gives none to a cell
    that raises. So this raises `NotGraded` where there is no such question, or where a check could not decide.
    """
    course, exercise = _course(Path.cwd())
    question = question_of(graded_apart(Path.cwd() / f"{exercise}.ipynb", exercise, course), name)
    table = Table(question, public_only=False)
    if question.needs_human:
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
