"""Public checks of `ResidualBlock`: its shapes and its shortcut."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor

from ...shared.public.outputs import assert_shape, run
from .blocks import CLOSE, SHAPES, known_block, new_block

pytestmark = pytest.mark.hints(
    "Write F and the shortcut as two paths from one input; when do their shapes differ?",
    "The last ReLU follows the sum. If shapes differ, the shortcut needs a 1×1 convolution with the same stride.",
)

SUM_CAUSE = (
    "F(x) and shortcut(x) need the same shape: use a 1×1 convolution with this stride on the shortcut, and a padding "
    "of 1 for 3×3 convolutions"
)


def shortcut_mistakes(x, shortcut):
    """Return the output of a block with F = 0 after each typical mistake: cause → value."""
    return {
        "the last ReLU, after the addition, is missing": shortcut,
        "the shortcut is missing: nothing is added to F(x)": torch.zeros_like(shortcut),
        "the shortcut is added twice": 2 * shortcut.relu(),
        "the sigmoid is applied after the addition, not the ReLU": shortcut.sigmoid(),
        "F(x) is multiplied by the shortcut; add them": 0 * shortcut,
        "F(x) is not zero although all its weights are zero": (
            x.relu() + shortcut.relu() if x.shape == shortcut.shape else shortcut + 1
        ),
    }


@pytest.mark.points(1)
@pytest.mark.hint("Print the shapes of F(x) and of the shortcut before you add them.")
def test_shapes(submission):
    """The output has out_channels, and height and width divided by the stride, rounded up."""
    for call, sizes in SHAPES.items():
        in_channels, out_channels, stride = sizes
        block = new_block(submission, call, sizes)
        for mode in ("train", "eval"):
            getattr(block, mode)()
            for height, width in ((8, 8), (7, 10)):
                shape = 3, out_channels, math.ceil(height / stride), math.ceil(width / stride)
                output = run(block, torch.randn(3, in_channels, height, width), f"{call}(x)", SUM_CAUSE)
                n, c, h, w = shape
                mistakes = {
                    "the stride is ignored": torch.zeros(n, c, height, width),
                    "the stride is used twice: only the first 3×3 convolution has it": (
                        torch.zeros(n, c, math.ceil(h / stride), math.ceil(w / stride))
                    ),
                    "a 3×3 convolution without padding loses a pixel on each side": torch.zeros(n, c, h - 4, w - 4),
                    "the shortcut is concatenated with F(x); add it": torch.zeros(n, c + in_channels, h, w),
                    "F(x) and the shortcut are concatenated; add them": torch.zeros(n, 2 * c, h, w),
                }
                assert_shape(output, shape, f"{call}(x) for x of shape (3, {in_channels}, {height}, {width})", mistakes)


@pytest.mark.points(1)
@pytest.mark.after("shapes")
def test_identity(submission):
    """If channels and size stay, the shortcut is x itself: with zero weights in F, the block is ReLU(x)."""
    call = "ResidualBlock(4, 4)"
    block, _ = known_block(submission, call, (4, 4, 1))
    x = torch.randn(3, 4, 6, 5)
    for mode in ("eval", "train"):
        getattr(block, mode)()
        what = f"{call}(x) in {mode} mode, with zero weights in F,"
        assert_tensor(run(block, x, what), x.relu(), what=what, mistakes=partial(shortcut_mistakes, x, x), **CLOSE)


@pytest.mark.points(1)
@pytest.mark.after("shapes")
def test_projection(submission):
    """If channels or size change, the shortcut is a 1×1 convolution with the stride of the block."""
    for call, sizes in list(SHAPES.items())[1:]:  # in the first, nothing changes
        in_channels, _, stride = sizes
        block, (_, weight) = known_block(submission, call, sizes)
        x = torch.randn(2, in_channels, 7, 6)
        shortcut = F.conv2d(x, weight, stride=stride)
        pooled = F.conv2d(F.avg_pool2d(x, stride, ceil_mode=True), weight)
        shifted = F.conv2d(F.pad(x, (0, 1, 0, 1))[..., 1:, 1:], weight, stride=stride)
        what = f"{call}(x), with zero weights in F,"
        mistakes = shortcut_mistakes(x, shortcut) | {
            "the shortcut takes the mean of each window; a stride takes one pixel": pooled.relu(),
            "the shortcut takes the wrong pixel of each window": shifted.relu(),
        }
        assert_tensor(run(block, x, what, SUM_CAUSE), shortcut.relu(), what=what, mistakes=mistakes, **CLOSE)
