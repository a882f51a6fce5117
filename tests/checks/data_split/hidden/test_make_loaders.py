"""Loaders: reproducible epochs, and unchanged items."""

import pytest
import torch

from autograder.checking import assert_tensor, fail, phrase, send_function

from ..public.loaders import KEYS, check_batches, epoch_of, numbered_samples, numbers_in, require_loaders, some_splits
from ..public.randomness import draw_elsewhere
from .randomness import global_randomness_kept


@pytest.mark.points(0.25)
@pytest.mark.after("batches")
def test_seed(submission):
    """The same seed gives the same sequence of epochs, and making loaders does not change the global random states."""
    splits = some_splits(30, 5, 5)
    dataset = send_function(submission, numbered_samples)(40)
    elsewhere = send_function(submission, draw_elsewhere)
    what = "make_loaders(dataset, splits, seed=seed)"

    def series(seed, other):
        elsewhere(other)
        with global_randomness_kept(submission, "make_loaders"):
            loaders = submission.make_loaders(dataset, splits, batch_size=7, seed=seed)
        require_loaders(submission, loaders, what)
        elsewhere(other + 1)
        return [numbers_in(epoch_of(submission, loaders["train"], what)) for _ in range(2)]

    first = series(0, 21)
    if series(0, 31) != first:
        problem = phrase("{what} with the same seed gives different epochs.", what=what)
        fail(problem, cause="the training loader draws from the global generator; pass the DataLoader its own")
    if series(1, 21) == first:
        problem = phrase("{what} with another seed gives the same epochs.", what=what)
        fail(problem, cause="the seed is not used")


@pytest.mark.points(0.25)
@pytest.mark.after("batches")
def test_items(submission):
    """Every loader yields the dataset's items unchanged, for any batch size."""
    dataset = send_function(submission, numbered_samples)(230)
    what = "make_loaders(dataset, splits)"
    splits = some_splits(150, 70, 10)
    loaders = submission.make_loaders(dataset, splits)
    check_batches(submission, splits, 64, loaders, what)
    check_batches(
        submission,
        splits,
        30,
        submission.make_loaders(dataset, splits, 30),
        "make_loaders(dataset, splits, batch_size)",
    )
    for name in KEYS:
        batch = phrase('a batch of images of {what}["{name}"]', what=what, name=name)
        for images, labels in epoch_of(submission, loaders[name], what):
            expected = labels[:, None, None, None] / 230 + torch.arange(4.0).reshape(1, 1, 2, 2)
            cause = (
                "images are changed or do not match their labels; augmentation belongs in the dataset, and only "
                "for training"
            )
            assert_tensor(images, expected, what=batch, cause=cause)
