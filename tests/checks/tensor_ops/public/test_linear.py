"""The linear model on two samples."""

import pytest
import torch

from autograder.checking import assert_tensor

pytestmark = pytest.mark.hints(
    "Write down the shapes: what times (D,) gives one number for each of N rows?",
    "`x @ theta` does it. Beware of `squeeze`: a single sample still has shape (1,).",
)


@pytest.mark.points(0.4)
def test_lecture_sum(submission):
    """The result is the bias plus the weighted sum of each sample's features."""
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    theta = torch.tensor([0.5, -1.0, 2.0])
    # 10 + 0.5 − 2 + 6 = 14.5 and 10 + 2 − 5 + 12 = 19
    result = submission.linear(x, theta, torch.tensor(10.0))
    mistakes = {
        "the bias theta_0 was forgotten": torch.tensor([4.5, 9.0]),
        "the bias theta_0 was subtracted": torch.tensor([-5.5, -1.0]),
        "the bias was added once per feature; add it once per sample": torch.tensor([34.5, 39.0]),
        "the sum runs over the samples, not over the features": torch.tensor([12.5, 3.0, 28.0]),
        "the result is one column, shape (N, 1); it must have the shape (N,)": torch.tensor([[14.5], [19.0]]),
        "everything was summed into one number; each sample has its own": torch.tensor(23.5),
        "the results of all samples were summed; each sample has its own": torch.tensor(33.5),
    }
    assert_tensor(result, torch.tensor([14.5, 19.0]), what="linear(x, theta, theta_0)", mistakes=mistakes)
