"""Fill scores into a platform's own table; tell what was not filled in, and why.

Only the platform's own list says who is a student of the course, so a table is never made up: rows stay as they are,
and a cell for which there is no result keeps what it held.

What Canvas and Moodle import, each checked against what its own importer reads.

Canvas, *Grades → Import* (``lib/gradebook_importer.rb``;
    https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807): the header
    begins with ``Student, ID`` and has ``Section`` before the assignments, which are ``title (id)``; a row ``Points
    Possible`` follows. Students are known by ``ID``. A column that is not there is not changed, so only those of the
    exercises are kept; an unknown title would make a new assignment, so none is ever written.
Moodle, an assignment's *Upload grading worksheet* (``mod/assign/feedback/offline/importgradeslib.php``;
    https://docs.moodle.org/en/Assignment_grading): needs ``Identifier``, ``Grade`` and ``Last modified (grade)``; a
    grade above the maximum is passed over. All columns are kept.
Moodle, *Grades → Import → CSV file* (https://docs.moodle.org/en/Grade_import): one column that identifies the user
    (email address, ID number or user name) and one for each grade item; which is which is chosen while importing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from autograder.errors import FileError, UsageError
from autograder.lms.roster import EMAIL, FIRST, IDENTIFIER, LAST, LOGIN, NAME, NUMBER, Entry, Identity, Person, Roster
from autograder.lms.spreadsheet import Table, escape_foreign, write_table
from autograder.results.model import Result, Status
from autograder.text import resembles

_STEP = Decimal("0.00001")
"""Moodle keeps five decimals, Canvas more: what is beyond is cut off, never rounded up."""

_NOT_TO_TOUCH = ("EX", "N/A")
"""What Canvas writes for excused students and for those whom an assignment is not for."""


@dataclass(frozen=True)
class Column:
    """Where an exercise's scores go: the place of a column in the platform's table, and its maximum there."""

    exercise: str
    place: int
    points: float | None = None


@dataclass
class Notes:
    """What a person has to know, in sentences; ``lost`` are results that are in no row."""

    lost: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def points_of(score: float) -> str:
    """Return a score as platforms read it: with a decimal point, and never more than it is."""
    number = Decimal(repr(score)).quantize(_STEP, ROUND_DOWN)
    return f"{number.normalize():f}"


def fill(
    roster: Roster, columns: Sequence[Column], results: Iterable[Result], entries: Iterable[Entry], platform: str
) -> tuple[list[list[str]], Notes]:
    """Return the table's rows with the scores of the columns' exercises, and what could not be filled in."""
    rows = [list(row) for row in roster.table.rows]
    notes = Notes()
    wanted = {column.exercise: column for column in columns}
    by_student: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.exercise in wanted:
            by_student[result.student].append(result)
    for person, students in _matched(roster, by_student, entries, platform, notes).items():
        if len(students) > 1:
            notes.lost.append(
                f"{' and '.join(students)} would both be {person.name or person.student} in the list: none of them was "
                "filled in. Rename the folders of one, or enter the scores by hand."
            )
            continue
        for result in by_student[students[0]]:
            _fill_cell(rows[person.place], wanted[result.exercise], result, notes)
    return rows, notes


def _matched(
    roster: Roster, by_student: Mapping[str, list[Result]], entries: Iterable[Entry], platform: str, notes: Notes
) -> dict[Person, list[str]]:
    """Return which students each row is; note whose row there is none."""
    known: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        known[entry.student].append(entry)
    matched: defaultdict[Person, list[str]] = defaultdict(list)
    for student, results in by_student.items():
        person = _person(roster, student, known[student], {result.exercise for result in results}, platform)
        if person is not None:
            matched[person].append(student)
        else:
            scores = ", ".join(f"{result.exercise} {points_of(result.score)}" for result in results)
            notes.lost.append(
                f"{student} ({scores}) is nobody in the list, or more than one. Export the list again if it is old; or "
                "enter the scores by hand."
            )
    return matched


def _person(
    roster: Roster, student: str, entries: Sequence[Entry], exercises: set[str], platform: str
) -> Person | None:
    """Find a student's row: by the platform's id, else by what the folder is called, else by name."""
    for entry in entries:
        # Moodle's number counts in one exercise only: that of the worksheet which is filled in.
        counts = platform != "moodle" or exercises == {entry.exercise}
        person = (
            roster.find(Identity(entry.id), platform) if counts and entry.platform == platform == roster.ids else None
        )
        if person is not None:
            return person
    keys = [student, *(key for entry in entries for key in (entry.email, entry.number))]
    return roster.find(Identity("", tuple(filter(None, keys)), (student, *(entry.name for entry in entries))))


def _fill_cell(row: list[str], column: Column, result: Result, notes: Notes) -> None:
    before, score = row[column.place].strip(), points_of(result.score)
    whose = f"{result.student}, {result.exercise}"
    if result.status is Status.GRADER_ERROR or any(question.needs_review for question in result.questions):
        notes.remarks.append(f"{whose}: not filled in, the grader could not decide it. Grade again, then export again.")
        return
    if before.upper() in _NOT_TO_TOUCH:
        notes.remarks.append(f"{whose}: {score} was not filled in, because the list says {before}.")
        return
    if result.status is Status.UNREADABLE:
        notes.remarks.append(f"{whose}: 0, because what was handed in could not be read.")
    held = _number(before)
    if held is not None and held > Decimal(score):
        notes.remarks.append(f"{whose}: {before} in the list becomes {score}.")
    row[column.place] = score


def scale_remarks(columns: Iterable[Column], most: Mapping[str, float]) -> list[str]:
    """Say which columns have another maximum than their exercise: scores are points, and are not converted."""
    return [
        f"{column.exercise} has {points_of(most[column.exercise])} points here and {points_of(column.points)} there. "
        "Scores are written as points: change the assignment's points there first."
        for column in columns
        if column.points and abs(column.points - most[column.exercise]) > 1e-6
    ]


def read_points(cell: str) -> float | None:
    """Return a number of points as a platform writes it; None for anything else."""
    number = _number(cell.strip())
    return None if number is None else float(number)


def _number(cell: str) -> Decimal | None:
    try:
        number = Decimal(cell.replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


# --- What each platform imports -----------------------------------------------------------------------------------


CANVAS, MOODLE = "canvas", "moodle"

_ITEM = re.compile(r"(?:[^:]+: *)?(?P<title>.*?) *(?:\((?:Real|\d+)\))?", re.IGNORECASE | re.DOTALL)
"""A column of Canvas, ``Convolution (4711)``, or of Moodle's grades, ``Assignment: Convolution (Real)``."""


