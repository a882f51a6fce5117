"""Public checks of `conv_block`."""

import math

import pytest
import torch

from autograder.checking import assert_tensor

from .helpers import known_block, new_block, run

pytestmark = pytest.mark.hints(
    "Three layers in a row: `nn.Sequential`.",
    "A 3×3 kernel keeps the size with a padding of 1.",
)


@pytest.mark.points(0.5)
def test_halves(submission):
    """A block makes out_channels maps of half the height and width."""
    for in_channels, out_channels, size in ((1, 8, 28), (3, 5, 16)):
        images = torch.randn(2, in_channels, size, size)
        call = f"conv_block({in_channels}, {out_channels})(images)"
        half = torch.zeros(2, out_channels, size // 2, size // 2)
        output = run(new_block(submission, in_channels, out_channels), images, call)
        assert_tensor(
            output,
            half,
            what=call,
            atol=math.inf,
            mistakes={
                "nothing is pooled": torch.zeros(2, out_channels, size, size),
                "the convolution is not padded": torch.zeros(2, out_channels, size // 2 - 1, size // 2 - 1),
                "the padding is too large": torch.zeros(2, out_channels, size // 2 + 1, size // 2 + 1),
                "both the convolution and the pooling halve": torch.zeros(2, out_channels, size // 4, size // 4),
                "the pooling steps by 1": torch.zeros(2, out_channels, size - 1, size - 1),
            },
        )


@pytest.mark.points(0.25)
def test_one_convolution(submission):
    """A block has one convolution, with 3×3 kernels that span all input channels."""
    known_block(submission, 2, 4)
