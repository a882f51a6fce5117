"""Phantom chests to augment, and checks of every augmented image."""

from functools import cache

import torch

from autograder.checking import assert_tensor, fail, phrase
from autograder.datasets import phantoms


@cache
def chests():
    """Return six phantoms, float32 (6, H, W), each from 0 to 1."""
    images = torch.from_numpy(phantoms(6, seed=7).images).float()
    low, high = images.amin(dim=(1, 2), keepdim=True), images.amax(dim=(1, 2), keepdim=True)
    return (images - low) / (high - low)


def chest(n_channels=1, number=0):
    """Return a phantom as an image (C, H, W) that goes from 0 to 1."""
    return torch.stack([chests()[number] ** power for power in (1.0, 1.5, 0.7)[:n_channels]])


def augmented(augment, image, what):
    """Return one augmented image; fail unless it has the shape, dtype and range of the original."""
    if not callable(augment):
        problem = phrase("{what} must return a function.", what=what)
        fail(problem, cause="return the inner function itself, without calling it")
    changed = augment(image)
    # An infinite tolerance accepts every value but NaN: only type, shape and dtype are compared here.
    cause = "resize or pad crops, and keep all channels and float32"
    call = phrase("{what}(image)", what=what)
    assert_tensor(changed, image, what=call, atol=float("inf"), cause=cause)
    low, high = float(changed.min()), float(changed.max())
    if low < 0 or high > 1:
        problem = phrase("{call} leaves the range from 0 to 1.", call=call)
        details = f"The image goes from 0 to 1, the result from {low:.3g} to {high:.3g}."
        fail(problem, details=details, cause="clamp pixels that are too dark or too bright after the change")
    return changed
