"""Solution regions: what students write, bounded by nbgrader's own markers."""

from __future__ import annotations

from dataclasses import dataclass

BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"


class RegionError(ValueError):
    """Markers that do not pair up; the message continues a sentence that names the cell."""


@dataclass(frozen=True)
class Regions:
    """The lines of one cell: those inside its solution regions and those that students are given."""

    solved: tuple[str, ...]
    given: tuple[str, ...]
    count: int


def read_regions(source: str) -> Regions:
    """Split a cell at its markers, as nbgrader does; raise `RegionError` where they do not pair."""
    solved: list[str] = []
    given: list[str] = []
    count, inside = 0, False
    for line in source.split("\n"):
        if BEGIN in line:
            if inside:
                raise RegionError(f"has a second “{BEGIN}” before “{END}”")
            inside, count = True, count + 1
        elif END in line:
            if not inside:
                raise RegionError(f"has an “{END}” without “{BEGIN}”")
            inside = False
        else:
            (solved if inside else given).append(line)
    if inside:
        raise RegionError(f"has a “{BEGIN}” without “{END}”")
    return Regions(tuple(solved), tuple(given), count)


def strip_markers(source: str) -> str:
    """Return a cell without the lines that hold a marker."""
    return "\n".join(line for line in source.split("\n") if BEGIN not in line and END not in line)
