"""Standardised columns: numbers that can be checked by hand, and a constant column."""

import pytest
import torch

from autograder.checking import assert_tensor

from .causes import if_not_finite

pytestmark = pytest.mark.hints(
    "A column is a feature: over which axis are its values? Keep that axis, so that the result broadcasts.",
    "The population's deviation divides by N; PyTorch's `std` divides by N − 1 unless told otherwise.",
)


@pytest.mark.points(0.5)
def test_mean_and_deviation(submission):
    """Every column has mean 0 and population standard deviation 1."""
    # The columns have the means 5 and 20 and the population deviations 2 and 10.
    x = torch.tensor([[2, 10], [4, 30], [4, 10], [4, 30], [5, 10], [5, 30], [7, 10], [9, 30]]).float()
    z = torch.tensor([[-1.5, -1], [-0.5, 1], [-0.5, -1], [-0.5, 1], [0, -1], [0, 1], [1, -1], [2, 1]])
    mistakes = {
        "this is the sample deviation, which divides by N − 1; the population's divides by N": z * (7 / 8) ** 0.5,
        "the rows were standardised; average each column over the samples": torch.tensor([[-1.0, 1.0]] * 8),
        "mean and deviation were taken over all columns together": (x - 12.5) / 10.404326,
        "divided by the deviation, but the mean was not subtracted": x / torch.tensor([2.0, 10.0]),
        "the mean was subtracted, but nothing was divided by the deviation": x - torch.tensor([5.0, 20.0]),
        "this divides by the variance; its square root is the deviation": z / torch.tensor([2.0, 10.0]),
    }
    assert_tensor(submission.standardise(x), z, what="standardise(x)", mistakes=mistakes)


@pytest.mark.points(0.5)
def test_constant_column(submission):
    """A constant column becomes zeros, never NaN."""
    # With this many samples, the sample and population deviations agree; another check tells them apart.
    x = torch.tensor([[1.0, 7.0], [3.0, 7.0]]).repeat(200, 1)
    expected = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]).repeat(200, 1)
    result = submission.standardise(x)
    zero_by_zero = "the deviation of a constant column is 0, and 0 / 0 is NaN: that is what eps is for"
    cause = if_not_finite(result, zero_by_zero)
    assert_tensor(result, expected, what="standardise(x)", rtol=0.01, cause=cause)
