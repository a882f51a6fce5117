"""Hidden checks of `fit_cnn`."""

import math

import pytest
import torch

from autograder.checking import Experiment, assert_tensor, assert_true, send_function, send_loader

from ..public.helpers import assert_records, assert_true_record, bright_and_dark, images_of_mean, weights_of
from .helpers import BASELINES, _pixels, train_given_cnn


def fingerprint_model(n_channels):
    """Return a model with one weight a channel, all of them 0, which notes how it is called.

    Where each image has a channel of its own, a weight tells whether the model was trained on that image. Each entry
    of ``calls`` tells of one call: which channels were lit, and whether gradients were on. Each entry of ``grads``
    tells of one backward pass: which channels were lit, and what then was in ``.grad``.
    """

    class Fingerprint(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(n_channels))
            self.frozen = torch.nn.Parameter(torch.full((n_channels,), 0.25), requires_grad=False)
            self.calls, self.grads = [], []
            self.weight.register_post_accumulate_grad_hook(self.note)

        def forward(self, images):
            means = images.mean((2, 3))
            self.calls.append(((means.abs() > 0.1).any(0), torch.is_grad_enabled()))
            return means @ (self.weight + self.frozen)

        def note(self, parameter):
            self.grads.append((self.calls[-1][0], parameter.grad.clone()))

    return Fingerprint()


def normalising_model(training):
    """Return a small CNN with a batch norm, in the given mode."""
    layers = torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.BatchNorm2d(2), torch.nn.ReLU()
    model = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(2, 1))
    return torch.nn.Sequential(model, torch.nn.Flatten(0)).train(training)


def lit_channels(first, n, n_channels):
    """Return n images in which channel ``first``, ``first + 1``, … is lit: one each."""
    return torch.eye(n_channels)[first : first + n, :, None, None].expand(-1, -1, 2, 2).contiguous()


