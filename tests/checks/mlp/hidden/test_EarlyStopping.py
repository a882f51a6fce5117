"""Hidden checks of `EarlyStopping`: `best` and the count under `min_delta`, equal losses and NaN."""

import math

import pytest

from autograder.checking import assert_has, assert_true

from ..public.early_stopping import assert_stops


@pytest.mark.points(0.25)
def test_min_delta(submission):
    """Only a loss below best − min_delta is an improvement; a smaller change does not update `best`."""
    what = " with a min_delta"
    arguments = {"patience": 3, "min_delta": 0.25}
    losses = [1.0, 0.875, 0.8125, 0.625, 0.5, 0.4375, 0.375]  # the last is exactly best - min_delta, not below it
    answers, bests = [False] * 6 + [True], [1.0] * 3 + [0.625] * 4
    assert_stops(submission, losses, answers, bests, what, **arguments)
    # With the wrong sign a slightly larger loss counts as an improvement.
    assert_stops(submission, [1.0, 1.125, 1.125], [False, False, True], [1.0] * 3, what, patience=2, min_delta=0.5)


@pytest.mark.points(0.25)
def test_equal_losses(submission):
    """Neither an equal loss nor NaN is an improvement; objects do not share state."""
    what = " where the loss stays the same"
    for patience in (1, 4):
        n = patience + 1
        assert_stops(submission, [0.5] * n, [False] * patience + [True], [0.5] * n, what, patience=patience)
    what = " where the loss is NaN"
    losses = [0.5, math.nan, math.nan, 0.25, math.nan, math.nan, math.nan]
    bests = [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
    assert_stops(submission, losses, [False] * 6 + [True], bests, what, patience=3)
    first, second = (submission.EarlyStopping(patience=1) for _ in range(2))
    for stopping in (first, second):
        assert_has(stopping, "step", what="An EarlyStopping")
    first.step(0.1)
    cause = "keep the state in `self.…`, set in `__init__`: class attributes are shared by all objects"
    assert_true(second.step(5.0) is False, "An EarlyStopping object sees the losses of another one.", cause=cause)
