"""Numbers that an answer returns."""

import numpy as np
import torch

from autograder.checking import fail


def as_float(value, what, none="None"):
    """Return a number that must be a Python or NumPy float; messages call the value None ``none``."""
    if isinstance(value, torch.Tensor):
        fail(f"{what} is a tensor; it must be a float.", cause="`.item()` turns it into a number")
    if isinstance(value, bool) or not isinstance(value, float | int | np.number):
        fail(f"{what} must be a float, but it is {none if value is None else 'a ' + type(value).__name__}.")
    return float(value)
