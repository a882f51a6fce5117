"""What Canvas and Moodle import, each checked against what its own importer reads.

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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.errors import FileError, UsageError
from autograder.export.filling import Column, Notes, fill, read_points, scale_remarks
from autograder.naming import resembles
from autograder.people.record import Entry
from autograder.people.roster import EMAIL, FIRST, IDENTIFIER, LAST, LOGIN, NAME, NUMBER, Roster
from autograder.results import Result
from autograder.spreadsheet import Table, passed_on, write_table

CANVAS, MOODLE = "canvas", "moodle"

_ITEM = re.compile(r"(?:[^:]+: *)?(?P<title>.*?) *(?:\((?:Real|\d+)\))?", re.IGNORECASE | re.DOTALL)
"""A column of Canvas, ``Convolution (4711)``, or of Moodle's grades, ``Assignment: Convolution (Real)``."""


@dataclass(frozen=True)
class Task:
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


def export_canvas(roster: Roster, task: Task, results: Iterable[Result], entries: Iterable[Entry]) -> Exported:
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


def export_moodle(roster: Roster, task: Task, results: Iterable[Result], entries: Iterable[Entry]) -> Exported:
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
    roster: Roster, heads: Sequence[str], task: Task, results: Iterable[Result], entries: Iterable[Entry]
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
    roster: Roster, heads: Sequence[str], task: Task, results: Iterable[Result], entries: Iterable[Entry]
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
    roster: Roster, task: Task, places: Iterable[int], points: Sequence[str] | None
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


def _scales(columns: Sequence[Column], task: Task) -> list[str]:
    return scale_remarks([column for column in columns if column.exercise not in task.optional], task.points)


def _written(table: Table, rows: Iterable[Sequence[str]], places: Iterable[int]) -> bytes:
    """Return a table's columns at some places; what the platform wrote is passed on without formulas."""
    places = list(places)
    cells = ([passed_on(row[place]) for place in places] for row in rows)
    data = write_table([passed_on(table.columns[place]) for place in places], cells, separator=table.separator)
    return b"\xef\xbb\xbf" + data if table.bom else data


def _unfit_keys(roster: Roster) -> list[str]:
    """Name the students whom an importer will not know, because their key begins like a formula."""
    return [
        f"{key} begins like a formula, so it is written with an apostrophe and Moodle will not know it: enter scores "
        "by hand."
        for person in roster.people
        for key in (person.login, person.email, person.number)
        if passed_on(key) != key
    ]
