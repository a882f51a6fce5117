"""Standardised columns: any shape, a batch of one, and an unmodified input."""

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from ..public.causes import if_not_finite


@pytest.mark.points(0.5)
def test_any_shape(submission):
    """Each column is standardised for any number of samples and features, even if the two are equal."""
    spread = torch.tensor([1.0, 30.0, 2.0, 500.0, 8.0], dtype=torch.float64)
    shift = torch.tensor([0.0, -100.0, 5.0, 1000.0, 3.0], dtype=torch.float64)
    tall = torch.randn(9, 5, dtype=torch.float64) * spread + shift
    square = tall[:5]
    # Stored feature by feature: a transposed, so non-contiguous, tensor.
    wide = tall[:4].T.contiguous().T
    for x in (tall, square, wide):
        mean, deviation = x.mean(dim=0), x.var(dim=0, correction=0).sqrt()
        z = (x - mean) / deviation
        rows = x - x.mean(dim=1, keepdim=True)
        whole = x - x.mean()
        mistakes = {
            "this is the sample deviation, which divides by N − 1": z * ((len(x) - 1) / len(x)) ** 0.5,
            "the rows were standardised, not the columns": rows / rows.square().mean(dim=1, keepdim=True).sqrt(),
            "mean and deviation were taken over all columns together": whole / whole.square().mean().sqrt(),
            "this divides by the variance; its square root is the deviation": z / deviation,
            "the mean was subtracted, but nothing was divided by the deviation": x - mean,
            "divided by the deviation, but the mean was not subtracted": x / deviation,
        }
        if len(x) == x.shape[1]:
            mistakes["the means of the rows were subtracted from the columns: check the axis of the mean"] = (
                x - x.mean(dim=1)
            ) / x.var(dim=1, correction=0).sqrt()
        assert_tensor(submission.standardise(x), z, what="standardise(x)", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_batch_of_one(submission):
    """A single sample has no spread, so it becomes zeros."""
    x = torch.tensor([[3.0, -20.0, 0.0, 0.5]])
    result = submission.standardise(x)
    zero_by_zero = "0 / 0 is NaN: is it the population deviation, and is eps in the denominator?"
    cause = if_not_finite(result, zero_by_zero)
    assert_tensor(result, torch.zeros(1, 4), what="standardise(one_sample)", cause=cause)


@pytest.mark.points(0.25)
def test_input_unchanged(submission):
    """The input tensor is not modified."""
    x = torch.randn(6, 3) * 4 + 2
    before = x.clone()
    with unchanged(x, what="standardise"):
        result = submission.standardise(x)
    expected = (before - before.mean(dim=0)) / before.var(dim=0, correction=0).sqrt()
    # Tolerates the sample deviation, which another check covers.
    assert_tensor(result, expected, what="standardise(x)", rtol=0.1, atol=1e-3)
