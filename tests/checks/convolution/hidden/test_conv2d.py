"""Convolution layers compared with PyTorch's: any shape, setting and dtype, and gradients."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor, unchanged

from ..public.mistakes import layer_mistakes
from ..public.reference import CLOSE
from .gradients import check_gradients
from .precision import DOWNCAST, EXACT

pytestmark = pytest.mark.after("by_hand")


@pytest.mark.points(0.5)
@pytest.mark.hint("Write down rows and columns separately for the image, the kernel and the output.")
def test_rows_and_columns(submission):
    """Images and kernels that are not square or not contiguous give the right output."""
    call = "conv2d(images, weight, stride=…, padding=…)"
    for size, kernel_size in (((7, 12), (2, 4)), ((12, 7), (5, 2)), ((9, 8), (1, 3)), ((8, 9), (3, 1))):
        images, weight = torch.randn(2, 3, *size), torch.randn(2, 3, *kernel_size)
        result = submission.conv2d(images, weight, stride=2, padding=1)
        mistakes = partial(layer_mistakes, images, weight, None, 2, 1)
        assert_tensor(result, F.conv2d(images, weight, stride=2, padding=1), what=call, mistakes=mistakes, **CLOSE)
    images = torch.randn(8, 18, 3, 2).permute(3, 2, 0, 1)[..., ::2]  # as from images of shape (H, W, C)
    weight = torch.randn(3, 4, 3, 2).transpose(1, 2)
    call = "conv2d(images, weight) of tensors that are not contiguous"
    cause = "`view` needs contiguous tensors and fails or mixes up pixels; use `reshape`"
    assert_tensor(submission.conv2d(images, weight), F.conv2d(images, weight), what=call, cause=cause, **CLOSE)


@pytest.mark.points(0.75)
def test_settings(submission):
    """The output agrees with PyTorch for every combination of stride, padding and bias."""
    images, weight, bias = torch.randn(2, 2, 9, 8), torch.randn(3, 2, 3, 4), torch.randn(3)
    for stride in (1, 2, 3):
        for padding in (0, 1, 3):
            result = submission.conv2d(images, weight, bias, stride, padding)
            expected = F.conv2d(images, weight, bias, stride, padding)
            call = "conv2d(images, weight, bias, stride, padding)"
            mistakes = partial(layer_mistakes, images, weight, bias, stride, padding)
            assert_tensor(result, expected, what=call, mistakes=mistakes, **CLOSE)


@pytest.mark.points(0.5)
def test_bias(submission):
    """Each kernel has its own bias, added once to each value of its map."""
    images, weight = torch.randn(2, 3, 6, 5), torch.randn(4, 3, 3, 2)
    bias = torch.tensor([1.0, -2, 0.5, 3])
    # As many rows and columns as kernels: a bias that is not reshaped broadcasts without an error.
    maps = F.conv2d(images, weight)
    mistakes = {
        **layer_mistakes(images, weight, bias),
        "the bias is added along the columns; it belongs along the second axis, the kernels": maps + bias,
        "the bias is added along the rows; it belongs along the second axis, the kernels": maps + bias[:, None],
        "every kernel gets the first bias": maps + bias[0],
        "every kernel gets the sum of all biases": maps + bias.sum(),
    }
    result = submission.conv2d(images, weight, bias)
    expected = F.conv2d(images, weight, bias)
    assert_tensor(result, expected, what="conv2d(images, weight, bias)", mistakes=mistakes, **CLOSE)


@pytest.mark.points(0.25)
def test_batch_of_one(submission):
    """A batch of one image, one channel or one value keeps all its axes."""
    for image_shape, weight_shape in (
        ((1, 3, 6, 5), (2, 3, 3, 3)),
        ((3, 1, 4, 4), (1, 1, 3, 3)),
        ((1, 2, 3, 4), (1, 2, 3, 4)),
    ):
        images, weight = torch.randn(image_shape), torch.randn(weight_shape)
        expected = F.conv2d(images, weight)
        result = submission.conv2d(images, weight)
        mistakes = {
            "an axis of length one is lost (`squeeze`): the output has four axes": expected.squeeze(),
            "the first axis is lost: a batch of one image is still a batch": expected.squeeze(0),
        }
        assert_tensor(result, expected, what="conv2d(images, weight)", mistakes=mistakes, **CLOSE)


@pytest.mark.points(0.25)
def test_inputs(submission):
    """The inputs are not modified, and float64 images give a float64 output."""
    images, weight = torch.randn(2, 2, 6, 5).double(), torch.randn(3, 2, 3, 2).double()
    bias = torch.randn(3).double()
    with unchanged(images, weight, bias, what="conv2d"):
        output = submission.conv2d(images, weight, bias, stride=2, padding=1)
    call = "conv2d(images, weight, bias, stride, padding) of float64 tensors"
    assert_tensor(output, F.conv2d(images, weight, bias, 2, 1), what=call, cause=DOWNCAST, **EXACT)


@pytest.mark.points(0.75)
@pytest.mark.hint("Use only tensor operations from input to output.")
def test_gradients(submission):
    """Gradients flow back to the images, the weights and the bias."""
    inputs = {"images": torch.randn(2, 3, 6, 5), "weight": torch.randn(2, 3, 3, 2), "bias": torch.randn(2)}

    def strided(images, weight, bias):
        return submission.conv2d(images, weight, bias, stride=2, padding=1)

    def reference(images, weight, bias):
        return F.conv2d(images, weight, bias, stride=2, padding=1)

    check_gradients(strided, reference, inputs, "conv2d(images, weight, bias, stride, padding)")
