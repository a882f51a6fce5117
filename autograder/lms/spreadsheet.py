"""Tables as CSV: written so that no spreadsheet finds a formula in them, read whatever program wrote them.

Plain data: used by the gradebook's tables, and by what comes from learning platforms and goes back to them.

Grades as tables that any spreadsheet reads: one row for each submission, and one for each question.

``grades.csv`` and ``questions.csv`` are long tables: whatever the exercises, the columns are the same.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course
from autograder.errors import FileError, reading
from autograder.files import write_atomic
from autograder.results.model import Result, Status
from autograder.text import printable

# What a spreadsheet takes for the beginning of a formula, the wide forms of East Asian keyboards included.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = set("=+-@＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")
_MARK = "'"

MAX_BYTES = 32 * 2**20
"""The largest table that is read: hundreds of bytes for each of the students of a large university."""


@dataclass(frozen=True)
class Table:
    """A table with a header, and how it was written: what goes back to a platform keeps its separator."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str = ","
    bom: bool = False


def escape_formula(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before what would begin one.

    `unescape_formula` undoes it.
    """
    first = next((c for c in cell if c != _MARK and c.isprintable() and not c.isspace()), "")
    return _MARK + cell if first in _FORMULA else cell


def unescape_formula(cell: str) -> str:
    """Return what `escape_formula` was given."""
    return cell[1:] if cell.startswith(_MARK) and escape_formula(cell[1:]) == cell else cell


def escape_foreign(cell: str) -> str:
    """Return a cell of somebody else's table for another one: `escape_formula`, but for numbers and a lone ``-``
    for none.
    """
    return cell if cell.strip() in ("", "-") or _NUMBER.fullmatch(cell.strip()) else escape_formula(cell)


def one_line(text: str) -> str:
    """Return text of others as a cell on one line that no spreadsheet takes for a formula."""
    return escape_formula(printable(text, limit=1000))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, separator: str = ",") -> bytes:
    """Return a table in UTF-8. Its cells are written as they are: pass those of others through `escape_formula`."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def read_table(path: Path) -> Table:
    """Read a table with a header: in UTF-8, UTF-16 or Windows' encoding, with commas, semicolons or tabs.

    Rows are as long as the header; empty ones are left out. Raises `FileError`.
    """
    with reading(path), path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise FileError(f"{path} is larger than {MAX_BYTES // 2**20} MiB, so it is no list of students.")
    text, bom = _decoded(data)
    separator = _separator(text)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise FileError(f"{path} cannot be read as CSV ({error}). Save it as CSV in UTF-8.") from None
    if not rows:
        raise FileError(f"{path} is empty.")
    width = len(rows[0])
    filled = (tuple(row[:width] + [""] * (width - len(row))) for row in rows[1:])
    return Table(tuple(rows[0]), tuple(filled), separator, bom)


def _decoded(data: bytes) -> tuple[str, bool]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), False
    try:
        return data.decode("utf-8-sig"), data.startswith(b"\xef\xbb\xbf")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), False


def _separator(text: str) -> str:
    """Return what separates the most columns of the header."""
    header = text.lstrip().partition("\n")[0]
    return max(",;\t", key=lambda separator: len(next(csv.reader([header], delimiter=separator), [])))


# --- Grades -------------------------------------------------------------------------------------------------------


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
    needs_review = result.status is not Status.GRADED or any(question.needs_review for question in result.questions)
    return [
        *(one_line(result.student), one_line(result.exercise), result.status.value),
        *(
            _number(result.score),
            _number(result.max_score or most.get(result.exercise, 0.0)),
            _number(result.bonus),
        ),
        *(_yes(needs_review), one_line(result.message), one_line(result.release), one_line(result.tier)),
    ]


def _question_rows(result: Result) -> list[list[str]]:
    return [
        [
            *(one_line(result.student), one_line(result.exercise), one_line(question.name)),
            *(_number(question.score), _number(question.max_score), _yes(question.needs_review)),
        ]
        for question in result.questions
    ]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(round(value, 6))


def _yes(value: bool) -> str:
    return "yes" if value else ""
