"""Fill scores into the table that a platform exported, and report which scores were not filled in and why.

Only the platform's own list says who takes the course, so a table is never made from scratch: rows are kept, and a cell
without a result keeps its content. Each format follows the code of the platform's importer:

Canvas, *Grades → Import* (``lib/gradebook_importer.rb``;
    https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807): the header
    begins with ``Student, ID`` and has ``Section`` before the assignments, which are ``title (id)``; a row ``Points
    Possible`` follows. Students are identified by ``ID``. Missing columns are not changed, so only those of the
    exercises are kept; an unknown title would create an assignment, so none is ever written.
Moodle, an assignment's *Upload grading worksheet* (``mod/assign/feedback/offline/importgradeslib.php``;
    https://docs.moodle.org/en/Assignment_grading): needs ``Identifier``, ``Grade`` and ``Last modified (grade)``; a
    grade above the maximum is skipped. All columns are kept.
Moodle, *Grades → Import → CSV file* (https://docs.moodle.org/en/Grade_import): one column that identifies the user
    (email address, ID number or user name) and one per grade item; the user maps them during the import.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from autograder.errors import FileError, UsageError
from autograder.lms.downloads import CANVAS, MOODLE
from autograder.lms.roster import EMAIL, FIRST, IDENTIFIER, LAST, LOGIN, NAME, NUMBER, Entry, Identity, Person, Roster
from autograder.lms.spreadsheet import Table, escape_foreign, write_table
from autograder.results.model import Result, Status
from autograder.text import resembles

_STEP = Decimal("0.00001")
"""Moodle stores five decimals, Canvas more. Further ones are cut off, so that no score is rounded up."""

_NOT_TO_TOUCH = ("EX", "N/A")
"""What Canvas writes for excused students, and for those who do not have the assignment."""

_MAY_CHANGE = "grade can be changed"
"""The column in which Moodle's worksheet says No for a locked or overridden grade, which its import would skip."""


@dataclass(frozen=True)
class Column:
    """The column for the scores of an exercise: its index in the platform's table, and its maximum points there."""

    exercise: str
    place: int
    points: float | None = None


@dataclass
class Notes:
    """Sentences for the user; ``lost`` are about results without a row."""

    lost: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def points_of(score: float) -> str:
    """Return a score as platforms read it: with a decimal point, and never rounded up."""
    # Through `repr`: Decimal(0.7) is 0.6999…, and would be cut off to 0.69999.
    number = Decimal(repr(score)).quantize(_STEP, ROUND_DOWN)
    # `f`, because a normalised 100 is 1E+2 otherwise.
    return f"{number.normalize():f}"


def fill(
    roster: Roster, columns: Sequence[Column], results: Iterable[Result], entries: Iterable[Entry], platform: str
) -> tuple[list[list[str]], Notes]:
    """Return the table's rows with the scores of the columns' exercises, and notes on what was not filled in."""
    rows = [list(row) for row in roster.table.rows]
    notes = Notes()
    wanted = {column.exercise: column for column in columns}
    locked = _locked(roster.table)
    by_student: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.exercise in wanted:
            by_student[result.student].append(result)
    for person, students in _matched(roster, by_student, entries, platform, notes).items():
        if len(students) > 1:  # whichever came last would silently win
            notes.lost.append(
                f"{' and '.join(students)} both match {person.name or person.student} in the list, so neither was "
                "filled in. Rename one of the folders, or enter the scores by hand."
            )
            continue
        for result in by_student[students[0]]:
            _fill_cell(rows[person.place], wanted[result.exercise], result, notes, locked=person.place in locked)
    return rows, notes


def _locked(table: Table) -> set[int]:
    """Return the indices of the rows whose grade must not change."""
    places = [place for place, head in enumerate(table.columns) if head.strip().casefold() == _MAY_CHANGE]
    return {
        number for number, row in enumerate(table.rows) for place in places if row[place].strip().casefold() == "no"
    }


def _matched(
    roster: Roster, by_student: Mapping[str, list[Result]], entries: Iterable[Entry], platform: str, notes: Notes
) -> dict[Person, list[str]]:
    """Return the students of each row; add a note for each student without one."""
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
                f"{student} ({scores}) matches no row of the list, or several. Export the list again if it is old, or "
                "enter the scores by hand."
            )
    return matched


