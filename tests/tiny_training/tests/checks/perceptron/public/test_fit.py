"""Public checks of `fit`."""

import pytest
import torch

from .answers import fitted


@pytest.mark.points(1)
def test_three_weights(submission):
    """There are two weights and a bias."""
    fitted(submission, torch.eye(2), torch.tensor([0.0, 1.0]))
