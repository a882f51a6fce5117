"""Flattened images: memory in another order, and a batch of one."""

import pytest
import torch

from autograder.checking import assert_tensor, unchanged


@pytest.mark.points(0.25)
@pytest.mark.hint("`view` only works where the memory is in the tensor's own order; some siblings copy if need be.")
def test_non_contiguous(submission):
    """Images whose memory lies in another order (channels last) are flattened as well."""
    stored = torch.randn(3, 4, 5, 2)  # (N, H, W, C), as most image files are read
    images = stored.permute(0, 3, 1, 2)
    expected = images.flatten(start_dim=1)
    with unchanged(stored, what="flatten_images"):
        result = submission.flatten_images(images)
    assert_tensor(
        result,
        expected,
        what="flatten_images(images)",
        mistakes={
            "the numbers were taken in the order of memory, not in the order of the axes": stored.flatten(start_dim=1)
        },
    )


@pytest.mark.points(0.25)
def test_batch_of_one(submission):
    """A single image gives one row, of the same number type."""
    image = torch.rand(1, 1, 7, 9, dtype=torch.float64)
    expected = image.flatten(start_dim=1)
    assert_tensor(
        submission.flatten_images(image),
        expected,
        what="flatten_images(one_image)",
        mistakes={"axes of size 1 were squeezed away; the batch axis stays, also for one sample": expected[0]},
    )
