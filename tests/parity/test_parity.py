"""One honest class, graded in every supported way, gets the same points for every question.

Plain nbgrader and otter-grader take ten seconds or more per submission, so they grade only the first students, unless
``AUTOGRADER_WHOLE_CLASS=1`` is set.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from autograder.course import Course, load_course
from autograder.release.make import write_source
from autograder.release.notebooks import source_notebook
from autograder.release.platform_bundles import write_assignment, write_bundle
from demo.make_class import Answers, right, wrong
from tests.integrations.nbgrader.conftest import api_of
from tests.parity import ways
from tests.parity.ways import Points, Student

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CLASS = {
    "tensor_ops": 12, "convolution": 9, "data_split": 5, "mlp": 1, "cnn": 1, "resnet": 1, "interpretability": 1,
}  # fmt: skip
"""Exercise → number of students; one where checks train, because those are slow."""
SLOW_WAYS = 30 if os.environ.get("AUTOGRADER_WHOLE_CLASS") else 2
"""The number of students per exercise that are graded in the slow ways."""


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    """Return the course with its student releases, but without solution notebooks, which take long to run."""
    root = tmp_path_factory.mktemp("parity") / "course"
    for name in ("solutions", "tests/checks", "tests/answers"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    loaded = load_course(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # nbgrader looks for alembic there
        patch.chdir(root)
        api = api_of(root)
        for exercise in loaded.exercises:
            release = root / "release"
            write_source(exercise, source_notebook(exercise, "unreleased"), release / "source" / exercise.name)
            made = api.generate_assignment(exercise.name, force=True)
            assert made["success"], made
            write_assignment(exercise, release / "student" / exercise.name, release / "otter" / exercise.name)
            write_bundle(exercise, release / "gradescope" / f"{exercise.name}.zip")
    return loaded


def mixed(exercise, number: int) -> Answers:
    """Answer some questions correctly, some wrongly, and leave some untouched; the first student answers all."""
    answers: Answers = {}
    for place, question in enumerate(exercise.questions):
        kind = "rrrr" if number == 0 else "rrwrs"
        match kind[(place + number) % len(kind)]:
            case "r":
                answers[question.name] = right(exercise, number)[question.name]
            case "w":
                answers[question.name] = wrong(exercise, number + place)[question.name]
    return answers


@pytest.fixture(scope="module")
def students(course) -> list[Student]:
    """Return the class, after writing its submissions."""
    made = [
        Student(f"student-{number}", course.exercise(name), mixed(course.exercise(name), number))
        for name, count in CLASS.items()
        for number in range(count)
    ]
    for student in made:
        student.hand_in(course.root / "submitted")
    return made


@pytest.fixture(scope="module")
def expected(course, students) -> Points:
    """Return the points that `autograder grade` gives."""
    return ways.by_autograder(course.root)


@pytest.fixture(scope="module")
def first(course, students, expected, tmp_path_factory) -> tuple[Course, list[Student], Points]:
    """Return a course with only the first students of each exercise, these students, and their expected points."""
    chosen = [student for student in students if int(student.name.removeprefix("student-")) < SLOW_WAYS]
    root = tmp_path_factory.mktemp("first") / "course"
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns("submitted", "alone"))
    for student in chosen:
        student.hand_in(root / "submitted")
    keys = {(student.name, student.exercise.name) for student in chosen}
    return load_course(root), chosen, {key: points for key, points in expected.items() if key[:2] in keys}


def test_the_class_is_worth_comparing(course, students, expected):
    assert len(students) >= 30
    assert {exercise for _, exercise, _ in expected} == {exercise.name for exercise in course.exercises}
    most = {question.name: question.max_score for exercise in course.exercises for question in exercise.questions}
    kinds = {
        "full" if points == most[name] else "some" if points else "none" for (*_, name), points in expected.items()
    }
    assert kinds == {"full", "some", "none"}


def test_nbgrader(course, expected, tmp_path):
    assert ways.by_nbgrader(course.root, CLASS, tmp_path) == expected


def test_plain_nbgrader(first, tmp_path):
    course, _, expected = first
    assert ways.by_nbgrader(course.root, CLASS, tmp_path, plain=True) == expected


def test_otter(first, tmp_path):
    pytest.importorskip("otter", reason='install it with: pip install -e ".[dev]"')
    course, students, expected = first
    assert ways.by_otter(course.root, students, tmp_path) == expected


def test_gradescope(course, students, expected, tmp_path):
    assert ways.by_gradescope(course.root, students, tmp_path) == expected
