"""Top patches: the brightest pixels in order, even at the border of an image."""

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor, send_function

from .inputs import bright_pixels
from .models import pixel_maps

pytestmark = pytest.mark.hints(
    "A hook gives the feature maps of all images; where is the maximum of each image's map, and how large is it?",
    "Scale the centre of the map's pixel by the ratio of sizes. Clamp the corner to keep the patch inside the image.",
)


@pytest.mark.points(0.75)
def test_strongest_first(submission):
    """The patches are centred on the brightest pixels, strongest first, at most one per image."""
    images = bright_pixels([[(0.5, 3, 4)], [(0.9, 2, 5), (0.8, 4, 2)], [(0.2, 2, 2)], [(0.7, 4, 3)]], (7, 8))
    model = send_function(submission, pixel_maps)()
    first, second, third = images[1, :, 1:4, 4:7], images[3, :, 3:6, 2:5], images[0, :, 2:5, 3:6]
    also = images[1, :, 3:6, 1:4]
    result = submission.top_patches(model, model[0], 0, images, k=3, patch_size=3)
    expected = torch.stack([first, second, third])
    mistakes = {
        "an image gave two patches; at most one is allowed": torch.stack([first, also, second]),
        "the order is reversed: the strongest comes first": torch.stack([third, second, first]),
        "the patches are not in order: the strongest comes first": torch.stack([third, first, second]),
        "the first k images are taken, not the k with the strongest maximum": torch.stack(
            [third, first, images[2, :, 1:4, 1:4]]
        ),
        "the patch starts at the pixel; centre it there": torch.stack(
            [images[1, :, 2:5, 5:8], images[3, :, 4:7, 3:6], images[0, :, 3:6, 4:7]]
        ),
        "there is a patch for each image; return only k": torch.zeros(4, 1, 3, 3),
        "the channel axis is lost: a patch has shape (C, patch_size, patch_size)": torch.zeros(3, 3, 3),
        "whole images are returned; cut out the patches": torch.zeros(3, 1, 7, 8),
    }
    assert_tensor(result, expected, what="top_patches(model, layer, 0, images, k=3, patch_size=3)", mistakes=mistakes)


@pytest.mark.points(0.5)
def test_border(submission):
    """A patch that would leave the image is moved as little as needed to stay inside."""
    images = bright_pixels([[(0.9, 0, 3)], [(0.8, 6, 7)], [(0.7, 3, 1)]], (7, 8))
    model = send_function(submission, pixel_maps)()
    top, corner, left = images[0, :, 0:5, 1:6], images[1, :, 2:7, 3:8], images[2, :, 1:6, 0:5]
    result = submission.top_patches(model, model[0], 0, images, k=3, patch_size=5)
    expected = torch.stack([top, corner, left])
    mistakes = {
        "the patch is filled with zeros beyond the border; move it inside": torch.stack(
            [
                F.pad(image, (2, 2, 2, 2))[:, row : row + 5, column : column + 5]
                for image, row, column in zip(images, (0, 6, 3), (3, 7, 1), strict=True)
            ]
        )
    }
    assert_tensor(result, expected, what="top_patches(model, layer, 0, images, k=3, patch_size=5)", mistakes=mistakes)
