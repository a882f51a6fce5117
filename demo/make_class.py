"""Make up a class: its submissions, and what each answer must be worth.

Every submission is a notebook of the student release, filled with answers from tests/answers, with accidents that
happen to students' notebooks, or with an attack from tests/attacks. The class is the same every time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from autograder.course import Course, Exercise
from autograder.proving.answers import read_answers
from autograder.submissions.read import read_cells
from demo.attacks import Attack, read_attacks

EXERCISES = ("tensor_ops", "convolution")
"""The exercises that the class submits: those graded in less than a second."""


class Worth(Enum):
    """What the grader must give for a question."""

    FULL = "full points"
    LESS = "less than full points"
    NOTHING = "no points"


@dataclass(frozen=True)
class Answer:
    """A student's source for one solution cell, and what it is worth."""

    source: str
    worth: Worth


Answers = dict[str, Answer]
"""Question → answer. The cells of other questions are left as they were handed out."""


@dataclass(frozen=True)
class Submission:
    """One submitted file. ``worth`` maps each question to what the grader must give for it."""

    student: str
    exercise: str
    content: bytes
    worth: dict[str, Worth] = field(default_factory=dict)
    attack: Attack | None = None

    def write(self, folder: Path) -> None:
        """Write the file below ``folder`` in nbgrader's layout."""
        path = folder / self.student / self.exercise / f"{self.exercise}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)


def make_class(course: Course, *, tier: str = "A") -> list[Submission]:
    """Return all submissions of the class; the student release must have been built."""
    exercises = [course.exercise(name) for name in EXERCISES]
    attacks = [
        attack_submission(Notebook(attacked_exercise(exercises, attack)), attack)
        for attack in read_attacks(tier=tier)
        if attack.in_demo
    ]
    everyday = [submission for exercise in exercises for submission in _everyday(exercise)]
    return [*everyday, *_mishaps(*exercises), *attacks]


def right_submissions(course: Course, count: int) -> Iterator[Submission]:
    """Yield ``count`` submissions that earn full points, alternating between exercises, in all collected styles."""
    for number in range(count):
        exercise = course.exercise(EXERCISES[number % len(EXERCISES)])
        style = number // len(EXERCISES)
        notebook = Notebook(exercise).answer(right(exercise, style))
        yield notebook.submission(f"student-{number:03}")


# --- Answers --------------------------------------------------------------------------------------


@cache
def _collected(exercise: Exercise, question: str, kind: str) -> tuple[str, ...]:
    return tuple(answer.source for answer in read_answers(exercise, exercise.question(question)) if answer.kind == kind)


def right(exercise: Exercise, style: int) -> Answers:
    """Answer every question correctly, in one of the collected styles."""
    return {q.name: _choice(exercise, q.name, "right", style, Worth.FULL) for q in exercise.questions}


def wrong(exercise: Exercise, style: int) -> Answers:
    """Answer every question with a typical mistake."""
    return {q.name: _choice(exercise, q.name, "wrong", style, Worth.LESS) for q in exercise.questions}


def model(exercise: Exercise) -> Answers:
    """Answer every question with the course's solution."""
    cells = {cell.id: cell.source for cell in read_cells(exercise.solution)}
    return {question.name: Answer(cells[question.name], Worth.FULL) for question in exercise.questions}


def _choice(exercise: Exercise, question: str, kind: str, style: int, worth: Worth) -> Answer:
    sources = _collected(exercise, question, kind)
    return Answer(sources[style % len(sources)], worth)


def _first(count: int, answers: Answers) -> Answers:
    return dict(list(answers.items())[:count])


def _last(count: int, answers: Answers) -> Answers:
    """Return the last answers. A mistake in them affects no other answer, as answers use only earlier ones."""
    return dict(list(answers.items())[-count:])


# --- Submissions ----------------------------------------------------------------------------------


