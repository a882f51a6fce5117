"""Helpers that hidden checks of training loops share; ``fit`` is the name of the student's function."""

import torch

from autograder.checking import assert_true, send_function, send_loader

from ..public.records import assert_records
from ..public.training import bright_and_dark, weights_of
from ..public.true_records import assert_true_record, images_of_mean


def assert_true_with_small_last_batch(submission, fit):
    """Check the record when the last batch is smaller than the others, down to a single image."""
    for n_train, n_val, batch_size in ((9, 7, 4), (6, 5, 4)):
        train = images_of_mean(torch.randn(n_train)), torch.arange(n_train).remainder(2).float()
        val = images_of_mean(torch.randn(n_val)), torch.arange(n_val).remainder(3).clamp(max=1).float()
        assert_true_record(submission, fit, train, val, batch_size)


def normalising_model(training):
    """Return a small CNN with a batch norm, in the given mode; runs on the student's side."""
    layers = torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.BatchNorm2d(2), torch.nn.ReLU()
    model = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(2, 1))
    return torch.nn.Sequential(model, torch.nn.Flatten(0)).train(training)


def assert_modes(submission, fit):
    """Check that each epoch trains in training mode and validates in evaluation mode."""
    train = send_loader(submission, *bright_and_dark(24, 8), batch_size=8)
    val = send_loader(submission, *bright_and_dark(15, 8), batch_size=8)
    for training in (True, False):
        model = send_function(submission, normalising_model)(training)
        assert_records(getattr(submission, fit)(model, train, val, 4), 4, fit)
        state = weights_of(model, normalising_model(training))
        # A batch norm counts the batches it sees in training mode: three per epoch.
        n_batches = int(state["0.1.num_batches_tracked"])
        cause = {
            20: "validation runs in training mode: `model.eval()` is missing",
            3: "only the first epoch runs in training mode: call `model.train()` in each epoch",
            0: "training runs in evaluation mode: `model.train()` is missing",
        }.get(n_batches, "call `model.train()` before the training images and `model.eval()` before the others")
        problem = "A batch norm in training mode does not see exactly the training batches."
        # Fewer where an answer ends with the weights of its best epoch, which is right too and not always the last one.
        assert_true(n_batches in (6, 9, 12), problem, cause=cause)
