"""Grade submissions with ``otter run``, for `benchmarks/grading.py`: one command per notebook, as usual.

otter-grader runs a notebook and its tests in one process. Here the tests are the public checks.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.course import Exercise
    from demo.make_class import Submission

TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name = {name!r}
points = {points!r}


@test_case(points={points!r})
def test_public_checks(env):
    from pathlib import Path

    from autograder.integrations.notebook import run_public_checks
    from autograder.course.reader import read_public_checks

    files, questions = read_public_checks(Path({folder!r}), {exercise!r})
    (question,) = (one for one in questions if one.name == {name!r})
    tests = [Path({folder!r}, name) for name in files.tests if name.endswith("test_{name}.py")]
    result = run_public_checks(tests, question, env)
    assert result.score == result.max_score, result
"""
"""A test in otter's exception-based format.

https://otter-grader.readthedocs.io/en/latest/test_files/python_format.html
"""


@dataclass(frozen=True)
class Otter:
    """An environment with otter-grader and this package, and a folder to work in."""

    python: Path
    folder: Path

    def prepare(self, exercises: Sequence[Exercise]) -> None:
        """Write the zip of each exercise that otter calls its autograder."""
        self.folder.mkdir()
        for exercise in exercises:
            with zipfile.ZipFile(self.folder / f"{exercise.name}.zip", "w") as archive:
                archive.writestr("otter_config.json", json.dumps({"pdf": False}))
                for question in exercise.questions:
                    if any(check.public for check in question.checks):
                        test = TEST.format(
                            name=question.name,
                            points=question.max_score,
                            folder=str(exercise.checks_folder.parent),
                            exercise=exercise.name,
                        )
                        archive.writestr(f"tests/{question.name}.py", test)

    def grade(self, submission: Submission, run: Callable[..., None]) -> None:
        """Grade one right answer; exit unless it gets full points."""
        folder = self.folder / submission.student
        submission.write(folder)
        notebook = next(folder.glob("*/*/*.ipynb"))
        archive = self.folder / f"{submission.exercise}.zip"
        run(self.python.with_name("otter"), "run", "-a", archive, "-o", folder, "--no-logo", notebook, folder=folder)
        tests = json.loads((folder / "results.json").read_text("utf-8"))["tests"]
        scored = [test for test in tests if "max_score" in test]  # the first is a summary of the public tests
        if not scored or any(test["score"] < test["max_score"] for test in scored):
            sys.exit(f"otter-grader does not give {submission.student} full points: {tests}")