@dataclass(frozen=True)
class ExportTask:
    """What is to be exported: exercises with their points, which of them are optional, and columns named by hand."""

    points: Mapping[str, float]
    optional: frozenset[str]
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Exported:
    """A table to import, and what a person has to know about it."""

    data: bytes
    notes: Notes
    exercises: tuple[str, ...]


def export_canvas(roster: Roster, task: ExportTask, results: Iterable[Result], entries: Iterable[Entry]) -> Exported:
    """Fill scores into Canvas's gradebook."""
    table = roster.table
    heads = [head.strip().casefold() for head in table.columns]
    if roster.ids != CANVAS:
        raise FileError(
            f"{roster.path} is not Canvas's gradebook: it needs Student, ID and Section. Take Grades → Export."
        )
    section = heads.index("section")
    points = next((row for row in table.rows if any("points possible" in cell.casefold() for cell in row[:2])), None)
    columns, missing = _find(roster, task, range(section + 1, len(heads)), points)
    if not columns:
        raise FileError(f"{roster.path} has no column of {', '.join(task.points)}. {_HOW_TO_NAME}")
    rows, notes = fill(roster, columns, results, entries, CANVAS)
    notes.remarks[:0] = [*(f"{name} has no column there. {_HOW_TO_NAME}" for name in missing)]
    notes.remarks += _scales(columns, task)
    kept = [*range(section + 1), *(column.place for column in columns)]
    return Exported(_written(table, rows, kept), notes, tuple(column.exercise for column in columns))


def export_moodle(roster: Roster, task: ExportTask, results: Iterable[Result], entries: Iterable[Entry]) -> Exported:
    """Fill scores into Moodle's grading worksheet of one assignment, or a list of students for the grade import."""
    heads = [head.strip().casefold() for head in roster.table.columns]
    if roster.ids == CANVAS:
        raise FileError(
            f"{roster.path} is Canvas's gradebook. Take Moodle's grading worksheet, or its Grades → Export."
        )
    if IDENTIFIER in heads and "grade" in heads:
        return _export_worksheet(roster, heads, task, results, entries)
    return _export_list(roster, heads, task, results, entries)


