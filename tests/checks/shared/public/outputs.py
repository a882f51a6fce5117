"""What a student's module returns: whether it runs at all, and the shape of what comes out."""

import math

import torch

from autograder.checking import assert_tensor, fail

# Lets every finite value pass where a comparison of values comes later, or is not wanted.
ANY = {"atol": math.inf}


def run(module, images, what, cause=""):
    """Return what a student's module gives for images; where it raises, say so in the words of the exercise."""
    try:
        return module(images)
    except NotImplementedError:
        raise  # the stub, not the answer
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        fail(f"{what} raises {type(error).__name__}.", details=str(error), cause=cause)


def assert_shape(output, shape, what, mistakes=None):
    """Check type, shape and dtype of floats whose values are free, and that they are finite."""
    assert_tensor(output, torch.zeros(shape), what=what, mistakes=mistakes, **ANY)


def assert_logits_shape(logits, shape, what, mistakes):
    """Check the shape of logits whose number per image is called ``n_outputs``.

    ``mistakes`` are those that only this network has: cause → tensor of the wrong shape.
    """
    n = shape[0]
    common = {
        "the last axis is still there: one output a sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples give one number": torch.zeros(()),
        "n_outputs is ignored": torch.zeros(n),
    }
    if n == 1:
        lost = "`squeeze()` removes the axis of a batch of one image too; say which axis"
        common = {lost: torch.zeros(()), **common}
    assert_shape(logits, shape, what, common | mistakes)
