"""The output of a student's module: whether there is one at all, and its shape."""

import math

import torch

from autograder.checking import assert_tensor, fail, phrase

# Accepts every finite value: for outputs of which only type, shape and dtype are known.
ANY = {"atol": math.inf}

# Errors that typical mistakes in a module raise, and the names that messages use for them.
RAISED = {RuntimeError: "RuntimeError", ValueError: "ValueError", TypeError: "TypeError", IndexError: "IndexError"}


def run(module, images, what, cause=""):
    """Return the output of a student's module; if it raises, fail with a message in the exercise's words."""
    try:
        return module(images)
    except NotImplementedError:
        raise  # the stub, not the answer
    except tuple(RAISED) as error:
        kind = next(name for kind, name in RAISED.items() if isinstance(error, kind))
        fail(phrase("{what} raises {kind}.", what=what, kind=kind), details=str(error), cause=cause)


def assert_shape(output, shape, what, mistakes=None):
    """Check type, shape and dtype of floats that may have any finite value."""
    assert_tensor(output, torch.zeros(shape), what=what, mistakes=mistakes, **ANY)


def assert_logits_shape(logits, shape, what, mistakes):
    """Check the shape of logits, of which there are ``n_outputs`` per image.

    ``mistakes`` holds those of this network only: cause → tensor of the wrong shape.
    """
    n = shape[0]
    common = {
        "the last axis is still there: one output per sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples together give one number": torch.zeros(()),
        "n_outputs is ignored": torch.zeros(n),
    }
    if n == 1:
        lost = "`squeeze()` also removes the axis of a batch of one image; name the axis"
        common = {lost: torch.zeros(()), **common}
    assert_shape(logits, shape, what, common | mistakes)
