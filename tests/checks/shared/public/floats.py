"""Numbers that an answer returns."""

import numpy as np
import torch

from autograder.checking import fail, phrase


def as_float(value, what, none="None"):
    """Return a number that must be a Python or NumPy float; messages call the value None ``none``."""
    if isinstance(value, torch.Tensor):
        problem = phrase("{what} is a tensor; it must be a float.", what=what)
        fail(problem, cause="`.item()` turns it into a number")
    if isinstance(value, bool) or not isinstance(value, float | int | np.number):
        kind = none if value is None else f"a {type(value).__name__}"
        fail(phrase("{what} must be a float.", what=what), details=f"It is {kind}.")
    return float(value)
