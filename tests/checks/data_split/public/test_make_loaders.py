"""Loaders: every sample once per epoch, in batches, and only training is shuffled."""

import pytest

from autograder.checking import fail, send_function

from .loaders import check_batches, epoch_of, numbered_samples, numbers_in, require_loaders, some_splits

pytestmark = pytest.mark.hints(
    "`Subset` selects samples, `DataLoader` makes batches of them. Which of the three loaders shuffles?",
    "A loader with its own generator repeats the same epochs, whatever else is drawn.",
)


@pytest.mark.points(0.25)
def test_batches(submission):
    """There are three loaders, and each yields every sample of its split once, in batches."""
    splits = some_splits(11, 7, 7)
    dataset = send_function(submission, numbered_samples)(25)
    what = "make_loaders(dataset, splits, batch_size=4)"
    check_batches(submission, splits, 4, submission.make_loaders(dataset, splits, batch_size=4), what)


@pytest.mark.points(0.25)
@pytest.mark.after("batches")
def test_order(submission):
    """Only training is shuffled, differently in each epoch; validation and test keep the order of their indices."""
    splits = some_splits(40, 12, 12)
    dataset = send_function(submission, numbered_samples)(64)
    what = "make_loaders(dataset, splits, batch_size=8)"
    loaders = submission.make_loaders(dataset, splits, batch_size=8)
    require_loaders(submission, loaders, what)
    epochs = [numbers_in(epoch_of(submission, loaders["train"], f'{what}["train"]')) for _ in range(3)]
    if splits[0].tolist() in epochs or sorted(epochs[0]) == epochs[0]:
        fail(f'{what}["train"] is not shuffled.', cause="`shuffle`, or a sampler, is missing for training")
    if epochs[0] == epochs[1] or epochs[1] == epochs[2]:
        cause = "the samples are shuffled only when the loader is created, or the generator is seeded again"
        fail(f'{what}["train"] has the same order in each epoch.', cause=cause)
    for name, indices in (("val", splits[1]), ("test", splits[2])):
        if numbers_in(epoch_of(submission, loaders[name], f'{what}["{name}"]')) != indices.tolist():
            problem = f'{what}["{name}"] does not keep the order of its indices.'
            fail(problem, cause="only the training loader shuffles, and none of them sorts")
