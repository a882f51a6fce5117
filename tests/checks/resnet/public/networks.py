"""The shape of the logits of a student's networks."""

import math

import torch

from ...shared.public.outputs import assert_logits_shape

SIZE_CAUSE = (
    "the linear layer must not depend on the size of the image: its widths[-1] inputs are the means of the last maps"
)


def assert_logits(logits, shape, what):
    """Check the shape of logits; any values are accepted."""
    mistakes = {
        "the axes of height and width are still there": torch.zeros(*shape, 1, 1),
        "the batch and the outputs are flattened into one axis": torch.zeros(math.prod(shape)),
    }
    assert_logits_shape(logits, shape, what, mistakes)
