"""Grades as tables that any spreadsheet reads: one row for each submission, and one for each question.

``grades.csv`` and ``questions.csv`` are long tables: whatever the exercises, the columns are the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.course import Course
from autograder.results import Result, Status, write_atomic
from autograder.spreadsheet import one_line, write_table

GRADES = "grades.csv"
QUESTIONS = "questions.csv"

GRADE_COLUMNS = (
    *("student", "exercise", "status", "score", "max_score", "bonus"),
    *("needs_human", "message", "release", "tier"),
)
QUESTION_COLUMNS = ("student", "exercise", "question", "score", "max_score", "needs_human")


def write_grades(output: Path, results: Iterable[Result], course: Course) -> tuple[Path, Path]:
    """Write ``grades.csv`` and ``questions.csv`` below ``output``, sorted; return their paths.

    ``max_score`` is the course's own where a submission could not be graded, so that it counts as zero of it.
    """
    ordered = sorted(results, key=lambda result: (result.student, result.exercise))
    questions = [row for result in ordered for row in _question_rows(result)]
    write_atomic(output / GRADES, grades_table(ordered, course))
    write_atomic(output / QUESTIONS, write_table(QUESTION_COLUMNS, questions))
    return output / GRADES, output / QUESTIONS


def grades_table(results: Iterable[Result], course: Course) -> bytes:
    """Return what ``grades.csv`` holds: one row a submission, sorted."""
    most = {exercise.name: exercise.max_score for exercise in course.exercises}
    ordered = sorted(results, key=lambda result: (result.student, result.exercise))
    return write_table(GRADE_COLUMNS, [_grade_row(result, most) for result in ordered])


def _grade_row(result: Result, most: dict[str, float]) -> list[str]:
    needs_human = result.status is not Status.GRADED or any(question.needs_human for question in result.questions)
    return [
        *(one_line(result.student), one_line(result.exercise), result.status.value),
        *(
            _number(result.score),
            _number(result.max_score or most.get(result.exercise, 0.0)),
            _number(result.bonus),
        ),
        *(_yes(needs_human), one_line(result.message), one_line(result.release), one_line(result.tier)),
    ]


def _question_rows(result: Result) -> list[list[str]]:
    return [
        [
            *(one_line(result.student), one_line(result.exercise), one_line(question.name)),
            *(_number(question.score), _number(question.max_score), _yes(question.needs_human)),
        ]
        for question in result.questions
    ]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(round(value, 6))


def _yes(value: bool) -> str:
    return "yes" if value else ""
