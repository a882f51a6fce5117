"""Flattened images: memory in another order, and a batch of one."""

import pytest
import torch

from autograder.checking import assert_tensor, unchanged


@pytest.mark.points(0.25)
@pytest.mark.hint("`view` only works on contiguous memory; similar functions copy if they have to.")
def test_non_contiguous(submission):
    """Images in another memory layout (channels last) are flattened correctly."""
    stored = torch.randn(3, 4, 5, 2)  # (N, H, W, C), as most image files are read
    images = stored.permute(0, 3, 1, 2)
    expected = images.flatten(start_dim=1)
    with unchanged(stored, what="flatten_images"):
        result = submission.flatten_images(images)
    mistakes = {"the numbers follow the memory layout, not the order of the axes": stored.flatten(start_dim=1)}
    assert_tensor(result, expected, what="flatten_images(images)", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_batch_of_one(submission):
    """A single image gives one row of the same dtype."""
    image = torch.rand(1, 1, 7, 9, dtype=torch.float64)
    expected = image.flatten(start_dim=1)
    mistakes = {"axes of size 1 were squeezed away; keep the batch axis even for one sample": expected[0]}
    assert_tensor(submission.flatten_images(image), expected, what="flatten_images(one_image)", mistakes=mistakes)
