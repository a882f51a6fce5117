"""A student's ResidualBlock, with weights that the check knows."""

import torch

from autograder.checking import assert_has, assert_true, fail

from ...shared.public.outputs import assert_shape
from .state_dicts import UNKNOWN, tensors_of

# In evaluation mode a batch norm divides by √(1 + 1e-5) even where mean and variance are 0 and 1.
CLOSE = {"rtol": 2e-3, "atol": 2e-4}

SHAPES = {
    "ResidualBlock(4, 4)": (4, 4, 1),
    "ResidualBlock(4, 6)": (4, 6, 1),
    "ResidualBlock(4, 4, stride=2)": (4, 4, 2),
    "ResidualBlock(4, 6, stride=2)": (4, 6, 2),
}


def new_block(submission, call, sizes):
    """Return a student's block, once it is known to be a module."""
    in_channels, out_channels, stride = sizes
    block = submission.ResidualBlock(in_channels, out_channels, stride=stride)
    assert_has(block, "state_dict", "load_state_dict", "eval", what=call, cause="ResidualBlock must be an nn.Module")
    return block


def known_block(submission, call, sizes, scale=0.0):
    """Return a student's block in evaluation mode with F scaled, and the name and the kernel of its projection.

    The values go in through the state dict, so it does not matter what the layers are called. Instead of name and
    kernel, None is returned where nothing is projected.
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
        what = f"the weight of the 1×1 convolution of {call}"
        assert_shape(state[projections[0]], weight.shape, what, mistakes)
        state[projections[0]] = weight
        projection = projections[0], weight
    block.load_state_dict(state)
    return block, projection


def known_state(block, call, scale):
    """Return a state dict in which F is random and scaled, and the names of the 1×1 convolutions.

    Kernels larger than 1×1 are those of F. Biases are 0, and batch norms do nothing.
    """
    state, residual, projections = {}, 0, []
    for name, value in tensors_of(block, call).items():
        state[name] = value
        if value.dim() == 4 and tuple(value.shape[2:]) != (1, 1):
            kernel = torch.randn(value.shape)
            # With a mean of zero, bright images do not drown their own details.
            kernel -= kernel.mean((1, 2, 3), keepdim=True)
            state[name] = scale * kernel * (2 / value[0].numel()) ** 0.5
            residual += 1
        elif value.dim() == 4:
            projections.append(name)
        elif value.is_floating_point():
            state[name] = torch.zeros_like(value) if name.endswith(("bias", "running_mean")) else torch.ones_like(value)
    assert_true(residual > 0, f"{call} has no 3×3 convolution.", cause=UNKNOWN)
    return state, projections


def assert_projections(projections, call, sizes):
    """Check that the shortcut has one 1×1 convolution where channels or size change, and none elsewhere."""
    in_channels, out_channels, stride = sizes
    is_same = in_channels == out_channels and stride == 1
    if is_same and projections:
        fail(
            f"The shortcut of {call} has weights.",
            cause="where channels and size stay, the shortcut is the input itself: nothing is learnt there",
        )
    if not is_same and len(projections) != 1:
        fail(
            f"{call} has {len(projections)} convolutions of 1×1, expected one, on its shortcut.",
            cause=(
                "F is made of 3×3 convolutions; a single 1×1 convolution is on the shortcut"
                if projections
                else "the shortcut needs a 1×1 convolution where channels or size change, with a kernel that is learnt"
            ),
        )
