"""Public checks of `conv_block`: the size of its maps, and its convolution."""

import pytest
import torch

from ...shared.public.outputs import assert_shape, run
from .blocks import known_block, new_block

pytestmark = pytest.mark.hints(
    "Three layers in a row: `nn.Sequential`.", "A 3×3 kernel keeps the size with a padding of 1."
)


@pytest.mark.points(0.5)
def test_halves(submission):
    """A block returns out_channels maps of half the height and width."""
    for in_channels, out_channels, size in ((1, 8, 28), (3, 5, 16)):
        images = torch.randn(2, in_channels, size, size)
        call = f"conv_block({in_channels}, {out_channels})(images)"
        output = run(new_block(submission, in_channels, out_channels), images, call)
        half, quarter = size // 2, size // 4
        mistakes = {
            "nothing is pooled": torch.zeros(2, out_channels, size, size),
            "the convolution is not padded": torch.zeros(2, out_channels, half - 1, half - 1),
            "the padding is too large": torch.zeros(2, out_channels, half + 1, half + 1),
            "both the convolution and the pooling halve": torch.zeros(2, out_channels, quarter, quarter),
            "the pooling steps by 1": torch.zeros(2, out_channels, size - 1, size - 1),
        }
        assert_shape(output, (2, out_channels, half, half), call, mistakes)


@pytest.mark.points(0.25)
def test_one_convolution(submission):
    """A block has one convolution, with 3×3 kernels that span all input channels."""
    known_block(submission, 2, 4)
