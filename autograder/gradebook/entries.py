"""Read nbgrader's gradebook: which results it lacks, and what teachers entered in the formgrader.

A few SQL queries suffice. Going through nbgrader's records takes half a minute for a class of a thousand, and locks the
gradebook even if there is nothing to write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.course import Course, Exercise, Question
from autograder.course.cells import check_id
from autograder.errors import FileError
from autograder.results.model import ByHand, Outcome, QuestionResult, Result, Status
from autograder.submissions.timestamps import read_timestamp

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection

_SUBMISSIONS = """
select a.name, s.student_id, s.timestamp from submitted_assignment s join assignment a on s.assignment_id = a.id"""
_OF_SUBMISSION = """
join submitted_notebook n on {table}.notebook_id = n.id
join submitted_assignment s on n.assignment_id = s.id join assignment a on s.assignment_id = a.id"""
_GRADES = f"""
select a.name, s.student_id, b.name, g.auto_score, g.manual_score, g.needs_manual_grade
from grade g join base_cell b on g.cell_id = b.id {_OF_SUBMISSION.format(table="g")}"""
_COMMENTS = f"""
select a.name, s.student_id, b.name, c.auto_comment
from comment c join base_cell b on c.cell_id = b.id {_OF_SUBMISSION.format(table="c")}"""
_GRADE_CELLS = """
select a.name, b.name, g.max_score from grade_cells g join base_cell b on g.id = b.id
join notebook n on b.notebook_id = n.id join assignment a on n.assignment_id = a.id"""
_SOLUTION_CELLS = """
select a.name, b.name from solution_cells c join base_cell b on c.id = b.id
join notebook n on b.notebook_id = n.id join assignment a on n.assignment_id = a.id"""
_SOURCE_CELLS = """
select a.name, c.name from source_cell c
join notebook n on c.notebook_id = n.id join assignment a on n.assignment_id = a.id"""


def score_of(status: Status, question: QuestionResult | None) -> tuple[float | None, bool]:
    """Return the automatic score of a question (None if it is unknown), and whether it needs review."""
    if status is Status.UNREADABLE:
        return 0.0, True  # marked, so that a teacher asks for the file again
    if question is None or question.needs_review:
        return None, True
    return question.score, False


def comment_of(question: Question, result: Result) -> str | None:
    """Return nbgrader's automatic comment on a question: that it was not answered, or why it was not graded."""
    if result.status is Status.UNREADABLE:
        return result.message or "This submission could not be read."
    found = next((graded for graded in result.questions if graded.name == question.name), None)
    return None if found is None or _is_attempted(found) else "No response."  # nbgrader's own words


def _is_attempted(question: QuestionResult) -> bool:
    return any(check.outcome is not Outcome.NOT_ATTEMPTED for check in question.checks)


def folder_of(submitted: Path | None, result: Result) -> Path | None:
    """Return the folder of a submission among nbgrader's submissions, or None if it is not there."""
    folder = submitted / result.student / result.exercise if submitted else None
    return folder if folder and folder.is_dir() else None


def time_handed_in(folder: Path) -> datetime | None:
    """Return the time of a submission as nbgrader stores it: in UTC, without a zone."""
    when = read_timestamp(folder)
    return None if when is None else when.replace(tzinfo=None)


def not_recorded(url: URL, course: Course, results: Iterable[Result], submitted: Path | None) -> list[Result]:
    """Return the results that the gradebook lacks or has differently; all of them if it cannot be read."""
    from sqlalchemy.exc import SQLAlchemyError

    wanted = list(results)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return wanted  # SQLite would create the file
    try:
        with _connected(url) as connection:
            recorded = _read(connection)
    except SQLAlchemyError:  # the gradebook is new, locked or broken: writing to it will say so
        return wanted
    known = {exercise.name for exercise in course.exercises if recorded.knows(exercise)}
    return [
        result
        for result in wanted
        if result.exercise not in known
        or not recorded.holds(course.exercise(result.exercise), result)
        or not recorded.has_submission(result, folder_of(submitted, result))
    ]


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    from sqlalchemy import create_engine

    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()  # otherwise its pool keeps the connection open