def fingerprints(submission, epochs):
    """Train on images that each light a channel of its own; return the model, labels, and the channels for validation.

    Channels 0 to 11 belong to one training image each, 12 to 17 to one validation image each. Channel 18 follows
    the label in all of them, so that the validation loss falls.
    """
    labels = torch.tensor([1.0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    images = lit_channels(0, 18, 19)
    images[:, 18] = 0.5 * (2 * labels - 1)[:, None, None]
    train = send_loader(submission, images[:12], labels[:12], batch_size=4)
    val = send_loader(submission, images[12:], labels[12:], batch_size=4)
    model = send_function(submission, fingerprint_model)(19)
    assert_records(submission.fit_cnn(model, train, val, epochs), epochs)
    return model, labels


def read_notes(notes):
    """Return what a fingerprint model noted, once it is known to be pairs that start with the lit channels."""
    assert_true(type(notes) is list, NO_NOTES)
    for note in notes:
        assert_true(type(note) is tuple and len(note) == 2, NO_NOTES)
        lit = note[0]
        assert_true(isinstance(lit, torch.Tensor) and lit.dtype == torch.bool and lit.shape == (19,), NO_NOTES)
    return notes


NO_NOTES = "The model does not have its notes any more."


FIT_CNN_ON_PHANTOMS = Experiment(
    "fit_cnn_on_phantoms",
    train_given_cnn,
    dataset="phantom",
    metric="accuracy",
    data=_pixels,
    baselines=BASELINES,
)


@pytest.mark.points(0.25)
@pytest.mark.after("true_records")
@pytest.mark.hint("How much does the last batch weigh, and what becomes of its shape?")
def test_last_batch(submission):
    """The means are over images, also where the last batch is smaller, down to a single image."""
    for n_train, n_val, batch_size in ((9, 7, 4), (6, 5, 4)):
        train = images_of_mean(torch.randn(n_train)), torch.arange(n_train).remainder(2).float()
        val = images_of_mean(torch.randn(n_val)), torch.arange(n_val).remainder(3).clamp(max=1).float()
        assert_true_record(submission, train, val, batch_size)


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_every_image(submission):
    """Every training image is learnt from, with its own label, and frozen parameters stay."""
    model, labels = fingerprints(submission, 2)
    reference = fingerprint_model(19)
    state = weights_of(model, reference)
    direction = state["weight"][:12].sign()
    n_ignored = int((direction == 0).sum())
    cause = "a batch is left out, or the loop ends early (`break`, or `return` within the loop)"
    problem = f"The model has learnt nothing from {n_ignored} of the training images."
    assert_true(n_ignored == 0, problem, cause=cause)
    n_wrong = int((direction != 2 * labels[:12] - 1).sum())
    cause = "the labels are mixed up among the images, are the wrong way round, or the step goes uphill"
    assert_true(n_wrong == 0, f"The model has learnt the wrong label of {n_wrong} training images.", cause=cause)
    cause = "only parameters with `requires_grad` are to be changed"
    assert_true(torch.equal(state["frozen"], reference.frozen), "A frozen parameter was changed.", cause=cause)


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_validation_images(submission):
    """Nothing is learnt from the validation images."""
    model, _labels = fingerprints(submission, 3)
    weight = weights_of(model, fingerprint_model(19))["weight"]
    assert_true(
        bool((weight[12:18] == 0).all()),
        "The model was trained on validation images.",
        cause="`backward` and `step` belong to the loop over train_loader alone",
    )


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_fresh_gradients(submission):
    """Each step follows the gradient of its own batch."""
    model, _labels = fingerprints(submission, 2)
    notes = read_notes(model.grads)
    for lit, grad in notes:  # none for torch.autograd.grad, which adds nothing up
        assert_tensor(grad, torch.zeros(19), what="the gradient of a batch", atol=math.inf)
        lit, grad = lit[:12], grad[:12]  # without the channel that all images share
        if not bool(lit.any()):
            continue  # a validation image, which is another check's concern
        own, other = grad[lit].abs().max(), grad.masked_fill(lit, 0).abs().max()
        # A penalty on the weights is in every batch's gradient, but it is small.
        assert_true(
            bool(other <= 0.3 * own),
            "The gradient of a batch still holds those of batches before it.",
            cause="`backward()` adds to `.grad`: `optimizer.zero_grad()` is missing, or is not done for each batch",
        )


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_modes(submission):
    """Training is in training mode in every epoch, validation in evaluation mode."""
    train = send_loader(submission, *bright_and_dark(24), batch_size=8)
    val = send_loader(submission, *bright_and_dark(15), batch_size=8)
    for training in (True, False):
        model = send_function(submission, normalising_model)(training)
        assert_records(submission.fit_cnn(model, train, val, 4), 4)
        state = weights_of(model, normalising_model(training))
        # A batch norm counts the batches that it meets in training mode: three an epoch.
        n_batches = int(state["0.1.num_batches_tracked"])
        cause = "in each epoch: `model.train()` before the training images, `model.eval()` before the others"
        for wrong, cause_of_it in (
            (20, "validation is in training mode: `model.eval()` is missing"),
            (3, "only the first epoch is in training mode: `model.train()` is needed in each epoch"),
            (0, "training is in evaluation mode: `model.train()` is missing"),
        ):
            cause = cause_of_it if n_batches == wrong else cause
        assert_true(n_batches == 12, "A batch norm does not meet just the training batches.", cause=cause)


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_no_gradients(submission):
    """Validation is without gradients."""
    model, _labels = fingerprints(submission, 2)
    validations = [gradients for lit, gradients in read_notes(model.calls) if bool(lit[12:18].any())]
    assert_true(len(validations) > 0, "The validation images never go through the model.")
    assert_true(
        not any(validations),
        "Gradients are on while the validation images go through the model.",
        cause="put validation under `with torch.no_grad():`: it needs less memory and time",
    )


@pytest.mark.points(2.25)
@pytest.mark.timeout(90)
@pytest.mark.after("records", "learns", "true_records", "every_image", "fresh_gradients", "modes")
@pytest.mark.hint("Train the lesson's network on the phantom and look at the learning curves.")
def test_beats_the_mlp(submission):
    """In five epochs it brings a network like the lesson's above what an MLP reaches on the phantom."""
    FIT_CNN_ON_PHANTOMS.check(
        submission,
        what="The accuracy of the network that fit_cnn trained, on images that it has never met,",
        cause=(
            "the learning rate: too small, and five epochs are not enough; too large, and the loss jumps or the "
            "ReLUs die. Adam with 0.001 to 0.005 is a good start"
        ),
    )
