"""Checks that see which images a training loop learns from: each image lights its own channel.

The model has one weight per channel and records its calls, so its weights and records show which images it
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

NO_NOTES = "The model has lost its notes."


def fingerprint_model(n_channels):
    """Return a model with one weight per channel, all 0, which notes how it is called.

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
    """Return n images of 2×2; channel 0 is lit in the first, channel 1 in the second, and so on."""
    return torch.eye(n_channels)[:n, :, None, None].expand(-1, -1, 2, 2).contiguous()


def fingerprints(submission, fit, epochs):
    """Train on images that each light their own channel; return the model and the labels."""
    labels = torch.tensor([1.0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    images = lit_channels(18, N_CHANNELS)
    images[:, 18] = 0.5 * (2 * labels - 1)[:, None, None]
    train = send_loader(submission, images[TRAIN], labels[TRAIN], batch_size=4)
    val = send_loader(submission, images[VAL], labels[VAL], batch_size=4)
    model = send_function(submission, fingerprint_model)(N_CHANNELS)
    assert_records(getattr(submission, fit)(model, train, val, epochs), epochs, fit)
    return model, labels


def read_notes(notes):
    """Return a fingerprint model's notes; fail unless they are pairs that start with the lit channels."""
    assert_true(type(notes) is list, NO_NOTES)
    for note in notes:
        assert_true(type(note) is tuple and len(note) == 2, NO_NOTES)
        lit = note[0]
        is_mask = isinstance(lit, torch.Tensor) and lit.dtype == torch.bool and lit.shape == (N_CHANNELS,)
        assert_true(is_mask, NO_NOTES)
    return notes


def assert_every_image_learnt(submission, fit):
    """Check that each training image moved its weight towards its label, and that frozen weights did not change."""
    model, labels = fingerprints(submission, fit, 2)
    reference = fingerprint_model(N_CHANNELS)
    state = weights_of(model, reference)
    direction = state["weight"][TRAIN].sign()
    n_ignored = int((direction == 0).sum())
    cause = "a batch is skipped, or the loop ends early (`break`, or `return` inside the loop)"
    problem = "The model has learnt nothing from some of the training images."
    assert_true(n_ignored == 0, problem, details=f"It ignored {n_ignored}.", cause=cause)
    n_wrong = int((direction != 2 * labels[TRAIN] - 1).sum())
    cause = "the labels are shuffled or inverted, or the step goes uphill"
    problem = "The model has learnt the wrong label for some of the training images."
    assert_true(n_wrong == 0, problem, details=f"It is wrong for {n_wrong}.", cause=cause)
    cause = "change only parameters with `requires_grad`"
    assert_true(torch.equal(state["frozen"], reference.frozen), "A frozen parameter was changed.", cause=cause)


def assert_validation_images_not_learnt(submission, fit):
    """Check that no validation image moved its weight."""
    model, _ = fingerprints(submission, fit, 3)
    weight = weights_of(model, fingerprint_model(N_CHANNELS))["weight"]
    cause = "`backward` and `step` belong in the loop over train_loader only"
    assert_true(bool((weight[VAL] == 0).all()), "The model was trained on validation images.", cause=cause)


def assert_fresh_gradients(submission, fit):
    """Check that after each backward pass ``.grad`` holds only the gradient of that batch."""
    model, _ = fingerprints(submission, fit, 2)
    notes = read_notes(model.grads)
    for lit, grad in notes:  # empty with torch.autograd.grad, which does not accumulate
        assert_tensor(grad, torch.zeros(N_CHANNELS), what="the gradient of a batch", atol=math.inf)
        lit, grad = lit[TRAIN], grad[TRAIN]  # without the channel that all images share
        if not bool(lit.any()):
            continue  # a validation image: another check looks at those
        own, other = grad[lit].abs().max(), grad.masked_fill(lit, 0).abs().max()
        # A penalty on the weights adds a little to the gradient of every batch.
        problem = "The gradient of a batch still holds those of earlier batches."
        cause = "`backward()` adds to `.grad`: `optimizer.zero_grad()` is missing or not called for each batch"
        assert_true(bool(other <= 0.3 * own), problem, cause=cause)


def assert_validated_without_gradients(submission, fit):
    """Check that gradients are off whenever a validation image passes through the model."""
    model, _ = fingerprints(submission, fit, 2)
    validations = [gradients for lit, gradients in read_notes(model.calls) if bool(lit[VAL].any())]
    assert_true(len(validations) > 0, "The validation images never pass through the model.")
    problem = "Gradients are on while the validation images pass through the model."
    cause = "validate inside `with torch.no_grad():`, which saves memory and time"
    assert_true(not any(validations), problem, cause=cause)
