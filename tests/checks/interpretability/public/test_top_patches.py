"""Top patches: the brightest pixels in order, also at the border of an image."""

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor, send_function

from .inputs import bright_pixels
from .models import pixel_maps

pytestmark = pytest.mark.hints(
    "A hook gives the feature maps of all images; where is the maximum of each image's map, and how large is it?",
    (
        "The middle of a pixel of the map is a place in the image: scale by the ratio of sizes. Clamp the corner "
        "so that the patch stays inside."
    ),
)


@pytest.mark.points(0.75)
def test_strongest_first(submission):
    """The patches lie around the brightest pixels, strongest first, at most one an image."""
    images = bright_pixels([[(0.5, 3, 4)], [(0.9, 2, 5), (0.8, 4, 2)], [(0.2, 2, 2)], [(0.7, 4, 3)]], (7, 8))
    model = send_function(submission, pixel_maps)()
    first, second, third = images[1, :, 1:4, 4:7], images[3, :, 3:6, 2:5], images[0, :, 2:5, 3:6]
    also = images[1, :, 3:6, 1:4]
    assert_tensor(
        submission.top_patches(model, model[0], 0, images, k=3, patch_size=3),
        torch.stack([first, second, third]),
        what="top_patches(model, layer, 0, images, k=3, patch_size=3)",
        mistakes={
            "an image gave two patches; each gives at most one": torch.stack([first, also, second]),
            "the order is reversed: the strongest comes first": torch.stack([third, second, first]),
            "the patches are not in order: the strongest comes first": torch.stack([third, first, second]),
            "the first k images are taken, not the k with the strongest maximum": torch.stack(
                [third, first, images[2, :, 1:4, 1:4]]
            ),
            "the patch starts at the pixel; it is centred on it": torch.stack(
                [images[1, :, 2:5, 5:8], images[3, :, 4:7, 3:6], images[0, :, 3:6, 4:7]]
            ),
            "there is a patch for each image; only k of them were asked for": torch.zeros(4, 1, 3, 3),
            "the channel axis is lost: a patch has shape (C, patch_size, patch_size)": torch.zeros(3, 3, 3),
            "whole images are returned; cut the patches out": torch.zeros(3, 1, 7, 8),
        },
    )


@pytest.mark.points(0.5)
def test_border(submission):
    """A patch that would leave the image is moved as little as needed to stay inside."""
    images = bright_pixels([[(0.9, 0, 3)], [(0.8, 6, 7)], [(0.7, 3, 1)]], (7, 8))
    model = send_function(submission, pixel_maps)()
    top, corner, left = images[0, :, 0:5, 1:6], images[1, :, 2:7, 3:8], images[2, :, 1:6, 0:5]
    assert_tensor(
        submission.top_patches(model, model[0], 0, images, k=3, patch_size=5),
        torch.stack([top, corner, left]),
        what="top_patches(model, layer, 0, images, k=3, patch_size=5)",
        mistakes={
            "beyond the border, the patch is filled with zeros; move it inside instead": torch.stack(
                [
                    F.pad(image, (2, 2, 2, 2))[:, row : row + 5, column : column + 5]
                    for image, row, column in zip(images, (0, 6, 3), (3, 7, 1), strict=True)
                ]
            )
        },
    )
