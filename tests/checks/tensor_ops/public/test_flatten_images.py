"""Flattened images: the order of the features in a row."""

import pytest
import torch

from autograder.checking import assert_tensor

pytestmark = pytest.mark.hints(
    "How many rows does the result have, and how many numbers belong to one image?",
    "`flatten` takes the first axis to merge; unlike `view`, it does not need contiguous memory.",
)


@pytest.mark.points(0.5)
def test_one_row_a_sample(submission):
    """Each image becomes one row: channel after channel, pixel row after pixel row."""
    images = torch.arange(24.0).reshape(2, 2, 2, 3)  # two images, two channels, 2×3 pixels
    rows = torch.stack([torch.arange(0.0, 12.0), torch.arange(12.0, 24.0)])
    mistakes = {
        "the whole batch became one row; keep the first axis, the samples": torch.arange(24.0),
        "the result is transposed: samples are the rows, features the columns": rows.T,
        "each channel became its own row; a row holds all channels of an image": torch.arange(24.0).reshape(4, 6),
        "the images are mixed up: transposing is not reshaping": torch.stack(
            [torch.arange(0.0, 24.0, 2.0), torch.arange(1.0, 24.0, 2.0)]
        ),
        "channels come last within a row: their axis was moved before flattening": torch.tensor(
            [0.0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 12, 18, 13, 19, 14, 20, 15, 21, 16, 22, 17, 23]
        ).reshape(2, 12),
    }
    assert_tensor(submission.flatten_images(images), rows, what="flatten_images(images)", mistakes=mistakes)
