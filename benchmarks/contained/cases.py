"""The submissions to grade in containers, and the points that each question must get."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autograder.course import Course, Exercise
from autograder.grading.one_submission import UNRELEASED
from autograder.release.make import cleared
from autograder.release.notebooks import source_notebook
from autograder.results.store import read_results
from demo.attacks import Attack, read_attacks
from demo.make_class import Answers, Notebook, Worth, attack_submission, attacked_exercise, model, right, wrong

KINDS = ("solution", "half-right", "untouched", "attack")
IMPOSSIBLE = {"hand_in_a_linked_folder"}
"""Gradescope creates the submission's folder itself, so that it cannot be a link."""


@dataclass(frozen=True)
class Case:
    """A submission in nbgrader's layout below ``handed_in``; an attack states the points that it must get."""

    name: str
    exercise: Exercise
    handed_in: Path
    attack: Attack | None = None

    @property
    def folder(self) -> Path:
        """The folder of all submitted files."""
        return self.handed_in / self.name / self.exercise.name


def write_honest(course: Course, kinds: Sequence[str], folder: Path) -> list[Case]:
    """Write the solution, a half right answer and the untouched notebook of each exercise."""
    made = []
    for exercise in course.exercises:
        answers: dict[str, Answers] = {"solution": model(exercise), "half-right": _half(exercise), "untouched": {}}
        for kind in (kind for kind in KINDS if kind in kinds and kind in answers):
            name = f"{kind}-{exercise.name}"
            _notebook(exercise).answer(answers[kind]).submission(name).write(folder)
            made.append(Case(name, exercise, folder))
    return made


def write_attacks(course: Course, tier: str, folder: Path) -> list[Case]:
    """Write every attack that a tier must stop; one on files gets a classmate's notebook that it may look for."""
    made = []
    for attack in read_attacks(tier=tier):
        if attack.name in IMPOSSIBLE:
            continue
        exercise = attacked_exercise(course.exercises, attack)
        case = Case(attack.name, exercise, folder / attack.name, attack)
        attack_submission(_notebook(exercise), attack).write(case.handed_in)
        if attack.hand_in is not None:
            _notebook(exercise).answer(right(exercise, 0)).submission("zoe").write(case.handed_in)
            attack.hand_in(case.folder / f"{exercise.name}.ipynb")
        made.append(case)
    return made


def _half(exercise: Exercise) -> Answers:
    """Answer rightly, wrongly, rightly, not at all, and so on."""
    kinds = (right(exercise, 0), wrong(exercise, 0), right(exercise, 0), {})
    return {
        question.name: kinds[place % 4][question.name]
        for place, question in enumerate(exercise.questions)
        if kinds[place % 4]
    }


@cache
def _released(exercise: Exercise) -> str:
    return json.dumps(cleared(source_notebook(exercise, UNRELEASED)))


def _notebook(exercise: Exercise) -> Notebook:
    """Return the notebook that students start from, made without a build."""
    return Notebook(exercise, json.loads(_released(exercise)))


def expected_points(course: Course, cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Return the points of each question, by case: those that an attack states, else those of ``autograder grade``."""
    points = {case.name: _of_attack(case, case.attack) for case in cases if case.attack is not None}
    for handed_in in {case.handed_in for case in cases if case.attack is None}:
        graded = handed_in.with_name(f"{handed_in.name}-graded")
        command = [sys.executable, "-m", "autograder", "grade", handed_in, "--course", course.root]
        command += ["--output", graded, "--gradebook", "none", "--allow-weak-sandbox"]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"autograder grade failed:\n{done.stdout}{done.stderr}")
        for result in read_results(graded):
            points[result.student] = {question.name: question.score for question in result.questions}
        shutil.rmtree(graded)
    return points


def _of_attack(case: Case, attack: Attack) -> dict[str, float]:
    """Return full points for the right answers beside an attack, or none if the file must be unreadable."""
    if attack.file == "unreadable":
        return dict.fromkeys((question.name for question in case.exercise.questions), 0.0)
    worth = attack_submission(_notebook(case.exercise), attack).worth
    return {
        question.name: question.max_score if worth[question.name] is Worth.FULL else 0.0
        for question in case.exercise.questions
    }
