"""Read and write CSV tables: those of learning platforms, and ``grades.csv`` and ``questions.csv``.

Tables are written so that no spreadsheet finds a formula in them, and read in the encodings and with the separators
that spreadsheets use. ``grades.csv`` has one row per submission, ``questions.csv`` one per question; their columns do
not depend on the exercises.
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
from autograder.results.model import QuestionResult, Result
from autograder.text import printable

# The characters that begin a formula, including their full-width forms on East Asian keyboards.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = set("=+-@＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")  # -1,5 begins like a formula, but is none
_MARK = "'"

MAX_BYTES = 32 * 2**20
"""The largest table that is read: hundreds of bytes per student of a large university."""


@dataclass(frozen=True)
class Table:
    """A table with a header; its separator and byte order mark are kept for the way back to the platform."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str = ","
    bom: bool = False


def escape_formula(cell: str) -> str:
    """Return a cell that no spreadsheet reads as a formula: an apostrophe is put before one.

    `unescape_formula` is the inverse.
    """
    # Spreadsheets may ignore blanks and unprintable characters before a formula. Apostrophes are skipped so that a cell
    # which begins with one and a formula gets another, and `unescape_formula` removes only that.
    first = next((c for c in cell if c != _MARK and c.isprintable() and not c.isspace()), "")
    return _MARK + cell if first in _FORMULA else cell


def unescape_formula(cell: str) -> str:
    """Return the argument of `escape_formula` for its result."""
    return cell[1:] if cell.startswith(_MARK) and escape_formula(cell[1:]) == cell else cell


def escape_foreign(cell: str) -> str:
    """Return a cell of a platform's table, escaped unless it is a number or ``-`` (Moodle's sign for no grade)."""
    return cell if cell.strip() in ("", "-") or _NUMBER.fullmatch(cell.strip()) else escape_formula(cell)


def one_line(text: str) -> str:
    """Return untrusted text as a cell on one line that no spreadsheet reads as a formula."""
    return escape_formula(printable(text, limit=1000))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, separator: str = ",") -> bytes:
    """Return a table in UTF-8. Cells are written as they are: the caller must `escape_formula` untrusted ones."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")  # the default is that of Windows
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "replace")  # a student's text may have lone surrogates


def read_table(path: Path) -> Table:
    """Read a table with a header, in UTF-8, UTF-16 or cp1252, with commas, semicolons or tabs.

    Rows are cut or filled to the length of the header; empty ones are left out. Raises `FileError` if the file cannot
    be read, is empty or is too large.
    """
    with reading(path), path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise FileError(f"{path} is larger than {MAX_BYTES // 2**20} MiB, so it is not a list of students.")
    text, bom = _decoded(data)
    separator = _separator(text)
    try:
        # newline="": otherwise a line that ends with a carriage return alone is an error.
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise FileError(f"{path} cannot be read as CSV ({error}). Save it as CSV in UTF-8.") from None
    if not rows:
        raise FileError(f"{path} is empty. Export it again.")
    width = len(rows[0])
    filled = (tuple(row[:width] + [""] * (width - len(row))) for row in rows[1:])
    return Table(tuple(rows[0]), tuple(filled), separator, bom)


def _decoded(data: bytes) -> tuple[str, bool]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Excel calls Unicode text
        return data.decode("utf-16", "replace"), False
    try:
        return data.decode("utf-8-sig"), data.startswith(b"\xef\xbb\xbf")
    except UnicodeDecodeError:
        # Excel on Windows saves CSV in the system's encoding, in Western Europe and America this one.
        return data.decode("cp1252", "replace"), False


def _separator(text: str) -> str:
    """Return the separator that gives the header the most columns."""
    # Excel writes semicolons in countries where the comma is the decimal separator.
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
    """Write ``grades.csv`` and ``questions.csv`` to ``output``, sorted; return their paths.

    For a submission that could not be graded, ``max_score`` is the exercise's, so that it counts as zero of that.
    """
    ordered = sorted(results, key=lambda result: (result.student, result.exercise))
    questions = [_question_row(result, question) for result in ordered for question in result.questions]
    write_atomic(output / GRADES, grades_table(ordered, course))
    write_atomic(output / QUESTIONS, write_table(QUESTION_COLUMNS, questions))
    return output / GRADES, output / QUESTIONS


def grades_table(results: Iterable[Result], course: Course) -> bytes:
    """Return the content of ``grades.csv``: one row per submission, sorted."""
    most = {exercise.name: exercise.max_score for exercise in course.exercises}
    ordered = sorted(results, key=lambda result: (result.student, result.exercise))
    return write_table(GRADE_COLUMNS, [_grade_row(result, most) for result in ordered])


def _grade_row(result: Result, most: dict[str, float]) -> list[str]:
    return [
        *(one_line(result.student), one_line(result.exercise), result.status.value),
        *(_number(result.score), _number(result.max_score or most.get(result.exercise, 0.0)), _number(result.bonus)),
        *(_yes(result.needs_review), one_line(result.remarks)),
        *(one_line(result.release), one_line(result.tier)),
    ]


def _question_row(result: Result, question: QuestionResult) -> list[str]:
    return [
        *(one_line(result.student), one_line(result.exercise), one_line(question.name)),
        *(_number(question.score), _number(question.max_score), _yes(question.needs_review)),
    ]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else ""
