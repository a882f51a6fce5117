"""Identify students: a platform's own list of them, and ``students.csv``, the record of those that were imported.

Canvas: *Grades → Export* writes ``Student, ID, SIS User ID, SIS Login ID, Section`` and one column per assignment
    (``lib/gradebook_exporter.rb``; the name may be in ``LastName, FirstName``, and there may be ``Integration ID`` and
    ``Root Account``).
Moodle: an assignment's *Download grading worksheet* has ``Identifier`` (``Participant 4711``), ``Full name``, ``Email
    address`` (``mod/assign/feedback/offline``); *Grades → Export* and the list of participants have ``First name``,
    ``Last name`` or ``Surname``, ``ID number``, ``Email address``. These are the English titles; others are not read.
Gradescope: *Roster → Download* has ``Name`` or ``First Name``, ``Last Name``, and ``SID``, ``Email``.

``students.csv`` has one row per student and exercise, beside the students' folders; the export of grades reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from pathlib import Path

from autograder.errors import FileError
from autograder.files import write_atomic
from autograder.lms.spreadsheet import Table, escape_formula, read_table, unescape_formula, write_table

LOGIN = ("sis login id", "username")
EMAIL = ("email address", "email")
NUMBER = ("id number", "sis user id", "sid", "student id", "integration id")
NAME = ("full name", "name", "student")
FIRST, LAST = ("first name", "firstname"), ("last name", "surname", "lastname")
IDENTIFIER = "identifier"


@dataclass(frozen=True)
class Person:
    """One row of a list: its index, and everything that identifies the student there."""

    place: int
    login: str
    email: str
    number: str
    id: str
    name: str

    @property
    def student(self) -> str:
        """The name of the student's folder, which must be the same for every exercise."""
        return self.login or self.email or self.number or self.name  # from what always differs to what may not


@dataclass(frozen=True)
class Identity:
    """What another source knows about a student. ``id`` is valid in lists of the same platform only."""

    id: str = ""
    keys: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roster:
    """A searchable list of students. ``ids`` is the platform of their ids: ``canvas``, ``moodle`` or empty."""

    table: Table
    people: tuple[Person, ...]
    ids: str
    path: Path

    def find(self, identity: Identity, platform: str = "") -> Person | None:
        """Return a student by id, else by login, email or number, else by a name that only one student has."""
        if identity.id and platform == self.ids:
            # An unknown id is a student who has left the course: never search on for another of the same name.
            return self._by_id.get(identity.id)
        for index, texts in ((self._by_key, identity.keys), (self._by_name, identity.names)):
            found = {person for text in texts for person in index.get(_normal(text, index is self._by_name), ())}
            if found:  # of several, a guess would give somebody another student's score
                return found.pop() if len(found) == 1 else None
        return None

    @cached_property
    def _by_id(self) -> dict[str, Person]:
        return {person.id: person for person in self.people if person.id}

    @cached_property
    def _by_key(self) -> Mapping[str, list[Person]]:
        return _index(self.people, lambda person: [_normal(key) for key in (person.login, person.email, person.number)])

    @cached_property
    def _by_name(self) -> Mapping[str, list[Person]]:
        return _index(self.people, lambda person: [_normal(person.name, True), _joined(person.name)])


def read_roster(path: Path) -> Roster:
    """Read a list of students; raise `FileError` if no column identifies them, or a spreadsheet rounded their ids."""
    table = read_table(path)
    heads = [re.sub(r"\s+", " ", column).strip().casefold() for column in table.columns]

    def column(names: Iterable[str]) -> int | None:
        return next((heads.index(name) for name in names if name in heads), None)

    places = {kind: column(names) for kind, names in _KINDS.items()}
    is_canvas = "id" in heads and "section" in heads and (places["name"] is not None or places["last"] is not None)
    places["id"] = column(["id"]) if is_canvas else column([IDENTIFIER])
    if all(places[kind] is None for kind in ("login", "email", "number", "id", "name", "last")):
        raise FileError(
            f"{path} has no column that identifies students, such as Email address, ID number, Username, Full name, or "
            "Canvas's Student and ID. Switch the platform to English and export the list again."
        )
    _refuse_rounded(
        path, table, [heads.index(head) for head in (*LOGIN, *EMAIL, *NUMBER, "id", IDENTIFIER) if head in heads]
    )
    people = tuple(_person(row, number, places) for number, row in enumerate(table.rows))
    known = tuple(person for person in people if person is not None)
    return Roster(table, known, "canvas" if is_canvas else "moodle" if places["id"] is not None else "", path)


