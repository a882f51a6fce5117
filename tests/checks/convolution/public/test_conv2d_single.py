"""Convolution of one image with one kernel: the lecture's example, the orientation of the kernel, the bias."""

import math

import pytest
import torch

from autograder.checking import assert_tensor

from .by_hand import require_by_hand
from .lecture import LECTURE_IMAGE, LECTURE_KERNEL, LECTURE_OUTPUT
from .mistakes import kernel_mistakes

pytestmark = [
    pytest.mark.uses("output_size"),
    pytest.mark.after("by_hand"),
    pytest.mark.hints(
        "Two loops over the output's rows and columns: cut out the window, multiply, sum.",
        "Or loop over the kernel's cells and sum shifted images. Writing into `torch.zeros(…)` can lose the dtype.",
    ),
]


def value_at(output, row, column):
    """Return one value of the lecture example's output; fail unless it is a 3×3 tensor without NaN."""
    # An infinite tolerance lets every finite value pass: only type, shape and dtype are compared here.
    mistakes = {
        "the image is padded; here the kernel stays inside it": torch.zeros(5, 5),
        "the last row and column are missing: the loops stop one step too early": torch.zeros(2, 2),
        "only one value is returned; the kernel has nine positions": torch.zeros(()),
    }
    assert_tensor(output, LECTURE_OUTPUT, what="conv2d_single(image, kernel)", atol=math.inf, mistakes=mistakes)
    return output[row, column]


@pytest.mark.points(0)
def test_by_hand(submission):
    """Uses no library convolution (otherwise this question scores 0)."""
    require_by_hand(submission, submission.conv2d_single, LECTURE_IMAGE, LECTURE_KERNEL)


@pytest.mark.points(0.5)
def test_first_output(submission):
    """The first output of the lecture's example is 6."""
    output = submission.conv2d_single(LECTURE_IMAGE, LECTURE_KERNEL)
    result = value_at(output, 0, 0)
    mistakes = {
        "a bias of −1 is added, though none is given": torch.tensor(5.0),
        "only the middle weight is used: 5·3": torch.tensor(15.0),
        "the pixels are added up without the weights": LECTURE_IMAGE[:3, :3].sum(),
        "the mean of the products is taken; the formula sums them": torch.tensor(6.0 / 9),
    }
    cause = "5·3 − 3 − 4 − 2 − 0 = 6: see the first step in the figure"
    assert_tensor(result, torch.tensor(6.0), what="conv2d_single(image, kernel)[0, 0]", mistakes=mistakes, cause=cause)


@pytest.mark.points(0.5)
def test_bias(submission):
    """With a bias of −1, the second output of the lecture's example is the slide's 0."""
    output = submission.conv2d_single(LECTURE_IMAGE, LECTURE_KERNEL, bias=-1)
    call = "conv2d_single(image, kernel, bias=-1)[0, 1]"
    mistakes = {
        "the bias is forgotten: without it the value is 1": torch.tensor(1.0),
        "the bias is subtracted": torch.tensor(2.0),
        "the bias is added once per weight; add it once per output value": torch.tensor(-8.0),
        "the bias is added once per nonzero weight; add it once per output value": torch.tensor(-4.0),
    }
    cause = "5·2 − 2 − 3 − 1 − 3 − 1 = 0, where the last −1 is the bias"
    assert_tensor(value_at(output, 0, 1), torch.tensor(0.0), what=call, mistakes=mistakes, cause=cause)


@pytest.mark.points(1)
def test_whole_output(submission):
    """Without a bias, the lecture's example gives 6 1 8 / −7 9 2 / −5 −9 3."""
    result = submission.conv2d_single(LECTURE_IMAGE, LECTURE_KERNEL)
    mistakes = {
        **kernel_mistakes(LECTURE_IMAGE, LECTURE_KERNEL),
        "the bias defaults to −1; the default is 0": LECTURE_OUTPUT - 1,
    }
    assert_tensor(result, LECTURE_OUTPUT, what="conv2d_single(image, kernel)", mistakes=mistakes)