@dataclass
class _Recorded:
    """Everything that the gradebook contains about automatic grades."""

    submissions: dict[tuple[str, str], Any] = field(default_factory=dict)
    grades: dict[tuple[str, str, str], tuple[float | None, float | None, bool]] = field(default_factory=dict)
    comments: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    max_scores: dict[tuple[str, str], float] = field(default_factory=dict)
    solutions: set[tuple[str, str]] = field(default_factory=set)
    sources: set[tuple[str, str]] = field(default_factory=set)

    def knows(self, exercise: Exercise) -> bool:
        """Whether the gradebook has the exercise's cells with their points."""
        return all(
            self.max_scores.get((exercise.name, check_id(question.name))) == question.max_score
            and (exercise.name, question.name) in self.solutions
            and (exercise.name, check_id(question.name)) in self.sources
            for question in exercise.questions
        )

    def has_submission(self, result: Result, folder: Path | None) -> bool:
        """Whether the gradebook has the submission, with the time in its folder."""
        key = result.exercise, result.student
        return key in self.submissions and (folder is None or self.submissions[key] == time_handed_in(folder))

    def holds(self, exercise: Exercise, result: Result) -> bool:
        """Whether every question has this result's score and comment."""
        questions = {question.name: question for question in result.questions}
        for question in exercise.questions:
            key = exercise.name, result.student
            score, needs_review = score_of(result.status, questions.get(question.name))
            # -1 is not a possible score, so a missing grade always differs.
            auto, manual, needs_manual = self.grades.get((*key, check_id(question.name)), (-1.0, None, False))
            # Beside a manual score, the mark is the teacher's: it is set only when the automatic score changes.
            if auto != score or (manual is None and needs_manual != needs_review):
                return False
            comment = comment_of(question, result)
            if self.comments.get((*key, question.name), comment) != comment:  # no entry: nothing to write into
                return False
        return True


def _read(connection: Connection) -> _Recorded:
    from sqlalchemy import DateTime, text

    def rows(query: str) -> Iterable[Any]:
        return connection.execute(text(query))

    # SQLite returns times as text unless their type is declared.
    dated = connection.execute(text(_SUBMISSIONS).columns(timestamp=DateTime()))
    return _Recorded(
        submissions={(exercise, student): when for exercise, student, when in dated},
        grades={
            (exercise, student, cell): (auto, manual, bool(needs_manual))
            for exercise, student, cell, auto, manual, needs_manual in rows(_GRADES)
        },
        comments={(exercise, student, cell): comment for exercise, student, cell, comment in rows(_COMMENTS)},
        max_scores={(exercise, cell): points for exercise, cell, points in rows(_GRADE_CELLS)},
        solutions={(exercise, cell) for exercise, cell in rows(_SOLUTION_CELLS)},
        sources={(exercise, cell) for exercise, cell in rows(_SOURCE_CELLS)},
    )


# --- What teachers entered ----------------------------------------------------------------------------------------
# As in nbgrader's `Grade.score`: a manual score replaces the automatic one, and extra credit is added.
_SCORES = f"""
select s.student_id, a.name, b.name, coalesce(g.manual_score, g.auto_score, 0) + coalesce(g.extra_credit, 0)
from grade g join base_cell b on g.cell_id = b.id {_OF_SUBMISSION.format(table="g")}
where g.manual_score is not null or g.extra_credit is not null"""
_MANUAL_COMMENTS = f"""
select s.student_id, a.name, b.name, c.manual_comment
from comment c join base_cell b on c.cell_id = b.id {_OF_SUBMISSION.format(table="c")}
where c.manual_comment is not null"""
_PENALTIES = """
select s.student_id, a.name, n.late_submission_penalty from submitted_notebook n
join submitted_assignment s on n.assignment_id = s.id join assignment a on s.assignment_id = a.id
where n.late_submission_penalty is not null"""

Entered = dict[tuple[str, str], ByHand]
"""What teachers entered, by student and exercise."""


def read_by_hand(db_url: str) -> Entered:
    """Return what teachers entered for each submission; empty if there is no gradebook yet.

    Raises `FileError` if the gradebook cannot be read.
    """
    from sqlalchemy import text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = make_url(db_url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return {}
        with _connected(url) as connection:
            rows = [connection.execute(text(query)).all() for query in (_SCORES, _MANUAL_COMMENTS, _PENALTIES)]
        return _joined(*rows)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        raise FileError(
            f"nbgrader's gradebook cannot be read: {reason}. Name the right one with c.CourseDirectory.db_url; "
            "nothing was written."
        ) from error


def _joined(scores: Iterable[Any], comments: Iterable[Any], penalties: Iterable[Any]) -> Entered:
    points: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    remarks: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    late = {(student, exercise): float(penalty) for student, exercise, penalty in penalties if penalty}
    for student, exercise, cell, score in scores:
        points[student, exercise][cell.removeprefix(check_id(""))] = float(score)
    for student, exercise, cell, comment in comments:
        if comment.strip():
            remarks[student, exercise][cell] = comment
    keys = {*points, *remarks, *late}
    return {key: ByHand(points.get(key, {}), remarks.get(key, {}), late.get(key, 0.0)) for key in keys}