def _person(
    roster: Roster, student: str, entries: Sequence[Entry], exercises: set[str], platform: str
) -> Person | None:
    """Find the row of a student: by the platform's id, else by the folder's name or other keys, else by name."""
    for entry in entries:
        # Moodle's number is valid in one assignment only, that of the worksheet.
        is_valid = platform != MOODLE or exercises == {entry.exercise}
        person = (
            roster.find(Identity(entry.id), platform) if is_valid and entry.platform == platform == roster.ids else None
        )
        if person is not None:
            return person
    keys = [student, *(key for entry in entries for key in (entry.email, entry.number))]
    return roster.find(Identity("", tuple(filter(None, keys)), (student, *(entry.name for entry in entries))))


def _fill_cell(row: list[str], column: Column, result: Result, notes: Notes, *, locked: bool) -> None:
    before, score = row[column.place].strip(), points_of(result.score)
    whose = f"{result.student}, {result.exercise}"
    if result.status is Status.GRADER_ERROR or any(question.needs_review for question in result.questions):
        notes.remarks.append(f"{whose}: not filled in after a grader error. Grade again, then export again.")
        return
    if before.upper() in _NOT_TO_TOUCH:
        notes.remarks.append(f"{whose}: {score} was not filled in, because the list says {before}.")
        return
    if locked:
        notes.remarks.append(
            f"{whose}: {score} was not filled in, because the list says Grade can be changed: No. Unlock the grade in "
            "Moodle and download the worksheet again, or enter the score there."
        )
        return
    if result.status is Status.UNREADABLE:
        notes.remarks.append(f"{whose}: 0, because the submission could not be read.")
    number = _number(before)
    if number is not None and number > Decimal(score):  # the user should know before anybody loses points
        notes.remarks.append(f"{whose}: {before} in the list becomes {score}.")
    row[column.place] = score


def _points(cell: str) -> float | None:
    number = _number(cell.strip())
    return None if number is None else float(number)


def _number(cell: str) -> Decimal | None:
    try:
        number = Decimal(cell.replace(",", "."))  # platforms in German and other languages write 1,5
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


# --- The platforms' tables ----------------------------------------------------------------------------------------
_ITEM = re.compile(r"(?:[^:]+: *)?(?P<title>.*?) *(?:\((?:Real|\d+)\))?", re.IGNORECASE | re.DOTALL)
"""A column title of Canvas, ``Convolution (4711)``, or of Moodle's grades, ``Assignment: Convolution (Real)``."""


@dataclass(frozen=True)
class ExportTask:
    """What to export: exercises with their points, which of them are optional, and columns named by the user."""

    points: Mapping[str, float]
    optional: frozenset[str]
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Exported:
    """A table to import, notes for the user, and the exercises in it."""

    data: bytes
    notes: Notes
    exercises: tuple[str, ...]


def export_canvas(roster: Roster, task: ExportTask, results: Iterable[Result], entries: Iterable[Entry]) -> Exported:
    """Fill scores into Canvas's gradebook; raise `FileError` if it is not one, or has no column to fill."""
    table = roster.table
    heads = [head.strip().casefold() for head in table.columns]
    if roster.ids != CANVAS:
        raise FileError(
            f"{roster.path} is not Canvas's gradebook: it needs Student, ID and Section. Use Grades → Export."
        )
    section = heads.index("section")
    points = next((row for row in table.rows if any("points possible" in cell.casefold() for cell in row[:2])), None)
    columns, missing = _find(roster, task, range(section + 1, len(heads)), points)
    if not columns:
        raise FileError(f"{roster.path} has no column of {', '.join(task.points)}. {_HOW_TO_NAME}")
    rows, notes = fill(roster, columns, results, entries, CANVAS)
    notes.remarks[:0] = [f"{name} has no column there. {_HOW_TO_NAME}" for name in missing]
    notes.remarks += _scales(columns, task)
    # Canvas needs the columns up to Section to identify the students.
    kept = [*range(section + 1), *(column.place for column in columns)]
    return Exported(_written(table, rows, kept), notes, tuple(column.exercise for column in columns))


def export_moodle(roster: Roster, task: ExportTask, results: Iterable[Result], entries: Iterable[Entry]) -> Exported:
    """Fill scores into Moodle's grading worksheet of one assignment, or into a list of students for the grade import.

    Raises `FileError` for Canvas's gradebook, and `UsageError` for a worksheet with several exercises.
    """
    heads = [head.strip().casefold() for head in roster.table.columns]
    if roster.ids == CANVAS:
        raise FileError(f"{roster.path} is Canvas's gradebook. Use Moodle's grading worksheet or its Grades → Export.")
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
    points = _points(roster.table.rows[0][most]) if most is not None and roster.table.rows else None
    column = Column(exercise, heads.index("grade"), points)
    rows, notes = fill(roster, [column], results, entries, MOODLE)
    notes.remarks += _scales([column], task)
    if "last modified (grade)" not in heads:
        notes.remarks.append("Moodle also needs the column Last modified (grade): download the worksheet again.")
    return Exported(_written(roster.table, rows, range(len(heads))), notes, (exercise,))


