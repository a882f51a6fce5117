"""Max-pooling: the lesson's example, and strides."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor

from .mistakes import pooling_mistakes
from .reference import whole_numbers

pytestmark = pytest.mark.hints(
    "The windows are those of a convolution without padding; what do you take from each?",
    "Do not start from zeros: values may all be negative. `unfold` and `amax` need no loop.",
)


@pytest.mark.points(0.75)
def test_windows(submission):
    """The lesson's 4×4 feature map gives 5 −1 / 4 7 with windows of 2×2."""
    images = torch.tensor([[1.0, 3, -2, -6], [5, 0, -4, -1], [2, 2, 7, 0], [-8, 4, 3, 6]])[None, None]
    result = submission.max_pool2d(images, 2)
    expected = torch.tensor([[5.0, -1], [4, 7]])[None, None]
    assert_tensor(result, expected, what="max_pool2d(images, 2)", mistakes=partial(pooling_mistakes, images, 2, 2))


@pytest.mark.points(0.75)
def test_stride(submission):
    """The windows step by the stride; those that do not fit are dropped."""
    images = whole_numbers(2, 3, 5, 5)
    for kernel_size, stride in ((2, 2), (3, 1), (3, 2), (2, 3)):
        result = submission.max_pool2d(images, kernel_size, stride)
        expected = F.max_pool2d(images, kernel_size, stride)
        call = f"max_pool2d(images, {kernel_size}, stride={stride})"
        assert_tensor(result, expected, what=call, mistakes=partial(pooling_mistakes, images, kernel_size, stride))
