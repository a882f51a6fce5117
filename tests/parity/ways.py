"""The ways to grade a class: each returns the points of every question of every submission."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from autograder.course import Exercise
from autograder.grading.scheduler import Shared, modules_to_preload
from autograder.integrations.gradescope import container as run_in_gradescope
from autograder.integrations.gradescope.container import Places
from autograder.results.store import read_results
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from demo.make_class import Answers, Notebook

Item = TypeVar("Item")
BIN = Path(sys.executable).parent
Points = dict[tuple[str, str, str], float]
"""(Student, exercise, question) → points."""


@dataclass(frozen=True)
class Student:
    """One student's answers to one exercise."""

    name: str
    exercise: Exercise
    answers: Answers

    def hand_in(self, folder: Path, document: Path | None = None) -> Path:
        """Write the answers into the released notebook, or another ``document``, without figures; return the file."""
        content = None if document is None else json.loads(document.read_text("utf-8"))
        notebook = Notebook(self.exercise, content)
        for cell in notebook.cells:
            tags = cell["metadata"].get("tags", [])
            if "active-ipynb" in tags and "grader" not in "".join(cell["source"]):
                cell["source"] = "# The figure was left out."
        notebook.answer(self.answers).submission(self.name).write(folder)
        return folder / self.name / self.exercise.name / f"{self.exercise.name}.ipynb"


def run(folder: Path, *command: str | Path) -> None:
    """Run a program that is installed beside this Python, in a folder."""
    environment = os.environ | {"PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"


def by_autograder(course: Path) -> Points:
    """Grade with ``autograder grade``, which the others are compared with."""
    run(course, "autograder", "grade", "submitted", "--gradebook", "none", "--output", "alone", "--allow-weak-sandbox")
    return {
        (result.student, result.exercise, question.name): question.score
        for result in read_results(course / "alone")
        for question in result.questions
    }


def by_nbgrader(course: Path, exercises: Iterable[str], folder: Path, *, plain: bool = False) -> Points:
    """Grade with ``nbgrader autograde``, each exercise in a copy of the course.

    ``plain`` removes the settings that replace nbgrader's own steps.
    """

    def grade(exercise: str) -> Points:
        copy = Path(shutil.copytree(course, folder / exercise, ignore=shutil.ignore_patterns("alone")))
        if plain:
            config = copy / "nbgrader_config.py"
            config.write_text(re.sub(r"^c\.Autograde\..*\n", "", config.read_text("utf-8"), flags=re.M))
        run(copy, "nbgrader", "autograde", exercise, *([] if plain else ["--Grade.allow_weak_sandbox=True"]))
        return _points_in_gradebook(copy)

    return _all(grade, exercises)


def _points_in_gradebook(course: Path) -> Points:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            (submission.student.id, assignment.name, grade.name.removeprefix("check-")): grade.auto_score
            for assignment in book.assignments
            for submission in assignment.submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def by_otter(course: Path, students: Iterable[Student], folder: Path) -> Points:
    """Grade with ``otter run``, from otter's notebook."""

    def grade(student: Student) -> Points:
        release = course / "release" / "otter" / student.exercise.name
        name = f"{student.exercise.name}.ipynb"
        notebook = student.hand_in(folder, release / "student" / name)
        run(notebook.parent, "otter", "run", "-a", release / "autograder.zip", "-o", ".", "--no-logo", name)
        tests = json.loads((notebook.parent / "results.json").read_text("utf-8"))["tests"]
        scored = [test for test in tests if "max_score" in test]  # the first is a summary of the public tests
        return {(student.name, student.exercise.name, test["name"]): test["score"] for test in scored}

    return _all(grade, students)


def by_gradescope(course: Path, students: Collection[Student], folder: Path) -> Points:
    """Grade with the program of Gradescope's container, but without the container, and with one shared engine."""

    def grade(student: Student) -> Points:
        root = folder / f"{student.name}-{student.exercise.name}"
        zipfile.ZipFile(course / "release" / "gradescope" / f"{student.exercise.name}.zip").extractall(root / "source")
        (root / "submission").mkdir()
        (root / "results").mkdir()
        handed_in = course / "submitted" / student.name / student.exercise.name / f"{student.exercise.name}.ipynb"
        shutil.copy(handed_in, root / "submission" / "my answers.ipynb")
        places = Places(root)
        run_in_gradescope.grade_submission(places)
        points: Points = {}
        for test in json.loads(places.results.read_text("utf-8"))["tests"]:
            key = (student.name, student.exercise.name, test["tags"][0])
            points[key] = round(points.get(key, 0.0) + test["score"], 6)
        return points

    modules = modules_to_preload([student.exercise for student in students])
    with Engine(best_tier(), preload=modules) as engine, pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_in_gradescope, "Engine", lambda *_arguments, **_options: Shared(engine))
        return _all(grade, students)


def _all(grade: Callable[[Item], Points], items: Iterable[Item]) -> Points:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {key: score for points in pool.map(grade, items) for key, score in points.items()}
