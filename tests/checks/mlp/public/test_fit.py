"""Public checks of `fit`: its records, and that the model learns."""

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_equal, send_function, send_loader

from ...shared.public.training import assert_learnt, bright_and_dark, brightness_model, fixed_model
from .metrics import images_of
from .records import assert_records

pytestmark = [
    pytest.mark.uses("train_one_epoch", "evaluate"),
    pytest.mark.hints(
        "You have all the parts: an optimiser, and per epoch `train_one_epoch` and an evaluation.",
        "The validation loss is a mean over samples in eval mode. If it stays high, check `zero_grad` and optimiser.",
    ),
]


def right_records(train, val):
    """Return the record of an epoch with the fixed model, and what typical mistakes give: key → cause → value."""
    (x, y), (v, w) = ((images.mean((1, 2, 3)), labels) for images, labels in (train, val))
    loss = F.binary_cross_entropy_with_logits
    right = {"train_loss": loss(x, y), "val_loss": loss(v, w), "accuracy": ((v > 0) == (w == 1)).float().mean()}
    swapped = "this is the value for the other images: training and validation are swapped"
    twice = "the sigmoid is applied twice: the criterion already applies it to the logits"
    total = "this is the sum over the images, not the mean"
    mistakes = {
        "train_loss": {swapped: loss(v, w), twice: loss(x.sigmoid(), y), total: loss(x, y, reduction="sum")},
        "val_loss": {swapped: loss(x, y), twice: loss(v.sigmoid(), w), total: loss(v, w, reduction="sum")},
        "accuracy": {
            swapped: ((x > 0) == (y == 1)).float().mean(),
            "logits are compared with 0.5; the prediction is 1 for logits above 0": (
                ((v > 0.5) == (w == 1)).float().mean()
            ),
            "this is a percentage; return a number between 0 and 1": 100 * right["accuracy"],
        },
    }
    as_numbers = {key: {cause: float(wrong) for cause, wrong in each.items()} for key, each in mistakes.items()}
    return {key: float(value) for key, value in right.items()}, as_numbers


@pytest.mark.points(0.5)
def test_records(submission):
    """There is one record per epoch, with train_loss, val_loss and accuracy as floats."""
    train = send_loader(submission, *bright_and_dark(12, 4), batch_size=4)
    val = send_loader(submission, *bright_and_dark(8, 4), batch_size=4)
    for epochs in (1, 3):
        model = send_function(submission, brightness_model)(4)
        assert_records(submission.fit(model, train, val, epochs), epochs)


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_learns(submission):
    """The given model learns to tell bright images from dark ones."""
    train = send_loader(submission, *bright_and_dark(96, 4), batch_size=8)
    val_images, val_labels = bright_and_dark(64, 4)
    model = send_function(submission, brightness_model)(4)
    records = submission.fit(model, train, send_loader(submission, val_images, val_labels), 10, learning_rate=0.02)
    records = assert_records(records, 10)
    assert_learnt(model, records, val_images, val_labels)


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_true_records(submission):
    """The losses and the accuracy in a record are correct, checked with a model that training cannot change."""
    means = torch.tensor([0.5, -0.5, 1.0, 0.25, -0.75, 0.5, -0.25, 0.05])
    train = images_of(means), torch.tensor([1.0, 0, 1, 0, 0, 1, 1, 0])
    val = images_of(torch.tensor([0.75, 0.1, -0.5, -1.0])), torch.tensor([1.0, 1, 1, 0])
    loaders = [send_loader(submission, *part, batch_size=4) for part in (train, val)]
    (record,) = assert_records(submission.fit(send_function(submission, fixed_model)(1), *loaders, 1), 1)
    expected, mistakes = right_records(train, val)
    for key, value in expected.items():
        what = f"{key!r} in the record of a model whose logits are known"
        assert_equal(float(record[key]), value, what=what, rtol=1e-4, atol=1e-6, mistakes=mistakes[key])
