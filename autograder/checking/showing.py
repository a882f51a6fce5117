"""Pictures that a check leaves with its result; see `autograder.pictures` for what they may hold.

Showing never decides anything: a picture that cannot be drawn is left out, and the check goes on. Only those of public
checks reach a student.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograder.pictures import MAX_PICTURES, MAX_SIDE, Picture, make_picture

if TYPE_CHECKING:
    import torch

_shown: list[Picture] = []


def take_shown() -> tuple[Picture, ...]:
    """Return the pictures since the last call, for whoever runs the checks."""
    shown = tuple(_shown)
    _shown.clear()
    return shown


def show_images(title: str, images: Mapping[str, Any]) -> None:
    """Show tensors or arrays of shape ``(H, W)``, up to 64 × 64, beside each other: label → pixels."""
    _show("images", title, ((label, _numbers(image, 2)) for label, image in images.items()))


def show_curves(title: str, curves: Mapping[str, Sequence[float]]) -> None:
    """Show up to six curves in one frame: label → a number an epoch, up to 64."""
    _show("curves", title, ((label, [[float(value) for value in curve]]) for label, curve in curves.items()))


def show_confusion(title: str, predicted: Any, truth: Any, *, label: str = "yours") -> None:
    """Show how often which class was taken for which; both are zeros and ones of shape ``(N,)``."""

    def counted() -> Iterable[tuple[str, Any]]:
        guesses, classes = _numbers(predicted, 1), _numbers(truth, 1)
        yield label, [[int(((classes == row) & (guesses == column)).sum()) for column in (0, 1)] for row in (0, 1)]

    _show("confusion", title, counted())


def show_difference(got: torch.Tensor, want: torch.Tensor, wrong: torch.Tensor) -> None:
    """Show where two tensors of one shape differ: the first image among them that has a wrong value.

    Tensors of fewer than two axes, or with images of one row or column, or larger than 64 × 64, are left to words.
    """
    if want.dim() < 2 or not all(2 <= side <= MAX_SIDE for side in want.shape[-2:]):
        return
    place = tuple(int(index) for index in wrong.nonzero()[0][:-2])
    title = f"Expected and yours{' at ' + str([*place]) if place else ''}"
    tensors = {"expected": want[place], "yours": got[place], "where they differ": wrong[place]}
    _show("difference", title, ((label, _numbers(tensor, 2)) for label, tensor in tensors.items()))


def _show(kind: str, title: str, parts: Iterable[tuple[str, Any]]) -> None:
    """Keep a picture. What is shown may be a student's, so whatever cannot be drawn is passed over."""
    if len(_shown) >= MAX_PICTURES:
        return
    with contextlib.suppress(ValueError, TypeError, OverflowError, RuntimeError):
        _shown.append(make_picture(kind, title, parts))


def _numbers(values: Any, axes: int) -> Any:
    import numpy as np
    import torch

    array = values.detach().cpu().to(torch.float64).numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if array.ndim != axes or array.size > MAX_SIDE**2:
        raise ValueError("not of a size that is shown")
    return array.astype(np.float64)
