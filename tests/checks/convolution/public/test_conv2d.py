"""Convolution layers: channels, kernels, stride and padding, and no loop over the pixels."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor

from .by_hand import require_by_hand
from .lecture import LECTURE_IMAGE, LECTURE_KERNEL, LECTURE_OUTPUT
from .mistakes import layer_mistakes
from .reference import CLOSE, whole_numbers

pytestmark = [
    pytest.mark.uses("output_size"),
    pytest.mark.after("by_hand"),
    pytest.mark.hints(
        "Pad, then cut a window (N, C, kH, kW) at each position and multiply it by the weights (O, C, kH, kW).",
        "`unfold` along both axes gives all windows; `torch.einsum` sums over channel and kernel. Add the bias once.",
    ),
]


@pytest.mark.points(0)
def test_by_hand(submission):
    """Uses no library convolution (otherwise this question scores 0)."""
    require_by_hand(submission, submission.conv2d, torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3))


@pytest.mark.points(0.5)
def test_lecture_example(submission):
    """The lecture's example is right as a batch of one image and one channel, with and without bias."""
    images, weight = LECTURE_IMAGE[None, None], LECTURE_KERNEL[None, None]
    for bias, call in ((None, "conv2d(images, weight)"), (torch.tensor([-1.0]), "conv2d(images, weight, bias)")):
        expected = LECTURE_OUTPUT[None, None] + (0 if bias is None else bias)
        output = submission.conv2d(images, weight, bias)
        assert_tensor(output, expected, what=call, mistakes=partial(layer_mistakes, images, weight, bias))


@pytest.mark.points(1)
def test_channels_and_kernels(submission):
    """Each kernel spans all channels of every image, and gives one channel of the output."""
    images, weight = whole_numbers(2, 3, 5, 5), whole_numbers(4, 3, 3, 3)
    result = submission.conv2d(images, weight)
    expected = F.conv2d(images, weight)
    assert_tensor(result, expected, what="conv2d(images, weight)", mistakes=partial(layer_mistakes, images, weight))


@pytest.mark.points(1)
def test_stride_and_padding(submission):
    """The kernel steps by the stride along both axes, and zeros surround the image on all sides."""
    images, weight = LECTURE_IMAGE[None, None], torch.arange(1.0, 10).reshape(1, 1, 3, 3)
    for stride, padding in ((2, 0), (1, 1), (2, 1)):
        result = submission.conv2d(images, weight, stride=stride, padding=padding)
        call = f"conv2d(images, weight, stride={stride}, padding={padding})"
        mistakes = partial(layer_mistakes, images, weight, None, stride, padding)
        assert_tensor(result, F.conv2d(images, weight, stride=stride, padding=padding), what=call, mistakes=mistakes)


@pytest.mark.points(0.5)
@pytest.mark.timeout(3)  # 30 times the slowest right answer, so that a busy machine costs no points
@pytest.mark.after("channels_and_kernels")
@pytest.mark.hint("Loop over the few weights of the kernel, not over the many pixels and images.")
def test_speed(submission):
    """A batch of 64 RGB images of 32×32 takes less than a second."""
    images, weight = torch.randn(64, 3, 32, 32), torch.randn(1, 3, 3, 3)
    output = submission.conv2d(images, weight)
    assert_tensor(output, F.conv2d(images, weight), what="conv2d(images, weight)", **CLOSE)
