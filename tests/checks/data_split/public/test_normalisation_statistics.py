"""Statistics for normalisation: of the training images only, one pair per channel."""

import pytest
import torch

from .normalisation import check_statistics

pytestmark = pytest.mark.hints(
    "Which images may you use? And how many numbers are there at the end?",
    "The mean over samples, rows and columns leaves the channels: `dim=(0, 2, 3)`.",
)


@pytest.mark.points(0.75)
def test_training_only(submission):
    """Only the training images are used."""
    images = torch.rand(20, 1, 12, 12) * 0.3 + torch.linspace(0, 0.7, 20)[:, None, None, None]
    check_statistics(submission, images, torch.tensor([17, 3, 12, 9, 16, 14]))


@pytest.mark.points(0.5)
def test_channels(submission):
    """Each channel has its own mean and standard deviation."""
    images = torch.rand(12, 3, 10, 14) * torch.tensor([0.2, 0.5, 0.9])[:, None, None]
    images += torch.tensor([0.7, 0.1, 0.0])[:, None, None]
    check_statistics(submission, images, torch.tensor([1, 4, 6, 7, 8, 11]))
