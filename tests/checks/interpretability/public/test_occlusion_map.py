"""Occlusion maps: drops of the logit that can be computed by hand, with and without overlap."""

import pytest
import torch

from autograder.checking import assert_tensor, send_function

from .models import weighted_sum
from .phantom_picture import show_on_a_phantom

pytestmark = pytest.mark.hints(
    "For each patch position: copy the image, hide the patch, run the model, compare with the original logit.",
    "Keep two maps: the sum of the drops at each pixel, and how many patches covered it.",
)


@pytest.mark.points(1)
def test_known_drops(submission):
    """If the logit is a weighted sum of the pixels, hiding a patch costs what its pixels contribute."""
    image = torch.tensor([[[1.0, 2, 0, 1], [3, 0, 1, 0], [5, 1, 2, 2], [0, 1, 1, 2]]])
    weight = torch.tensor([[[1.0, 1, 1, 1], [1, 1, 1, 1], [1, 1, -1, -1], [1, 1, -1, -1]]])
    model = send_function(submission, weighted_sum)(weight)
    # The four patches contribute 6, 2, 7 and -7.
    expected = torch.tensor([[6.0, 6, 2, 2], [6, 6, 2, 2], [7, 7, -7, -7], [7, 7, -7, -7]])
    result = submission.occlusion_map(model, image, patch_size=2, stride=2)
    mistakes = {
        "the drop has the wrong sign: it is the original logit minus the occluded one": -expected,
        "negative drops are cut off; keep them": expected.clamp(min=0),
        "the absolute value is taken; keep the sign": expected.abs(),
        "this is the logit with the patch hidden, not its drop": 8 - expected,
        "the drop is divided by the number of pixels in the patch": expected / 4,
        "rows and columns are swapped": expected.T,
        "there is one value per patch; the map has one per pixel": expected[::2, ::2],
        "there is an axis too many: the map has two": expected[None],
        "the map is scaled by its maximum; do not scale it": expected / 7,
    }
    assert_tensor(result, expected, what="occlusion_map(model, image, patch_size=2, stride=2)", mistakes=mistakes)
    show_on_a_phantom(submission, "occlusion_map")


@pytest.mark.points(0.5)
def test_overlap(submission):
    """Where patches overlap, a pixel gets their mean drop."""
    image = torch.tensor([[[1.0, 2, 3], [4, 5, 6]]])
    model = send_function(submission, weighted_sum)(torch.ones(1, 2, 3))
    # Two patches of 2×2: the left one contributes 12, the right one 16, and the middle column is in both.
    result = submission.occlusion_map(model, image, patch_size=2, stride=1)
    expected = torch.tensor([[12.0, 14, 16]] * 2)
    mistakes = {
        "the drops are summed; a pixel gets their mean": torch.tensor([[12.0, 28, 16]] * 2),
        "a later patch overwrites an earlier one": torch.tensor([[12.0, 16, 16]] * 2),
        "an earlier patch is kept where a later one covers the pixel too": torch.tensor([[12.0, 12, 16]] * 2),
        "patches cross the border of the image; they must be inside": torch.tensor(
            [[12.0, 14, 12.5], [10.5, 12.25, 10.75]]
        ),
        "the last patch is missing: it may touch the border": torch.tensor([[12.0, 12, 0]] * 2),
    }
    assert_tensor(result, expected, what="occlusion_map(model, image, patch_size=2, stride=1)", mistakes=mistakes)
