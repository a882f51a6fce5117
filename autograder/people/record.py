"""``students.csv``: as whom a learning platform knows the students whose submissions were collected.

One row a student and exercise, kept beside the students' folders. What sends grades back reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from autograder.errors import FileError
from autograder.results import write_atomic
from autograder.spreadsheet import defused, read_table, restored, write_table

RECORD = "students.csv"


@dataclass(frozen=True)
class Entry:
    """One student's submission of one exercise, and the student as the platform knows them.

    ``id`` is the platform's own (Moodle's number of the participant, Canvas's of the user, Gradescope's student ID);
    ``upload`` is Canvas's number of the newest file; ``handed_in`` is in UTC, ``late`` is ``yes``, ``no`` or empty for
    unknown; ``source`` says which members of which archive were taken.
    """

    student: str
    exercise: str
    platform: str
    id: str
    name: str
    email: str = ""
    number: str = ""
    upload: str = ""
    handed_in: str = ""
    late: str = ""
    source: str = ""


COLUMNS = tuple(field.name for field in fields(Entry))


def read_record(folder: Path) -> list[Entry]:
    """Return what is recorded below a folder of submissions: nothing where there is no record.

    Raises `FileError` where the file is another table.
    """
    path = folder / RECORD
    if not path.is_file():
        return []
    table = read_table(path)
    if missing := set(COLUMNS) - set(table.columns):
        raise FileError(f"{path} has no column {', '.join(sorted(missing))}. Move it away and collect again.")
    places = [table.columns.index(column) for column in COLUMNS]
    return [Entry(*(restored(row[place]) for place in places)) for row in table.rows]


def write_record(folder: Path, entries: Iterable[Entry]) -> None:
    """Write the record, sorted; leave the file alone where nothing changed."""
    ordered = sorted(entries, key=lambda entry: (entry.student, entry.exercise))
    data = write_table(COLUMNS, [[defused(cell) for cell in astuple(entry)] for entry in ordered])
    path = folder / RECORD
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)
