"""Public checks of `fit_cnn`."""

import pytest
import torch

from autograder.checking import assert_true, fail, send_function, send_loader, show_confusion, show_curves

from .helpers import assert_records, assert_true_record, bright_and_dark, images_of_mean, weights_of

pytestmark = pytest.mark.hints(
    "The loop of the MLP's exercise works here: only the model is another.",
    (
        "Adam with a rate around 1e-3 is a good start. Weigh each batch's loss by its size, and set the mode at "
        "the right places."
    ),
)


# --- fit_cnn ---------------------------------------------------------------------------------------------------


def brightness_model():
    """Return a model with one weight a pixel of 8×8, all of them 0; runs on the student's side."""
    linear = torch.nn.Linear(64, 1)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    return torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))


LOSSES = {"training": "train_loss", "validation": "val_loss"}


@pytest.mark.points(0.5)
def test_records(submission):
    """It returns a record for each epoch: train_loss, val_loss and accuracy, as floats."""
    train = send_loader(submission, *bright_and_dark(12), batch_size=4)
    val = send_loader(submission, *bright_and_dark(8), batch_size=4)
    for epochs in (1, 3):
        model = send_function(submission, brightness_model)()
        assert_records(submission.fit_cnn(model, train, val, epochs), epochs)


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_learns(submission):
    """The model that it is given learns to tell bright images from dark ones."""
    train = send_loader(submission, *bright_and_dark(96), batch_size=8)
    val_images, val_labels = bright_and_dark(64)
    model = send_function(submission, brightness_model)()
    records = submission.fit_cnn(model, train, send_loader(submission, val_images, val_labels), 10)
    records = assert_records(records, 10)
    reference = brightness_model()
    before = reference.state_dict()["1.weight"].clone()
    state = weights_of(model, reference)
    if torch.equal(state["1.weight"], before):
        fail(
            "The model is as it was before.",
            cause=(
                "`optimizer.step()` is missing, the gradients are set to zero before the step, the optimiser has "
                "the parameters of another model, or a copy was trained"
            ),
        )
    reference.load_state_dict(state)
    with torch.no_grad():
        logits = reference(val_images)
    losses = {f"{kind} loss": [record[key] for record in records] for kind, key in LOSSES.items()}
    show_curves("The loss by epoch", losses)
    show_confusion("Bright (1) or dark (0), after the last epoch", logits > 0, val_labels)
    bright, dark = (logits[val_labels == label].mean().item() for label in (1, 0))
    assert_true(
        bright > dark,
        "The model has not learnt to tell bright images from dark ones.",
        details=f"Its mean logit is {bright:.2f} for bright images (label 1), {dark:.2f} for dark ones (0).",
        cause="the step goes the wrong way, the labels are mixed up, or the learning rate is far off",
    )
    assert_true(
        records[-1]["train_loss"] < records[0]["train_loss"],
        "The training loss does not fall.",
        details=f"{records[0]['train_loss']:.4f} in the first epoch, {records[-1]['train_loss']:.4f} in the last.",
        cause="the model is trained, so what is recorded is not its loss in this epoch",
    )


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_true_records(submission):
    """The losses and the accuracy in a record are right: checked with a model that nothing can change."""
    train = (
        images_of_mean(torch.tensor([0.5, -0.5, 1.0, 0.25, -0.75, 0.5, -0.25, 0.05])),
        torch.tensor([1.0, 0, 1, 0, 0, 1, 1, 0]),
    )
    val = images_of_mean(torch.tensor([0.75, 0.1, -0.5, -1.0])), torch.tensor([1.0, 1, 1, 0])
    assert_true_record(submission, train, val, 2)
