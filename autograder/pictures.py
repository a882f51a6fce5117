"""Small pictures that go with the result of a check: what they hold, and the form that they are stored and sent in.

A picture is data, not a drawing: the notebook and the feedback page draw it (`autograder.drawing`). Its numbers may
come from a student's process, so whoever reads one takes nothing for granted (`read_picture`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from autograder.text import printable

KINDS = ("images", "difference", "curves", "confusion")
MAX_PICTURES = 3
"""The most pictures of a check."""
MAX_PARTS = 6
MAX_SIDE = 64
"""The most rows, and the most numbers in each."""
MAX_LABEL = 60
_DIGITS = 3

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One labelled table of numbers: an image's pixels, the one row of a curve, the counts of a confusion matrix."""

    label: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw: ``images`` beside each other, a ``difference``, ``curves`` in one frame, or ``confusion`` matrices.

    A difference has three parts of one size: what was expected, what came, and 1 where that is wrong. The rows of a
    confusion matrix are the true classes, its columns the predicted ones.
    """

    kind: str
    title: str
    parts: tuple[Part, ...]


def make_picture(kind: str, title: str, parts: Iterable[tuple[str, Iterable[Iterable[float]]]]) -> Picture:
    """Return a picture, its numbers rounded to three significant digits; raise ``ValueError`` if it cannot be one."""
    made = tuple(Part(_label(label), tuple(_row(row) for row in rows)) for label, rows in parts)
    picture = Picture(kind, _label(title), made)
    _validate(picture)
    return picture


def to_record(picture: Picture) -> list[Any]:
    """Return a picture as JSON and the wire hold it: a row is one text, which takes a third of the space."""
    return [
        picture.kind,
        picture.title,
        [
            [part.label, [" ".join(f"{value:.{_DIGITS}g}" for value in row) for row in part.rows]]
            for part in picture.parts
        ],
    ]


def read_picture(record: Any) -> Picture:
    """Return what `to_record` wrote; raise ``ValueError`` where it is anything else."""
    match record:
        case [str(kind), str(title), list(parts)] if len(parts) <= MAX_PARTS:
            return make_picture(kind, title, [_read_part(part) for part in parts])
    raise ValueError("not a picture")


def _read_part(part: Any) -> tuple[str, list[list[float]]]:
    match part:
        case [str(label), list(rows)] if len(rows) <= MAX_SIDE and all(isinstance(row, str) for row in rows):
            return label, [[float(text) for text in row[: MAX_SIDE * 16].split(" ")] for row in rows]
    raise ValueError("not a part of a picture")


def _label(text: str) -> str:
    return printable(str(text)[: MAX_LABEL * 8], MAX_LABEL)


def _row(row: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(f"{float(value):.{_DIGITS}g}") for value in row)


def _validate(picture: Picture) -> None:
    if picture.kind not in KINDS:
        raise ValueError(f"a picture is one of {', '.join(KINDS)}, not {picture.kind}")
    if not 1 <= len(picture.parts) <= MAX_PARTS:
        raise ValueError(f"a picture has 1 to {MAX_PARTS} parts, not {len(picture.parts)}")
    for part in picture.parts:
        widths = {len(row) for row in part.rows}
        if len(widths) != 1 or not 1 <= min(widths) <= MAX_SIDE or len(part.rows) > MAX_SIDE:
            raise ValueError(f"“{part.label}” must have 1 to {MAX_SIDE} rows of 1 to {MAX_SIDE} numbers, all as long")
        if picture.kind == "curves" and len(part.rows) != 1:
            raise ValueError("a curve has one row")
        if picture.kind == "confusion" and not _is_table_of_counts(part.rows):
            raise ValueError("a confusion matrix is square, and its numbers are counts")

    sizes = {(len(part.rows), len(part.rows[0])) for part in picture.parts}
    if picture.kind == "difference" and (len(picture.parts), len(sizes)) != (3, 1):
        raise ValueError("a difference has three parts of one size")


def _is_table_of_counts(rows: Rows) -> bool:
    return len(rows) == len(rows[0]) and all(value >= 0 and math.isfinite(value) for row in rows for value in row)
