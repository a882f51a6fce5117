"""Apply an answer that is written as a change of another one.

Such a cell holds only comments, like the lines of a diff::

    # -             optimizer.zero_grad()

    #       model.eval()
    # +     model.requires_grad_(False)

``# - `` marks a line to remove, ``# + `` a line to add, and ``#`` with three spaces a line of context. The rest is the
line itself, indented as in the answer; a bare ``#``, ``# -`` or ``# +`` is a blank line. A blank line in the cell
separates hunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from autograder.errors import CourseError

_GOES, _COMES, _STAYS = "# - ", "# + ", "#   "


@dataclass(frozen=True)
class _Hunk:
    """One place of a change: the consecutive lines ``old`` become ``new``."""

    old: tuple[str, ...]
    new: tuple[str, ...]


def is_change(cell: str) -> bool:
    """Whether a cell looks like a change: only comments, and at least one removes or adds a line."""
    lines = [line for line in cell.split("\n") if line.strip()]
    return all(line.startswith("#") for line in lines) and any(_marker(line) in (_GOES, _COMES) for line in lines)


def apply_change(base: str, cell: str, where: str) -> str:
    """Return the text ``base`` with the change in ``cell`` applied.

    The old lines of each hunk must occur in the base exactly once. Otherwise the change is ambiguous or out of date:
    raises `CourseError`, with a message that starts with ``where``.
    """
    lines = base.split("\n")
    placed = [(_only_place(hunk, lines, where), hunk) for hunk in _hunks(cell, where)]
    changed: list[str] = []
    done = 0
    for place, hunk in sorted(placed, key=lambda item: item[0]):
        if place < done:
            raise CourseError(f"{where} changes a line twice. Merge the two hunks:\n{_quoted(hunk.old)}")
        changed += [*lines[done:place], *hunk.new]
        done = place + len(hunk.old)
    return "\n".join([*changed, *lines[done:]])


def _hunks(cell: str, where: str) -> Iterator[_Hunk]:
    for is_blank, group in groupby(cell.split("\n"), key=lambda line: not line.strip()):
        if not is_blank:
            yield _read_hunk(list(group), where)


def _read_hunk(lines: list[str], where: str) -> _Hunk:
    old, new = [], []
    for line in lines:
        marker = _marker(line)
        if marker is None:
            raise CourseError(
                f"{where} has a line that does not start with “# - ” (remove), “# + ” (add) or “#   ” (context):\n"
                f"{_quoted([line])}"
            )
        if marker != _COMES:
            old.append(line[len(marker) :])
        if marker != _GOES:
            new.append(line[len(marker) :])
    if not old:
        raise CourseError(f"{where} does not say where these lines go. Add a context line, “#   …”:\n{_quoted(new)}")
    if old == new:
        raise CourseError(
            f"{where} changes nothing here. Mark lines to remove, “# - …”, or to add, “# + …”:\n{_quoted(old)}"
        )
    return _Hunk(tuple(old), tuple(new))


def _marker(line: str) -> str | None:
    """Return the marker of a line. Editors strip trailing spaces, so a marker alone may have lost its last ones."""
    return next((mark for mark in (_GOES, _COMES, _STAYS) if line.startswith(mark) or line == mark.rstrip()), None)


def _only_place(hunk: _Hunk, lines: list[str], where: str) -> int:
    """Return the index of the line at which the old lines of a hunk start."""
    size = len(hunk.old)
    found = [start for start in range(len(lines) - size + 1) if tuple(lines[start : start + size]) == hunk.old]
    if not found:
        raise CourseError(f"{where} changes lines that do not occur with this indentation:\n{_quoted(hunk.old)}")
    if len(found) > 1:
        raise CourseError(
            f"{where} changes lines that occur {len(found)} times. Add a line of context, “#   …”, above or below:\n"
            f"{_quoted(hunk.old)}"
        )
    return found[0]


def _quoted(lines: tuple[str, ...] | list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
