"""Public checks of `fit_cnn`: its records, and that the model learns."""

import pytest
import torch

from autograder.checking import send_function, send_loader

from ...shared.public.records import assert_records
from ...shared.public.training import assert_learnt, bright_and_dark, brightness_model
from ...shared.public.true_records import assert_true_record, images_of_mean

pytestmark = pytest.mark.hints(
    "The loop of the MLP exercise works here: only the model is different.",
    "Start with Adam and a rate around 1e-3. Weight each batch's loss by its size, and set the mode where needed.",
)

SIZE = 8


@pytest.mark.points(0.5)
def test_records(submission):
    """There is one record per epoch, with train_loss, val_loss and accuracy as floats."""
    train = send_loader(submission, *bright_and_dark(12, SIZE), batch_size=4)
    val = send_loader(submission, *bright_and_dark(8, SIZE), batch_size=4)
    for epochs in (1, 3):
        model = send_function(submission, brightness_model)(SIZE)
        assert_records(submission.fit_cnn(model, train, val, epochs), epochs, "fit_cnn")


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_learns(submission):
    """The given model learns to tell bright images from dark ones."""
    train = send_loader(submission, *bright_and_dark(96, SIZE), batch_size=8)
    val_images, val_labels = bright_and_dark(64, SIZE)
    model = send_function(submission, brightness_model)(SIZE)
    records = submission.fit_cnn(model, train, send_loader(submission, val_images, val_labels), 10)
    records = assert_records(records, 10, "fit_cnn")
    assert_learnt(model, records, val_images, val_labels)


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_true_records(submission):
    """The losses and the accuracy in a record are correct, checked with a model that training cannot change."""
    train = (
        images_of_mean(torch.tensor([0.5, -0.5, 1.0, 0.25, -0.75, 0.5, -0.25, 0.05])),
        torch.tensor([1.0, 0, 1, 0, 0, 1, 1, 0]),
    )
    val = images_of_mean(torch.tensor([0.75, 0.1, -0.5, -1.0])), torch.tensor([1.0, 1, 1, 0])
    assert_true_record(submission, "fit_cnn", train, val, 2)
