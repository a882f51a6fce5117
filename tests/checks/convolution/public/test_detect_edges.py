"""Edge detection: images whose edges are known."""

from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor

from .by_hand import require_by_hand
from .lecture import EDGE_KERNEL, LECTURE_IMAGE
from .mistakes import edge_mistakes
from .reference import CLOSE

pytestmark = [
    pytest.mark.uses("conv2d"),
    pytest.mark.after("by_hand"),
    pytest.mark.hints(
        "You have everything: which kernel, how much padding to keep the size, and which of your functions?",
        "`conv2d` takes (N, C, H, W) and (O, C, kH, kW): add axes, then remove them. Mind the dtype of the kernel.",
    ),
]


@pytest.mark.points(0)
def test_by_hand(submission):
    """Uses no library convolution (otherwise this question scores 0)."""
    require_by_hand(submission, submission.detect_edges, LECTURE_IMAGE)


@pytest.mark.points(0.5)
def test_single_point(submission):
    """A single bright pixel gives 8 at its position and −1 all around."""
    image = torch.zeros(5, 6)
    image[2, 3] = 1.0
    expected = torch.zeros(5, 6)
    expected[1:4, 2:5] = EDGE_KERNEL
    result = submission.detect_edges(image)
    assert_tensor(result, expected, what="detect_edges(image)", mistakes=partial(edge_mistakes, image), **CLOSE)


@pytest.mark.points(0.5)
def test_uniform_image(submission):
    """A uniform image gives 0 inside and an edge where the zero padding begins."""
    image = torch.ones(4, 5)
    expected = torch.tensor([[5.0, 3, 3, 3, 5], [3, 0, 0, 0, 3], [3, 0, 0, 0, 3], [5, 3, 3, 3, 5]])
    # Each of these mistakes gives zeros everywhere for a uniform image.
    no_frame = (
        "no edge at the border: pad the image with zeros first, not the output afterwards, and not with copies of the "
        "border"
    )
    mistakes = {no_frame: torch.zeros(4, 5), **edge_mistakes(image)}
    assert_tensor(submission.detect_edges(image), expected, what="detect_edges(image)", **CLOSE, mistakes=mistakes)
