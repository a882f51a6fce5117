"""Checks that know which images a training loop learns from: each image lights a channel of its own.

The model has one weight per channel and notes how it is called, so its weights and its notes tell which images it
was trained on, and with which gradients. ``fit`` is the name of the student's function.
"""

import math

import torch

from autograder.checking import assert_tensor, assert_true, send_function, send_loader

from ..public.records import assert_records
from ..public.training import weights_of

# Channels 0 to 11 belong to one training image each, 12 to 17 to one validation image each. Channel 18 follows the
# label in all of them, so that the validation loss falls.
N_CHANNELS = 19
TRAIN, VAL = slice(0, 12), slice(12, 18)

NO_NOTES = "The model does not have its notes any more."


def fingerprint_model(n_channels):
    """Return a model with one weight per channel, all of them 0, which notes how it is called.

    Each entry of ``calls`` describes one call: which channels were lit, and whether gradients were on. Each entry of
    ``grads`` describes one backward pass: which channels were lit, and what was in ``.grad`` after it.
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


def lit_channels(n, n_channels):
    """Return n images of 2×2, in the first of which channel 0 is lit, in the second channel 1, and so on."""
    return torch.eye(n_channels)[:n, :, None, None].expand(-1, -1, 2, 2).contiguous()


def fingerprints(submission, fit, epochs):
    """Train on images that each light a channel of their own; return the model and the labels."""
    labels = torch.tensor([1.0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    images = lit_channels(18, N_CHANNELS)
    images[:, 18] = 0.5 * (2 * labels - 1)[:, None, None]
    train = send_loader(submission, images[TRAIN], labels[TRAIN], batch_size=4)
    val = send_loader(submission, images[VAL], labels[VAL], batch_size=4)
    model = send_function(submission, fingerprint_model)(N_CHANNELS)
    assert_records(getattr(submission, fit)(model, train, val, epochs), epochs, fit)
    return model, labels


def read_notes(notes):
    """Return what a fingerprint model noted, once it is known to be pairs that start with the lit channels."""
    assert_true(type(notes) is list, NO_NOTES)
    for note in notes:
        assert_true(type(note) is tuple and len(note) == 2, NO_NOTES)
        lit = note[0]
        is_mask = isinstance(lit, torch.Tensor) and lit.dtype == torch.bool and lit.shape == (N_CHANNELS,)
        assert_true(is_mask, NO_NOTES)
    return notes


def assert_every_image_learnt(submission, fit):
    """Check that each training image moved its weight in the direction of its label, and that frozen ones stayed."""
    model, labels = fingerprints(submission, fit, 2)
    reference = fingerprint_model(N_CHANNELS)
    state = weights_of(model, reference)
    direction = state["weight"][TRAIN].sign()
    n_ignored = int((direction == 0).sum())
    cause = "a batch is left out, or the loop ends early (`break`, or `return` within the loop)"
    problem = f"The model has learnt nothing from {n_ignored} of the training images."
    assert_true(n_ignored == 0, problem, cause=cause)
    n_wrong = int((direction != 2 * labels[TRAIN] - 1).sum())
    cause = "the labels are mixed up among the images, are the wrong way round, or the step goes uphill"
    assert_true(n_wrong == 0, f"The model has learnt the wrong label of {n_wrong} training images.", cause=cause)
    cause = "only parameters with `requires_grad` are to be changed"
    assert_true(torch.equal(state["frozen"], reference.frozen), "A frozen parameter was changed.", cause=cause)


def assert_validation_images_not_learnt(submission, fit):
    """Check that no validation image moved its weight."""
    model, _ = fingerprints(submission, fit, 3)
    weight = weights_of(model, fingerprint_model(N_CHANNELS))["weight"]
    assert_true(
        bool((weight[VAL] == 0).all()),
        "The model was trained on validation images.",
        cause="`backward` and `step` belong to the loop over train_loader alone",
    )


def assert_fresh_gradients(submission, fit):
    """Check that after each backward pass ``.grad`` holds the gradient of that batch alone."""
    model, _ = fingerprints(submission, fit, 2)
    notes = read_notes(model.grads)
    for lit, grad in notes:  # empty with torch.autograd.grad, which adds nothing up
        assert_tensor(grad, torch.zeros(N_CHANNELS), what="the gradient of a batch", atol=math.inf)
        lit, grad = lit[TRAIN], grad[TRAIN]  # without the channel that all images share
        if not bool(lit.any()):
            continue  # a validation image, which is another check's concern
        own, other = grad[lit].abs().max(), grad.masked_fill(lit, 0).abs().max()
        # A penalty on the weights adds to the gradient of every batch, but little.
        assert_true(
            bool(other <= 0.3 * own),
            "The gradient of a batch still holds those of batches before it.",
            cause="`backward()` adds to `.grad`: `optimizer.zero_grad()` is missing, or is not done for each batch",
        )


def assert_validated_without_gradients(submission, fit):
    """Check that gradients are off whenever a validation image goes through the model."""
    model, _ = fingerprints(submission, fit, 2)
    validations = [gradients for lit, gradients in read_notes(model.calls) if bool(lit[VAL].any())]
    assert_true(len(validations) > 0, "The validation images never go through the model.")
    assert_true(
        not any(validations),
        "Gradients are on while the validation images go through the model.",
        cause="put validation under `with torch.no_grad():`: it needs less memory and time",
    )
