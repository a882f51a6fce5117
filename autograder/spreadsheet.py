"""Tables as CSV: written so that no spreadsheet finds a formula in them, read whatever program wrote them.

Plain data: used by the gradebook's tables, and by what comes from learning platforms and goes back to them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import FileError, reading
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


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before what would begin one.

    `restored` undoes it.
    """
    first = next((c for c in cell if c != _MARK and c.isprintable() and not c.isspace()), "")
    return _MARK + cell if first in _FORMULA else cell


def restored(cell: str) -> str:
    """Return what `defused` was given."""
    return cell[1:] if cell.startswith(_MARK) and defused(cell[1:]) == cell else cell


def passed_on(cell: str) -> str:
    """Return a cell of somebody else's table for another one: `defused`, but for numbers and a lone ``-`` for none."""
    return cell if cell.strip() in ("", "-") or _NUMBER.fullmatch(cell.strip()) else defused(cell)


def one_line(text: str) -> str:
    """Return text of others as a cell on one line that no spreadsheet takes for a formula."""
    return defused(printable(text, limit=1000))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, separator: str = ",") -> bytes:
    """Return a table in UTF-8. Its cells are written as they are: pass those of others through `defused`."""
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
