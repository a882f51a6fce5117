"""Fill scores into a platform's own table; tell what was not filled in, and why.

Only the platform's own list says who is a student of the course, so a table is never made up: rows stay as they are,
and a cell for which there is no result keeps what it held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from autograder.people.record import Entry
from autograder.people.roster import Clue, Person, Roster
from autograder.results import Result, Status

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
        person = roster.find(Clue(entry.id), platform) if counts and entry.platform == platform == roster.ids else None
        if person is not None:
            return person
    keys = [student, *(key for entry in entries for key in (entry.email, entry.number))]
    return roster.find(Clue("", tuple(filter(None, keys)), (student, *(entry.name for entry in entries))))


def _fill_cell(row: list[str], column: Column, result: Result, notes: Notes) -> None:
    before, score = row[column.place].strip(), points_of(result.score)
    whose = f"{result.student}, {result.exercise}"
    if result.status is Status.GRADER_ERROR or any(question.needs_human for question in result.questions):
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
