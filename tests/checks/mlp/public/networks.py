"""A student's MLP, and the shape of its logits."""

import torch

from autograder.checking import assert_has

from ...shared.public.outputs import assert_shape


def new_mlp(submission, call, **arguments):
    """Return a student's network; fail unless it is a module."""
    network = submission.MLP(**arguments)
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause="MLP must be an nn.Module")
    return network


def assert_logits(logits, shape, what):
    """Check the shape of logits; any values are accepted."""
    n = shape[0]
    mistakes = {
        "the last axis is still there: one output per sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples together give one number": torch.zeros(()),
        "`squeeze()` without an axis also removes that of a batch of one": torch.zeros(shape[1:]),
        "out_features is ignored": torch.zeros(n),
    }
    assert_shape(logits, shape, what, mistakes)
