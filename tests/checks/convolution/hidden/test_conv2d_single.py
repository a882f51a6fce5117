"""Convolution of one image with one kernel: any shape and dtype, and gradients."""

from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from ..public.by_hand import by_hand
from ..public.mistakes import kernel_mistakes
from ..public.reference import CLOSE, single
from .gradients import check_gradients
from .precision import DOWNCAST, EXACT

pytestmark = pytest.mark.after("by_hand")


@pytest.mark.points(0.75)
@pytest.mark.hint("Try a kernel that is 1 in one corner and 0 elsewhere: it copies part of the image.")
def test_cross_correlation(submission):
    """The kernel is not flipped."""
    image, kernel = torch.randn(7, 7), torch.randn(3, 3)
    result = by_hand(submission, "conv2d_single")(image, kernel)
    call = "conv2d_single(image, kernel)"
    assert_tensor(result, single(image, kernel), what=call, mistakes=partial(kernel_mistakes, image, kernel), **CLOSE)


@pytest.mark.points(0.5)
def test_other_shapes(submission):
    """Images and kernels of any shape work: not square, of even size, the same size as each other."""
    cause = "take rows from shape[0] and columns from shape[1], for both the image and the kernel"
    for image_shape, kernel_shape in (
        ((9, 5), (3, 3)),
        ((4, 8), (2, 5)),
        ((8, 6), (5, 2)),
        ((5, 6), (1, 1)),
        ((4, 7), (4, 7)),
        ((3, 1), (2, 1)),
    ):
        image, kernel = torch.randn(image_shape), torch.randn(kernel_shape)
        call = "conv2d_single(image, kernel, bias)"
        output = by_hand(submission, "conv2d_single")(image, kernel, 0.75)
        bias_mistakes = {
            "the bias is forgotten": single(image, kernel),
            "the bias is added once per weight; add it once per output value": single(
                image, kernel, 0.75 * kernel.numel()
            ),
        }
        assert_tensor(output, single(image, kernel, 0.75), what=call, mistakes=bias_mistakes, cause=cause, **CLOSE)
    image, kernel = torch.randn(6, 8).T, torch.randn(4, 9)[:, ::3].T
    call = "conv2d_single(image, kernel) of tensors that are not contiguous"
    assert_tensor(by_hand(submission, "conv2d_single")(image, kernel), single(image, kernel), what=call, **CLOSE)


@pytest.mark.points(0.25)
def test_inputs(submission):
    """The inputs are not modified, and a float64 image gives a float64 output."""
    image, kernel = torch.randn(6, 5).double(), torch.randn(2, 3).double()
    with unchanged(image, kernel, what="conv2d_single"):
        output = by_hand(submission, "conv2d_single")(image, kernel, 0.1)
    call = "conv2d_single(image, kernel, bias) of float64 tensors"
    assert_tensor(output, single(image, kernel, 0.1), what=call, cause=DOWNCAST, **EXACT)


@pytest.mark.points(0.5)
@pytest.mark.hint("Use only tensor operations from input to output.")
def test_gradients(submission):
    """Gradients flow back to the image and to the kernel."""
    inputs = {"image": torch.randn(5, 6), "kernel": torch.randn(3, 2)}
    check_gradients(by_hand(submission, "conv2d_single"), single, inputs, "conv2d_single(image, kernel)")
