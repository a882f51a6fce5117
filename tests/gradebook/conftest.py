"""Fixtures: a class of two exercises and three students, with made-up results."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from autograder.course import Check, CheckFiles, Course, Exercise, Question
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status

POINTS = {"tensor_ops": {"add": (1.0, 2.0), "norm": (1.5,)}, "convolution": {"conv2d": (2.0, 2.0)}}


def make_question(name: str, points: tuple[float, ...]) -> Question:
    return Question(
        name, tuple(Check(f"check{n}", name, f"It does {n}.", value, public=n == 0) for n, value in enumerate(points))
    )


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory) -> Path:
    """An empty gradebook that tests copy, because nbgrader starts two programs to create one."""
    from nbgrader.api import Gradebook

    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        Gradebook(f"sqlite:///{path}", "tiny").close()
    return path


@pytest.fixture
def course(tmp_path) -> Course:
    """A course in a folder in which nbgrader can run; convolution is optional."""
    root = tmp_path / "course"
    root.mkdir()
    (root / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "tiny"\n')
    exercises = tuple(
        Exercise(
            exercise,
            root / "solutions" / f"{exercise}.py",
            "",
            CheckFiles((), ()),
            tuple(make_question(name, points) for name, points in questions.items()),
            optional=exercise == "convolution",
        )
        for exercise, questions in POINTS.items()
    )
    return Course(root, exercises)


@pytest.fixture
def gradebook(course, empty_gradebook) -> Path:
    """The course's gradebook, which is empty."""
    return Path(shutil.copy(empty_gradebook, course.root / "gradebook.db"))


@pytest.fixture
def dump(course) -> Callable[[], list[str]]:
    """Return a function that returns the whole gradebook as SQL."""

    def read() -> list[str]:
        with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
            return list(database.iterdump())

    return read


Grade = Callable[..., Result]


@pytest.fixture
def grade(course) -> Grade:
    """Return a function that makes a result: ``grade("ada", "convolution", conv2d="passed failed")``."""

    def make(student: str, exercise: str, status: Status = Status.GRADED, message: str = "", **outcomes: str) -> Result:
        known = course.exercise(exercise)
        questions = [
            QuestionResult(
                name,
                tuple(
                    CheckResult(
                        *(check.name, check.title, check.visibility, outcome),
                        points=check.points if outcome is Outcome.PASSED else 0.0,
                        max_points=check.points,
                        message="" if outcome is Outcome.PASSED else "It is 3 where 4 was expected.",
                    )
                    for check, outcome in zip(known.question(name).checks, map(Outcome, words.split()), strict=True)
                ),
            )
            for name, words in outcomes.items()
        ]
        return Result(
            *(student, exercise, "2026.1", "sub", "checks", "env", "A", status),
            questions=tuple(questions),
            message=message,
            optional=known.optional,
        )

    return make


@pytest.fixture
def results(grade) -> list[Result]:
    """Ada is right, Bob is half right and has one unreadable notebook, and Zoë met a grader error."""
    return [
        grade("ada", "tensor_ops", add="passed passed", norm="passed"),
        grade("ada", "convolution", conv2d="passed passed"),
        grade("bob", "tensor_ops", add="passed failed", norm="not_attempted"),
        grade("bob", "convolution", Status.UNREADABLE, "The file is empty."),
        grade("zoë", "tensor_ops", add="passed grader_error", norm="timed_out"),
    ]


def put_submission(root: Path, student: str, exercise: str, text: str = "{}", when: str = "") -> Path:
    path = root / "submitted" / student / exercise / f"{exercise}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if when:
        (path.parent / "timestamp.txt").write_text(when)
    return path


@pytest.fixture
def hand_in(course) -> Callable[..., Path]:
    """Return a function that writes a file to nbgrader's folder of submissions."""

    def put(student: str, exercise: str, text: str = "{}", when: str = "") -> Path:
        return put_submission(course.root, student, exercise, text, when)

    return put
