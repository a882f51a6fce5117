"""Pictures in the result of a check: their data, their stored form, and the functions that checks make them with.

A picture is data; the notebook and the feedback page draw it (`autograder.results.rendering`). Its numbers may come
from a student's process, so `read_picture` validates everything. Pictures never decide an outcome: one that cannot be
drawn is left out, and the check goes on. Students see only those of public checks.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.text import printable

if TYPE_CHECKING:
    import torch


KINDS = ("images", "difference", "curves", "confusion")
MAX_PICTURES = 3
"""The most pictures per check; further ones are dropped."""
MAX_PARTS = 6  # as many as `rendering.COLOURS` has colours for curves
MAX_SIDE = 64
"""The most rows of a part, and the most numbers per row."""
MAX_LABEL = 60
_DIGITS = 3  # significant ones: enough for a picture, and results stay small

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A labelled table of numbers: the pixels of an image, the single row of a curve, or a confusion matrix."""

    label: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw: ``images`` side by side, a ``difference``, ``curves`` in one frame, or ``confusion`` matrices.

    A difference has three parts of the same size: the expected values, the actual ones, and 1 where they differ. The
    rows of a confusion matrix are the true classes, its columns the predicted ones.
    """

    kind: str
    title: str
    parts: tuple[Part, ...]


def make_picture(kind: str, title: str, parts: Iterable[tuple[str, Iterable[Iterable[float]]]]) -> Picture:
    """Return a picture with numbers rounded to three significant digits; raise ``ValueError`` for invalid data."""
    made = tuple(Part(_label(label), tuple(_row(row) for row in rows)) for label, rows in parts)
    picture = Picture(kind, _label(title), made)
    _validate(picture)
    return picture


def to_record(picture: Picture) -> list[Any]:
    """Return the form of a picture that is stored and sent between processes."""
    # Each row is one text, which takes a third of the space of a list.
    return [
        picture.kind,
        picture.title,
        [
            [part.label, [" ".join(f"{value:.{_DIGITS}g}" for value in row) for row in part.rows]]
            for part in picture.parts
        ],
    ]


def read_picture(record: Any) -> Picture:
    """Return the picture that `to_record` wrote; raise ``ValueError`` for anything else."""
    match record:
        # Bounded before anything is converted: a student's process may have sent it.
        case [str(kind), str(title), list(parts)] if len(parts) <= MAX_PARTS:
            return make_picture(kind, title, [_read_part(part) for part in parts])
    raise ValueError("not a picture")


def _read_part(part: Any) -> tuple[str, list[list[float]]]:
    match part:
        case [str(label), list(rows)] if len(rows) <= MAX_SIDE and all(isinstance(row, str) for row in rows):
            # 16 characters hold any number of three digits; a longer row is not one that `to_record` wrote.
            return label, [[float(text) for text in row[: MAX_SIDE * 16].split(" ")] for row in rows]
    raise ValueError("not a part of a picture")


def _label(text: str) -> str:
    return printable(str(text), MAX_LABEL)


def _row(row: Iterable[float]) -> tuple[float, ...]:
    # Rounded at once, so that a picture is the same before and after it was stored.
    return tuple(float(f"{float(value):.{_DIGITS}g}") for value in row)


def _validate(picture: Picture) -> None:
    if picture.kind not in KINDS:
        raise ValueError(f"a picture is one of {', '.join(KINDS)}, not {picture.kind}")
    if not 1 <= len(picture.parts) <= MAX_PARTS:
        raise ValueError(f"a picture has 1 to {MAX_PARTS} parts, not {len(picture.parts)}")
    for part in picture.parts:
        widths = {len(row) for row in part.rows}
        if len(widths) != 1 or not 1 <= min(widths) <= MAX_SIDE or len(part.rows) > MAX_SIDE:
            raise ValueError(
                f"“{part.label}” must have 1 to {MAX_SIDE} rows of 1 to {MAX_SIDE} numbers, all of the same length"
            )
        if picture.kind == "curves" and len(part.rows) != 1:
            raise ValueError("a curve has one row")
        if picture.kind == "confusion" and not _is_square_of_counts(part.rows):
            raise ValueError("a confusion matrix is square, and its numbers are counts")
    sizes = {(len(part.rows), len(part.rows[0])) for part in picture.parts}
    if picture.kind == "difference" and (len(picture.parts), len(sizes)) != (3, 1):
        raise ValueError("a difference has three parts of the same size")


def _is_square_of_counts(rows: Rows) -> bool:
    return len(rows) == len(rows[0]) and all(value >= 0 and math.isfinite(value) for row in rows for value in row)


# --- Functions for checks -----------------------------------------------------------------------------------------
_shown: list[Picture] = []  # global, so that checks need no argument for it: a process runs one check at a time


def take_shown() -> tuple[Picture, ...]:
    """Return and forget the pictures shown since the last call; the runner calls this after each check."""
    shown = tuple(_shown)
    _shown.clear()
    return shown


def show_images(title: str, images: Mapping[str, Any]) -> None:
    """Show tensors or arrays of shape ``(H, W)``, up to 64 × 64, side by side: label → pixels."""
    _show("images", title, ((label, _numbers(image, 2)) for label, image in images.items()))


def show_curves(title: str, curves: Mapping[str, Sequence[float]]) -> None:
    """Show up to six curves in one frame: label → one number per epoch, up to 64."""
    _show("curves", title, ((label, [[float(value) for value in curve]]) for label, curve in curves.items()))


def show_confusion(title: str, predicted: Any, truth: Any, *, label: str = "yours") -> None:
    """Show a confusion matrix of two classes; ``predicted`` and ``truth`` are zeros and ones of shape ``(N,)``."""

    # A generator, so that errors on a student's values occur inside `_show`, which suppresses them.
    def counted() -> Iterable[tuple[str, Any]]:
        guesses, classes = _numbers(predicted, 1), _numbers(truth, 1)
        yield label, [[int(((classes == row) & (guesses == column)).sum()) for column in (0, 1)] for row in (0, 1)]

    _show("confusion", title, counted())


def show_difference(got: torch.Tensor, want: torch.Tensor, wrong: torch.Tensor) -> None:
    """Show the first image of two tensors ``(..., H, W)`` of the same shape that has a wrong value.

    ``wrong`` is True where they differ. Nothing is shown unless ``H`` and ``W`` are between 2 and 64: then the message
    of the check says more.
    """
    if want.dim() < 2 or not all(2 <= side <= MAX_SIDE for side in want.shape[-2:]):
        return
    place = tuple(int(index) for index in wrong.nonzero()[0][:-2])
    title = f"Expected and yours{' at ' + str([*place]) if place else ''}"
    tensors = {"expected": want[place], "yours": got[place], "where they differ": wrong[place]}
    _show("difference", title, ((label, _numbers(tensor, 2)) for label, tensor in tensors.items()))


def _show(kind: str, title: str, parts: Iterable[tuple[str, Any]]) -> None:
    """Keep a picture for `take_shown`; skip it if it is invalid, because its values may be a student's."""
    if len(_shown) >= MAX_PICTURES:  # before the parts are computed
        return
    with contextlib.suppress(ValueError, TypeError, OverflowError, RuntimeError):
        _shown.append(make_picture(kind, title, parts))


def _numbers(values: Any, axes: int) -> Any:
    import numpy as np
    import torch

    # A student's tensor may require gradients or be on a GPU.
    array = values.detach().cpu().to(torch.float64).numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if array.ndim != axes or array.size > MAX_SIDE**2:
        raise ValueError("not a size that can be shown")
    return array.astype(np.float64)
