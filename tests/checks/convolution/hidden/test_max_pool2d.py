"""Max-pooling compared with PyTorch's: negative values, any shape and dtype, and gradients."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor, unchanged

from ..public.mistakes import pooling_mistakes
from .gradients import check_gradients
from .precision import DOWNCAST, EXACT


@pytest.mark.points(0.5)
@pytest.mark.hint("What is the maximum of −3 and −5? Look at the value your result starts from.")
def test_negative_values(submission):
    """If all values are negative, however large, the result is negative."""
    for low in (-1.0, -1e4, -1e30):
        images = low * (1 + torch.rand(2, 2, 7, 6))
        for kernel_size in (2, 3):
            result = submission.max_pool2d(images, kernel_size)
            expected = F.max_pool2d(images, kernel_size)
            mistakes = partial(pooling_mistakes, images, kernel_size, kernel_size)
            cause = "start from −∞ or from a value of the window: no fixed number is low enough"
            assert_tensor(result, expected, what="max_pool2d of negative values", mistakes=mistakes, cause=cause)


@pytest.mark.points(0.5)
def test_other_shapes(submission):
    """Images of any shape work: not square, not contiguous, a batch of one."""
    for shape, kernel_size, stride in (
        ((2, 3, 9, 5), 2, None),
        ((3, 2, 6, 11), 3, None),
        ((1, 2, 7, 10), 3, 2),
        ((2, 1, 4, 5), 4, 1),
        ((1, 1, 3, 3), 3, None),
        ((2, 3, 4, 6), 1, None),
        ((1, 4, 8, 7), 2, 3),
    ):
        images = torch.randn(shape)
        result = submission.max_pool2d(images, kernel_size, stride)
        expected = F.max_pool2d(images, kernel_size, stride)
        mistakes = partial(pooling_mistakes, images, kernel_size, stride or kernel_size)
        assert_tensor(result, expected, what="max_pool2d(images, kernel_size, stride)", mistakes=mistakes)
    images = torch.randn(10, 7, 3, 2).permute(3, 2, 1, 0)[..., ::2]
    call = "max_pool2d of images that are not contiguous"
    cause = "`view` needs contiguous tensors and fails or mixes up pixels; use `reshape`"
    assert_tensor(submission.max_pool2d(images, 2), F.max_pool2d(images, 2), what=call, cause=cause)


@pytest.mark.points(0.25)
def test_inputs(submission):
    """The images are not modified, and float64 images give a float64 output."""
    images = torch.randn(2, 2, 5, 6).double()
    with unchanged(images, what="max_pool2d"):
        output = submission.max_pool2d(images, 2)
    call = "max_pool2d(images, kernel_size) of float64 images"
    assert_tensor(output, F.max_pool2d(images, 2), what=call, cause=DOWNCAST, **EXACT)


@pytest.mark.points(0.25)
@pytest.mark.hint("Use only tensor operations from input to output.")
def test_gradients(submission):
    """Gradients flow back to the largest value of each window."""

    def overlapping(images):
        return submission.max_pool2d(images, 3, 2)

    def reference(images):
        return F.max_pool2d(images, 3, 2)

    inputs = {"images": torch.randn(2, 2, 7, 6)}
    check_gradients(overlapping, reference, inputs, "max_pool2d(images, kernel_size, stride)")