def _export_list(
    roster: Roster, heads: Sequence[str], task: ExportTask, results: Iterable[Result], entries: Iterable[Entry]
) -> Exported:
    people = {*LOGIN, *EMAIL, *NUMBER, *NAME, *FIRST, *LAST}
    identifying = [place for place, head in enumerate(heads) if head in people]
    found, missing = _find(roster, task, [place for place in range(len(heads)) if place not in identifying], None)
    table = roster.table
    titles = [f"{name} (bonus)" if name in task.optional else name for name in missing]
    # Unlike Canvas, this import maps columns by hand, so that missing ones can be added.
    wide = Table(
        (*table.columns, *titles), tuple((*row, *[""] * len(missing)) for row in table.rows), table.separator, table.bom
    )
    columns = [*found, *(Column(name, len(heads) + number) for number, name in enumerate(missing))]
    columns.sort(key=lambda column: list(task.points).index(column.exercise))  # those added above came last
    rows, notes = fill(replace(roster, table=wide), columns, results, entries, MOODLE)
    notes.remarks += _unfit_keys(roster)
    kept = [*identifying, *(column.place for column in columns)]
    return Exported(_written(wide, rows, kept), notes, tuple(column.exercise for column in columns))


_HOW_TO_NAME = (
    "Create the assignment there and export the gradebook again, or name its column: "
    "--column 'EXERCISE=Homework 3 (4711)'."
)


def _find(
    roster: Roster, task: ExportTask, places: Iterable[int], points: Sequence[str] | None
) -> tuple[list[Column], list[str]]:
    """Return the column of each exercise, by the user's name for it or by a similar title; and those without one."""
    table, places = roster.table, list(places)
    columns, missing = [], []
    for exercise in task.points:
        named = task.columns.get(exercise)
        matching = [place for place in places if _is_column_of(table.columns[place], exercise, named)]
        if len(matching) > 1:
            titles = ", ".join(table.columns[place] for place in matching)
            raise UsageError(
                f"Several columns of {roster.path} match {exercise}: {titles}. Name one: --column '{exercise}=…'."
            )
        if named is not None and not matching:
            raise UsageError(
                f"There is no column {named!r} in {roster.path}. Choose one of: "
                f"{', '.join(table.columns[p] for p in places)}."
            )
        if matching:
            columns.append(Column(exercise, matching[0], None if points is None else _points(points[matching[0]])))
        else:
            missing.append(exercise)
    return columns, missing


def _is_column_of(head: str, exercise: str, named: str | None) -> bool:
    if named is not None:
        return head.strip() == named.strip()
    found = _ITEM.fullmatch(head.strip())
    return found is not None and resembles(found["title"], exercise)


def _scales(columns: Sequence[Column], task: ExportTask) -> list[str]:
    """Return a note for each column whose maximum differs from its exercise's; scores are not converted."""
    return [
        f"{column.exercise} has {points_of(task.points[column.exercise])} points here and {points_of(column.points)} "
        "there. Scores are not converted: change the points of the assignment there first."
        for column in columns
        # An optional exercise has 0 points in Canvas, or is extra credit in Moodle (docs/lms.md).
        if column.exercise not in task.optional
        and column.points
        and abs(column.points - task.points[column.exercise]) > 1e-6
    ]


def _written(table: Table, rows: Iterable[Sequence[str]], places: Iterable[int]) -> bytes:
    """Return the given columns of a table as CSV, with formulas in the platform's cells escaped."""
    places = list(places)
    cells = ([escape_foreign(row[place]) for place in places] for row in rows)
    data = write_table([escape_foreign(table.columns[place]) for place in places], cells, separator=table.separator)
    return b"\xef\xbb\xbf" + data if table.bom else data


def _unfit_keys(roster: Roster) -> list[str]:
    """Return a note for each student whose key begins like a formula, so that the import will not recognise it."""
    return [
        f"{key} begins like a formula, so it is written with an apostrophe, which Moodle will not recognise. Enter "
        "these scores by hand."
        for person in roster.people
        for key in (person.login, person.email, person.number)
        if escape_foreign(key) != key
    ]
