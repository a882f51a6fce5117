"""The class of `make demo`: seven made-up students, from the model answer to a notebook that attacks the grader.

``python docs/demo.py hand-in FOLDER`` fills FOLDER with what they hand in: notebooks of the student release, with
answers from tests/answers. ``python docs/demo.py feedback GRADED`` shows what came of some of them.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.course import Course, Exercise, load_course
from autograder.proving.answers import read_answers
from autograder.results import CheckResult, Outcome, Result, read_results, write_atomic

COURSE = Path(__file__).resolve().parents[1]

ENDLESS = """
def {name}(*arguments, **keywords):
    while True:
        pass
"""

# In one process with the checks, each of these three tricks would be worth full marks.
CHEAT = """
import sys
from pathlib import Path

import torch

torch.isclose = torch.eq = lambda *arguments, **keywords: torch.ones((), dtype=torch.bool)
frame = sys._getframe()
while frame is not None:
    for value in list(frame.f_locals.values()):
        if type(value).__name__ == "CheckResult":
            object.__setattr__(value, "outcome", "passed")
    frame = frame.f_back
checks = Path({checks!r})
stolen = checks.read_text() if checks.exists() else "not there"


def {name}(*arguments, **keywords):
    return stolen
"""


def model(exercise: Exercise, _name: str) -> dict[str, str]:
    """Answer every question with the solution."""
    from autograder.notebook.cells import read_cells

    cells = {cell.id: cell.source for cell in read_cells(exercise.solution)}
    return {question.name: cells[question.name] for question in exercise.questions}


def some_mistakes(exercise: Exercise, name: str) -> dict[str, str]:
    """Answer every second question with a typical mistake, another one for each student."""
    answers = model(exercise, name)
    for question in exercise.questions[::2]:
        wrong = [answer.source for answer in read_answers(exercise, question) if answer.kind == "wrong"]
        answers[question.name] = wrong[len(name) % len(wrong)]
    return answers


def half(exercise: Exercise, name: str) -> dict[str, str]:
    """Answer the first half of the questions and leave the rest as it was."""
    names = [question.name for question in exercise.questions]
    return {key: source for key, source in model(exercise, name).items() if key in names[: len(names) // 2]}


def endless_loop(exercise: Exercise, name: str) -> dict[str, str]:
    """Answer one question with an endless loop; the one with the fewest checks, so that the demo is short."""
    question = min(exercise.questions, key=lambda question: len(question.checks)).name
    return model(exercise, name) | {question: ENDLESS.format(name=question)}


def cheating(exercise: Exercise, _name: str) -> dict[str, str]:
    """Attack the grader instead of answering."""
    checks = str(exercise.checks)
    return {question.name: CHEAT.format(name=question.name, checks=checks) for question in exercise.questions}


def nothing(_exercise: Exercise, _name: str) -> dict[str, str]:
    """Hand in the notebook as it was given."""
    return {}


STUDENTS: dict[str, Callable[[Exercise, str], dict[str, str]]] = {
    "ada": model,
    "ben": some_mistakes,
    "carla": some_mistakes,
    "deniz": half,
    "emil": endless_loop,
    "mallory": cheating,
    "nils": nothing,
}


def hand_in(course: Course, folder: Path) -> None:
    """Write everybody's notebooks below ``folder``; deniz hands in one web page by mistake."""
    import nbformat

    for exercise in course.exercises:
        handed_out = course.root / "release" / "student" / exercise.name / f"{exercise.name}.ipynb"
        for student, answer in STUDENTS.items():
            notebook: Any = nbformat.read(handed_out, as_version=4)
            answers = answer(exercise, student)
            for cell in notebook.cells:
                cell.source = answers.get(cell.id, cell.source)
            path = folder / student / exercise.name / handed_out.name
            write_atomic(path, nbformat.writes(notebook).encode())
    last = course.exercises[-1].name
    write_atomic(folder / "deniz" / last / f"{last}.ipynb", b"<!DOCTYPE html><title>Log in</title>")


SHOWN = [
    ("ben", Outcome.FAILED, "public"),
    ("ben", Outcome.FAILED, "hidden"),
    ("emil", Outcome.TIMED_OUT, "public"),
    ("mallory", Outcome.FAILED, "public"),
]


def show_feedback(results: list[Result]) -> None:
    """Print one failure of each kind, as its student reads it."""
    print("\nWhat students read, for instance:")
    for student, outcome, visibility in SHOWN:
        found = [
            (question.name, check)
            for result in results
            if result.student == student
            for question in result.questions
            for check in question.checks
            if (check.outcome, check.visibility) == (outcome, visibility)
        ]
        for name, check in found[:1]:
            _print_check(f"{student}, {name}", check)


def _print_check(where: str, check: CheckResult) -> None:
    print(f"\n  {where} ({check.visibility} check): {check.title}")
    print(f"    {check.outcome}, {check.points:g} of {check.max_points:g} points")
    for line in check.message.splitlines():
        print(textwrap.fill(line, 100, initial_indent="    ", subsequent_indent="    "))


def main(arguments: list[str]) -> None:
    """Do the one of the two steps that is asked for."""
    match arguments:
        case ["hand-in", folder]:
            hand_in(load_course(COURSE), Path(folder))
        case ["feedback", folder]:
            show_feedback(read_results(Path(folder)))
            print(f"\nAll of it: {folder}/grades.csv and {folder}/<student>/<exercise>.json")
            print("The notebooks that students get: release/student/")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
