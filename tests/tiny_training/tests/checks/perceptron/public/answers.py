"""Ask an answer for its weights."""

import torch

from autograder.checking import assert_true

EPOCHS = 2


def fitted(submission, points, labels):
    """Return the three weights of an answer."""
    weights = submission.fit(points, labels, EPOCHS)
    assert_true(isinstance(weights, torch.Tensor) and tuple(weights.shape) == (3,), "fit must return three numbers.")
    return weights