class Notebook:
    """A notebook that a student works on: a ``document``, or else that of the student release."""

    def __init__(self, exercise: Exercise, document: dict[str, Any] | None = None) -> None:
        self.exercise = exercise
        if document is None:
            folder = exercise.solution.parents[1] / "release" / "student" / exercise.name
            document = json.loads((folder / f"{exercise.name}.ipynb").read_text("utf-8"))
        self.document: dict[str, Any] = document
        self.cells: list[dict[str, Any]] = self.document["cells"]
        self.worth = dict.fromkeys((question.name for question in exercise.questions), Worth.NOTHING)

    def answer(self, answers: Answers) -> Notebook:
        """Fill solution cells."""
        for question, answer in answers.items():
            self.cells[self.place_of(question)]["source"] = answer.source
            self.worth[question] = answer.worth
        return self

    def place_of(self, identity: str) -> int:
        """Return the index of a cell."""
        return next(place for place, cell in enumerate(self.cells) if cell["id"] == identity)

    def insert(self, before: str, source: str) -> None:
        """Insert a cell of the student's own before another cell."""
        cell = {"cell_type": "code", "execution_count": None, "id": "my-own-cell", "metadata": {}, "outputs": []}
        self.cells.insert(self.place_of(before), {**cell, "source": source})

    def submission(self, student: str, attack: Attack | None = None) -> Submission:
        """Return the notebook as a student's submission."""
        content = json.dumps(self.document, indent=1, ensure_ascii=False).encode()
        return Submission(student, self.exercise.name, content, self.worth, attack)


def _everyday(exercise: Exercise) -> Iterator[Submission]:
    """Yield submissions without accidents: right, partly right, wrong and untouched."""
    students = {
        "ada": model(exercise),
        "barbara": right(exercise, 0),
        "edsger": right(exercise, 1),
        "emmy": right(exercise, 2),
        "frances": right(exercise, 3),
        "grace": right(exercise, 0) | _last(1, wrong(exercise, 0)),
        "john": right(exercise, 1) | _last(2, wrong(exercise, 4)),
        "karen": right(exercise, 2) | _last(3, wrong(exercise, 7)),
        "margaret": _first(3, right(exercise, 3)),
        "niklaus": _first(2, right(exercise, 0)) | _last(1, wrong(exercise, 2)),
        "rozsa": wrong(exercise, 1),
        "tony": {},
    }
    for student, answers in students.items():
        yield Notebook(exercise).answer(answers).submission(student)


def _mishaps(first: Exercise, second: Exercise) -> Iterator[Submission]:
    """Yield submissions after accidents with notebooks and files."""
    yield syntax_error(first).submission("alan")
    yield deleted_cells(second).submission("claude")
    yield duplicated_cells(first).submission("donald")
    yield duplicated_cells(second).submission("donald")
    nothing = dict.fromkeys((question.name for question in second.questions), Worth.NOTHING)
    page = b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Your session has ended.</body></html>\n"
    yield Submission("konrad", second.name, page, nothing)
    yield Submission("radia", second.name, b"", nothing)


def syntax_error(exercise: Exercise) -> Notebook:
    """Answer correctly, but drop the colon after the first function's signature."""
    notebook = Notebook(exercise).answer(right(exercise, 0))
    question = exercise.questions[0].name
    cell = notebook.cells[notebook.place_of(question)]
    cell["source"] = cell["source"].replace("):", ")", 1)
    notebook.worth[question] = Worth.NOTHING
    return notebook


def deleted_cells(exercise: Exercise) -> Notebook:
    """Answer correctly, then delete the last answer and all cells that run checks."""
    notebook = Notebook(exercise).answer(right(exercise, 1))
    question = exercise.questions[-1].name
    gone = {question, *(f"check-{q.name}" for q in exercise.questions)}
    notebook.cells[:] = [cell for cell in notebook.cells if cell["id"] not in gone]
    notebook.worth[question] = Worth.NOTHING
    return notebook


def duplicated_cells(exercise: Exercise) -> Notebook:
    """Answer wrongly, duplicate every solution cell with its id, and answer correctly in the second copy."""
    notebook = Notebook(exercise).answer(right(exercise, 2))
    for question, first_try in wrong(exercise, 0).items():
        place = notebook.place_of(question)
        notebook.cells.insert(place, {**notebook.cells[place], "source": first_try.source})
    return notebook


def attacked_exercise(exercises: Iterable[Exercise], attack: Attack) -> Exercise:
    """Return the first exercise that has all questions of an attack."""
    return next(e for e in exercises if attack.answers.keys() <= {q.name for q in e.questions})


def attack_submission(notebook: Notebook, attack: Attack, student: str = "") -> Submission:
    """Return a submission with an attack among right answers."""
    exercise = notebook.exercise
    hostile = {question: Answer(source, Worth.NOTHING) for question, source in attack.answers.items()}
    notebook.answer((right(exercise, 0) if exercise.name in EXERCISES else {}) | hostile)
    if attack.first:
        notebook.insert(exercise.questions[0].name, attack.first)
    return notebook.submission(student or attack.name, attack)
