"""A student's ResidualBlock, with known weights."""

import torch

from autograder.checking import assert_has, assert_true, fail, phrase

from ...shared.public.outputs import assert_shape
from .state_dicts import UNKNOWN, tensors_of

# In evaluation mode, a batch norm divides by √(1 + 1e-5) even if mean and variance are 0 and 1.
CLOSE = {"rtol": 2e-3, "atol": 2e-4}

SHAPES = {
    "ResidualBlock(4, 4)": (4, 4, 1),
    "ResidualBlock(4, 6)": (4, 6, 1),
    "ResidualBlock(4, 4, stride=2)": (4, 4, 2),
    "ResidualBlock(4, 6, stride=2)": (4, 6, 2),
}


def new_block(submission, call, sizes):
    """Return a student's block; fail unless it is a module."""
    in_channels, out_channels, stride = sizes
    block = submission.ResidualBlock(in_channels, out_channels, stride=stride)
    assert_has(block, "state_dict", "load_state_dict", "eval", what=call, cause="ResidualBlock must be an nn.Module")
    return block


def known_block(submission, call, sizes, scale=0.0):
    """Return a student's block in evaluation mode with F scaled, and name and kernel of its projection, if any.

    The values are set through the state dict, so the names of the layers do not matter. Instead of name and
    kernel, None is returned if nothing is projected.
    """
    block = new_block(submission, call, sizes)
    block.eval()
    state, projections = known_state(block, call, scale)
    assert_projections(projections, call, sizes)
    projection = None
    if projections:
        in_channels, out_channels, _ = sizes
        weight = torch.randn(out_channels, in_channels, 1, 1)
        mistakes = {"in_channels and out_channels are swapped": torch.zeros(in_channels, out_channels, 1, 1)}
        what = phrase("the weight of the 1×1 convolution of {call}", call=call)
        assert_shape(state[projections[0]], weight.shape, what, mistakes)
        state[projections[0]] = weight
        projection = projections[0], weight
    block.load_state_dict(state)
    return block, projection


def known_state(block, call, scale):
    """Return a state dict with F random and scaled, and the names of the 1×1 convolutions.

    Kernels larger than 1×1 belong to F. Biases are 0, and batch norms do nothing.
    """
    state, residual, projections = {}, 0, []
    for name, value in tensors_of(block, call).items():
        state[name] = value
        if value.dim() == 4 and tuple(value.shape[2:]) != (1, 1):
            kernel = torch.randn(value.shape)
            # With kernels of mean zero, the brightness of an image does not drown its details.
            kernel -= kernel.mean((1, 2, 3), keepdim=True)
            state[name] = scale * kernel * (2 / value[0].numel()) ** 0.5
            residual += 1
        elif value.dim() == 4:
            projections.append(name)
        elif value.is_floating_point():
            state[name] = torch.zeros_like(value) if name.endswith(("bias", "running_mean")) else torch.ones_like(value)
    assert_true(residual > 0, phrase("{call} has no 3×3 convolution.", call=call), cause=UNKNOWN)
    return state, projections


def assert_projections(projections, call, sizes):
    """Check that the shortcut has one 1×1 convolution if channels or size change, and none otherwise."""
    in_channels, out_channels, stride = sizes
    is_same = in_channels == out_channels and stride == 1
    if is_same and projections:
        problem = phrase("The shortcut of {call} has weights.", call=call)
        fail(problem, cause="if channels and size stay, the shortcut is the input itself and learns nothing")
    if not is_same and len(projections) != 1:
        cause = (
            "F has 3×3 convolutions; the only 1×1 convolution is on the shortcut"
            if projections
            else "the shortcut needs a learnt 1×1 convolution where channels or size change"
        )
        problem = phrase("{call} must have one 1×1 convolution, on its shortcut.", call=call)
        fail(problem, details=f"It has {len(projections)}.", cause=cause)
