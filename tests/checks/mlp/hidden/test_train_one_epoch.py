"""Hidden checks of `train_one_epoch`: the last batch, the mode, and the given optimizer and criterion."""

import pytest
import torch

from autograder.checking import assert_true, send_function, send_loader

from ..public.epochs import assert_golden, assert_mean_loss, new_criterion, new_optimizer, random_batches
from .modes import modes


def normalising_model(training):
    """Return a model with a batch norm, which counts the batches it sees in train mode."""
    layers = torch.nn.Flatten(), torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 1), torch.nn.Flatten(0)
    return torch.nn.Sequential(*layers).train(training)


def count_batches(model):
    """Return how many batches the batch norm has seen in train mode."""
    return int(model[1].num_batches_tracked)


@pytest.mark.points(0.5)
@pytest.mark.after("mean_loss")
@pytest.mark.hint("How much does a last batch of three count beside batches of eight?")
def test_last_batch(submission):
    """The mean is over samples even if the last batch is smaller, down to a single sample."""
    for n, batch_size in ((19, 8), (9, 4), (3, 5)):
        assert_mean_loss(submission, n, batch_size)


@pytest.mark.points(0.5)
@pytest.mark.after("steps")
def test_train_mode(submission):
    """The model is trained in train mode, whatever mode it arrives in, and is left in train mode."""
    images, labels, _ = random_batches(12, 4)
    for training in (True, False):
        model = send_function(submission, normalising_model)(training)
        optimizer = send_function(submission, new_optimizer)(model, 0.1, 0.0)
        criterion = send_function(submission, new_criterion)(1.0)
        submission.train_one_epoch(model, send_loader(submission, images, labels, batch_size=4), optimizer, criterion)
        cause = "call `model.train()` before the loop: the model may come from an evaluation"
        problem = "A batch norm does not see each batch once in train mode."
        assert_true(send_function(submission, count_batches)(model) == 3, problem, cause=cause)
        left = send_function(submission, modes)(model)
        problem = "The model is not left in train mode."
        assert_true(type(left) is list and all(mode is True for mode in left), problem, cause=cause)


@pytest.mark.points(0.75)
@pytest.mark.after("steps")
def test_given_tools(submission):
    """The given optimizer and criterion are used on every batch."""
    assert_golden(submission, 26, 8, 0.2, momentum=0.8)
    assert_golden(submission, 26, 8, 0.3, pos_weight=4.0)
    assert_golden(submission, 5, 8, 1.0)
