"""Statistics for normalisation: images of different brightness, any shape, and float64."""

import pytest
import torch

from autograder.checking import unchanged

from ..public.normalisation import check_statistics, compare_statistics


@pytest.mark.points(0.25)
@pytest.mark.hint("Two images, one all 0 and one all 1: what is the standard deviation of their pixels?")
def test_different_images(submission):
    """The deviation is that of all pixels, even if images differ greatly in brightness."""
    images = torch.rand(16, 2, 9, 11) * 0.1 + 0.9 * torch.rand(16, 1, 1, 1)
    check_statistics(submission, images, torch.randperm(16)[:10])


@pytest.mark.points(0.25)
def test_other_shapes(submission):
    """Any number of images and channels works, and so do non-contiguous images."""
    for n, channels, height, width, chosen in ((5, 1, 24, 20, 1), (4, 4, 15, 9, 4), (9, 3, 20, 7, 5)):
        check_statistics(submission, torch.rand(n, channels, height, width), torch.randperm(n)[:chosen])
    images = torch.rand(8, 12, 18, 3).permute(0, 3, 1, 2)[..., :13:2]
    check_statistics(submission, images, torch.tensor([6, 0, 5, 2]))


@pytest.mark.points(0.25)
def test_inputs(submission):
    """The inputs are not modified, and float64 images give float64 statistics."""
    images, indices = torch.rand(7, 2, 12, 10).double(), torch.tensor([5, 1, 2, 6])
    with unchanged(images, indices, what="normalisation_statistics"):
        found = submission.normalisation_statistics(images, indices)
    compare_statistics(found, images, indices)