_KINDS = {"login": LOGIN, "email": EMAIL, "number": NUMBER, "name": NAME, "first": FIRST, "last": LAST}


_ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)
"""A long number as spreadsheets save it: ``1,002E+11``. Several students may have become the same."""


def _refuse_rounded(path: Path, table: Table, places: Iterable[int]) -> None:
    for place in places:
        damaged = [row[place].strip() for row in table.rows if _ROUNDED.fullmatch(row[place].strip().lstrip("'"))]
        if damaged:
            more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
            raise FileError(
                f"A spreadsheet has rounded numbers in {path}, column {table.columns[place]}: {damaged[0]}{more}. "
                "Download the file again and use it without opening it in a spreadsheet, or import that column as text."
            )


def _person(row: tuple[str, ...], number: int, places: Mapping[str, int | None]) -> Person | None:
    """Return the student of a row, or None for the rows that Canvas writes above the students."""

    def cell(kind: str) -> str:
        place = places[kind]
        return "" if place is None else row[place].strip()

    name = cell("name") or f"{cell('first')} {cell('last')}".strip()
    identity = cell("id")
    if digits := re.search(r"(\d+)$", identity):  # Moodle writes "Participant 4711"
        identity = digits[1]
    known = (cell("login"), cell("email"), cell("number"), identity)
    if "points possible" in name.casefold() or not any((*known, name)):
        return None
    return Person(number, *known, name)


def _index(people: Iterable[Person], keys_of: Callable[[Person], Iterable[str]]) -> Mapping[str, list[Person]]:
    index: defaultdict[str, list[Person]] = defaultdict(list)
    for person in people:
        for key in filter(None, keys_of(person)):
            index[key].append(person)
    return index


def _normal(text: str, is_name: bool = False) -> str:
    """Return text for comparison, without case; names also without punctuation and the order of their words."""
    text = unicodedata.normalize("NFKC", text).casefold().strip()  # é has two spellings in Unicode
    return " ".join(sorted(re.findall(r"\w+", text))) if is_name else text  # "Lovelace, Ada" is "Ada Lovelace"


def _joined(name: str) -> str:
    """Return a sortable name as Canvas writes it in file names: ``lovelaceada``."""
    return "".join(re.findall(r"\w", unicodedata.normalize("NFKC", name).casefold()))


# --- students.csv -------------------------------------------------------------------------------------------------
RECORD = "students.csv"


@dataclass(frozen=True)
class Entry:
    """One student's submission of one exercise, and the student as the platform knows them.

    ``id`` is the platform's own: Moodle's participant number, Canvas's user id, Gradescope's student ID. ``upload`` is
    Canvas's id of the newest file; ``handed_in`` is in UTC; ``late`` is ``yes``, ``no`` or empty (unknown); ``source``
    names the archive and its members.
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
    """Return the record of a folder of submissions; empty if there is none.

    Raises `FileError` if ``students.csv`` is another table.
    """
    path = folder / RECORD
    if not path.is_file():
        return []
    table = read_table(path)
    if missing := set(COLUMNS) - set(table.columns):
        raise FileError(f"{path} has no column {', '.join(sorted(missing))}. Move it away and collect again.")
    places = [table.columns.index(column) for column in COLUMNS]
    return [Entry(*(unescape_formula(row[place]) for place in places)) for row in table.rows]


def write_record(folder: Path, entries: Iterable[Entry]) -> None:
    """Write the record, sorted; do not touch the file if nothing changed."""
    ordered = sorted(entries, key=lambda entry: (entry.student, entry.exercise))
    # Escaped: students choose their names and the names of their files.
    data = write_table(COLUMNS, [[escape_formula(cell) for cell in astuple(entry)] for entry in ordered])
    path = folder / RECORD
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)
