"""Stratified splits: small classes, any labels, sums of floats, and no side effects."""

import pytest
import torch

from autograder.checking import unchanged

from ..public.cohorts import quarter_sick
from ..public.splits import DEFAULT, as_lists, require_refusal, require_shares
from .fractions import split_in
from .randomness import global_randomness_kept


def require_class_shares(lists, labels, fractions, what):
    """Fail unless each class has its share in every split, within one sample."""
    for label in labels.unique():
        counts = [int((labels[part] == label).sum()) for part in lists]
        require_shares(counts, fractions, what, "samples of a class")


@pytest.mark.points(0.5)
@pytest.mark.hint("Work through a class of one, two and three samples by hand.")
def test_small_classes(submission):
    """Classes of any size, even of a few samples, are split within one sample of their share."""
    what = "stratified_split(labels, fractions)"
    for fractions in (DEFAULT, (0.5, 0.25, 0.25), (0.2, 0.2, 0.6)):
        for sizes in ((1, 9), (2, 14), (3, 4), (5, 6, 7), (1, 2, 3, 30), (8, 24), (13, 19), (40,)):
            labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
            labels = labels[torch.randperm(len(labels))]
            lists = as_lists(submission.stratified_split(labels, fractions), len(labels), what)
            require_class_shares(lists, labels, fractions, what)


@pytest.mark.points(0.25)
@pytest.mark.hint("What are the values of `labels.unique()`?")
def test_other_labels(submission):
    """There may be more than two classes, with any int or float labels, sorted or not."""
    what = "stratified_split(labels)"
    numbers = torch.tensor([2, 7, -1, 100])
    for labels in (
        numbers[torch.randint(4, (83,))],
        numbers[torch.randint(4, (60,))].sort().values,
        numbers[torch.randint(3, (51,))].double() / 2,
        torch.tensor([1.0, 2.0])[torch.randint(2, (37,))],
        torch.rand(31) < 0.4,
        torch.randint(3, (90,))[::2],
    ):
        lists = as_lists(submission.stratified_split(labels), len(labels), what)
        require_class_shares(lists, labels, DEFAULT, what)


@pytest.mark.points(0.25)
def test_fractions(submission):
    """Fractions that do not sum to 1 raise ValueError; those that do up to rounding are accepted."""
    labels = quarter_sick(40)
    require_refusal(submission.stratified_split, labels, "stratified_split")
    splits = split_in(submission.stratified_split, labels, (0.7, 0.2, 0.1), "stratified_split")
    as_lists(splits, 40, "stratified_split(labels, fractions)")


@pytest.mark.points(0.5)
def test_purity(submission):
    """The labels and the global random states of PyTorch, NumPy and Python do not change."""
    labels = quarter_sick(40)
    with unchanged(labels, what="stratified_split"), global_randomness_kept(submission, "stratified_split"):
        splits = submission.stratified_split(labels, seed=5)
    as_lists(splits, 40, "stratified_split(labels)")
