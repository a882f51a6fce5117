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
    pytest.mark.after("by_hand"),
    pytest.mark.hints(
        "Everything is there: which kernel, how much padding so that the size stays, and which of your functions?",
        (
            "`conv2d` wants (N, C, H, W) and (O, C, kH, kW): add the axes, and take them away again. Give the kernel "
            "the image's dtype."
        ),
    ),
]


@pytest.mark.points(0)
def test_by_hand(submission):
    """It does without a convolution of a library; else no other check of this question counts."""
    require_by_hand(submission, submission.detect_edges, LECTURE_IMAGE)


@pytest.mark.points(0.5)
def test_single_point(submission):
    """A single bright pixel gives 8 at its place and −1 all around."""
    image = torch.zeros(5, 6)
    image[2, 3] = 1.0
    expected = torch.zeros(5, 6)
    expected[1:4, 2:5] = EDGE_KERNEL
    assert_tensor(
        submission.detect_edges(image),
        expected,
        what="detect_edges(image)",
        mistakes=partial(edge_mistakes, image),
        **CLOSE,
    )


@pytest.mark.points(0.5)
def test_uniform_image(submission):
    """A uniform image gives 0 inside, and an edge where the zeros of the padding begin."""
    image = torch.ones(4, 5)
    expected = torch.tensor([[5.0, 3, 3, 3, 5], [3, 0, 0, 0, 3], [3, 0, 0, 0, 3], [5, 3, 3, 3, 5]])
    # Each of these gives zeros all over a uniform image.
    no_frame = (
        "no edge at the border: the image is padded with zeros before the kernel slides, "
        "not the output afterwards, and not with copies of the border"
    )
    assert_tensor(
        submission.detect_edges(image),
        expected,
        what="detect_edges(image)",
        **CLOSE,
        mistakes={no_frame: torch.zeros(4, 5), **edge_mistakes(image)},
    )
