"""The weights of an answer."""

import torch

from autograder.checking import assert_true

EPOCHS = 2


def fitted(submission, points, labels):
    """Return the weights of an answer; fail unless there are three."""
    weights = submission.fit(points, labels, EPOCHS)
    assert_true(isinstance(weights, torch.Tensor) and tuple(weights.shape) == (3,), "fit must return three numbers.")
    return weights