def _export_worksheet(
    roster: Roster, heads: Sequence[str], task: ExportTask, results: Iterable[Result], entries: Iterable[Entry]
) -> Exported:
    if len(task.points) != 1:
        raise UsageError(
            f"{roster.path} is the worksheet of one assignment. Name it: --exercise {next(iter(task.points), '…')}"
        )
    (exercise,) = task.points
    most = heads.index("maximum grade") if "maximum grade" in heads else None
    points = read_points(roster.table.rows[0][most]) if most is not None and roster.table.rows else None
    column = Column(exercise, heads.index("grade"), points)
    rows, notes = fill(roster, [column], results, entries, MOODLE)
    notes.remarks += _scales([column], task)
    if "last modified (grade)" not in heads:
        notes.remarks.append("Moodle needs the column Last modified (grade) as well: download the worksheet again.")
    return Exported(_written(roster.table, rows, range(len(heads))), notes, (exercise,))


def _export_list(
    roster: Roster, heads: Sequence[str], task: ExportTask, results: Iterable[Result], entries: Iterable[Entry]
) -> Exported:
    people = {*LOGIN, *EMAIL, *NUMBER, *NAME, *FIRST, *LAST}
    who = [place for place, head in enumerate(heads) if head in people]
    found, missing = _find(roster, task, [place for place in range(len(heads)) if place not in who], None)
    table = roster.table
    titles = [f"{name} (bonus)" if name in task.optional else name for name in missing]
    wide = Table(
        (*table.columns, *titles), tuple((*row, *[""] * len(missing)) for row in table.rows), table.separator, table.bom
    )
    columns = [*found, *(Column(name, len(heads) + number) for number, name in enumerate(missing))]
    columns.sort(key=lambda column: list(task.points).index(column.exercise))
    rows, notes = fill(replace(roster, table=wide), columns, results, entries, MOODLE)
    notes.remarks += _unfit_keys(roster)
    kept = [*who, *(column.place for column in columns)]
    return Exported(_written(wide, rows, kept), notes, tuple(column.exercise for column in columns))


_HOW_TO_NAME = (
    "Make the assignment there and export the gradebook again, or name its column: "
    "--column 'EXERCISE=Homework 3 (4711)'."
)


def _find(
    roster: Roster, task: ExportTask, places: Iterable[int], points: Sequence[str] | None
) -> tuple[list[Column], list[str]]:
    """Return the exercises' columns, by the names given or by titles that are like theirs; and who has none."""
    table, places = roster.table, list(places)
    columns, missing = [], []
    for exercise in task.points:
        named = task.columns.get(exercise)
        like = [place for place in places if _is_column_of(table.columns[place], exercise, named)]
        if len(like) > 1:
            titles = ", ".join(table.columns[place] for place in like)
            raise UsageError(
                f"Several columns of {roster.path} may be {exercise}: {titles}. Name one: --column '{exercise}=…'."
            )
        if named is not None and not like:
            raise UsageError(
                f"There is no column {named!r} in {roster.path}. There are: "
                f"{', '.join(table.columns[p] for p in places)}."
            )
        if like:
            columns.append(Column(exercise, like[0], None if points is None else read_points(points[like[0]])))
        else:
            missing.append(exercise)
    return columns, missing


def _is_column_of(head: str, exercise: str, named: str | None) -> bool:
    if named is not None:
        return head.strip() == named.strip()
    found = _ITEM.fullmatch(head.strip())
    return found is not None and resembles(found["title"], exercise)


def _scales(columns: Sequence[Column], task: ExportTask) -> list[str]:
    return scale_remarks([column for column in columns if column.exercise not in task.optional], task.points)


def _written(table: Table, rows: Iterable[Sequence[str]], places: Iterable[int]) -> bytes:
    """Return a table's columns at some places; what the platform wrote is passed on without formulas."""
    places = list(places)
    cells = ([escape_foreign(row[place]) for place in places] for row in rows)
    data = write_table([escape_foreign(table.columns[place]) for place in places], cells, separator=table.separator)
    return b"\xef\xbb\xbf" + data if table.bom else data


def _unfit_keys(roster: Roster) -> list[str]:
    """Name the students whom an importer will not know, because their key begins like a formula."""
    return [
        f"{key} begins like a formula, so it is written with an apostrophe and Moodle will not know it: enter scores "
        "by hand."
        for person in roster.people
        for key in (person.login, person.email, person.number)
        if escape_foreign(key) != key
    ]
