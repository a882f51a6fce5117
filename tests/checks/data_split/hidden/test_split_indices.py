"""Random splits of indices: rounding, sums of floats, and the global random states."""

import pytest

from autograder.checking import assert_raises

from ..public.splits import DEFAULT, as_lists, require_shares
from .fractions import split_in
from .randomness import global_randomness_kept


@pytest.mark.points(0.5)
@pytest.mark.hint("Work out the sizes for nine samples with pencil and paper: is each within one of its share?")
def test_rounding(submission):
    """For any number of samples, all are assigned, and each size is within one of its share."""
    what = "split_indices(n_samples, fractions)"
    for fractions in (DEFAULT, (0.5, 0.25, 0.25), (0.15, 0.7, 0.15), (0.9, 0.05, 0.05)):
        for n in (*range(1, 25), 99, 101, 998):
            lists = as_lists(submission.split_indices(n, fractions), n, what)
            require_shares([len(part) for part in lists], fractions, what, "samples")


@pytest.mark.points(0.25)
@pytest.mark.hint("What is 0.7 + 0.2 + 0.1 == 1 in Python?")
def test_float_fractions(submission):
    """Fractions that sum to 1 up to rounding are accepted; others are not."""
    third = 1 / 3
    what = "split_indices(n_samples, fractions)"
    for fractions in ((0.7, 0.2, 0.1), (0.1, 0.7, 0.2), (third, third, third), (0.8, 0.1, 0.1)):
        splits = split_in(submission.split_indices, 40, fractions, what)
        require_shares([len(part) for part in as_lists(splits, 40, what)], fractions, what, "samples")
    for fractions in ((60, 20, 20), (0.6, 0.2, 0.25), (0.3, 0.3, 0.3), (0.6, 0.2, 0.18)):
        assert_raises(
            ValueError,
            submission.split_indices,
            40,
            fractions,
            what="split_indices(n_samples, fractions) with other fractions that do not sum to 1",
            cause="the tolerance is too large, or only sums on one side of 1 are rejected",
        )


@pytest.mark.points(0.5)
def test_global_state(submission):
    """The global random states of PyTorch, NumPy and Python do not change."""
    with global_randomness_kept(submission, "split_indices"):
        splits = submission.split_indices(30, seed=5)
    as_lists(splits, 30, "split_indices(n_samples)")
