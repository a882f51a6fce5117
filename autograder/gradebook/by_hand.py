"""What teachers entered in the formgrader, read from nbgrader's gradebook; nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.errors import FileError
from autograder.gradebook.cells import check_id
from autograder.results import ByHand

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_SUBMISSION = """
join submitted_notebook n on {table}.notebook_id = n.id
join submitted_assignment s on n.assignment_id = s.id join assignment a on s.assignment_id = a.id"""
_SCORES = f"""
select s.student_id, a.name, b.name, coalesce(g.manual_score, g.auto_score, 0) + coalesce(g.extra_credit, 0)
from grade g join base_cell b on g.cell_id = b.id {_SUBMISSION.format(table="g")}
where g.manual_score is not null or g.extra_credit is not null"""
_COMMENTS = f"""
select s.student_id, a.name, b.name, c.manual_comment
from comment c join base_cell b on c.cell_id = b.id {_SUBMISSION.format(table="c")}
where c.manual_comment is not null"""
_PENALTIES = """
select s.student_id, a.name, n.late_submission_penalty from submitted_notebook n
join submitted_assignment s on n.assignment_id = s.id join assignment a on s.assignment_id = a.id
where n.late_submission_penalty is not null"""

Entered = dict[tuple[str, str], ByHand]
"""What was entered, by student and exercise."""


def read_by_hand(db_url: str) -> Entered:
    """Return what was entered for each submission; nothing where there is no gradebook yet.

    Raises `FileError` where it cannot be read.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = make_url(db_url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return {}
        return _joined(*_rows(url))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        raise FileError(
            f"nbgrader's gradebook cannot be read: {reason}. Name the right one with c.CourseDirectory.db_url. "
            "Nothing was written."
        ) from error


def _rows(url: URL) -> list[Sequence[Any]]:
    """Return what was entered: scores, comments, penalties."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [connection.execute(text(query)).all() for query in (_SCORES, _COMMENTS, _PENALTIES)]
    finally:
        engine.dispose()


def _joined(scores: Iterable[Any], comments: Iterable[Any], penalties: Iterable[Any]) -> Entered:
    points: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    remarks: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    taken = {(student, exercise): float(penalty) for student, exercise, penalty in penalties if penalty}
    for student, exercise, cell, score in scores:
        points[student, exercise][cell.removeprefix(check_id(""))] = float(score)
    for student, exercise, cell, comment in comments:
        if comment.strip():
            remarks[student, exercise][cell] = comment
    keys = {*points, *remarks, *taken}
    return {key: ByHand(points.get(key, {}), remarks.get(key, {}), taken.get(key, 0.0)) for key in keys}
