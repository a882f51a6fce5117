"""Hidden checks of `fit`: how it trains, and how accurate a small MLP becomes."""

import pytest
import torch

from autograder.checking import assert_tensor, assert_true, send_function, send_loader

from ...shared.public.outputs import ANY
from ...shared.public.training import bright_and_dark, brightness_model, weights_of
from ..public.epochs import random_batches
from ..public.metrics import mean_model
from ..public.records import assert_records
from .experiments import FIT_ON_RINGS


def pixel_model(n_pixels):
    """Return a model with one weight per pixel, all 0, and no bias; runs on the student's side."""
    linear = torch.nn.Linear(n_pixels, 1, bias=False)
    torch.nn.init.zeros_(linear.weight)
    return torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))


def noting_model(n_pixels):
    """Return a model like `pixel_model` that notes the lit pixels and ``.grad`` of each batch."""

    class Noting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(n_pixels))
            self.notes = []
            self.weight.register_post_accumulate_grad_hook(self.note)

        def forward(self, images):
            if torch.is_grad_enabled():
                self.lit = (images.flatten(1) != 0).any(0)
            return images.flatten(1) @ self.weight

        def note(self, parameter):
            self.notes.append([self.lit, parameter.grad.clone()])

    return Noting()


def moved(submission, learning_rate):
    """Return how far the weights of a model move in one epoch."""
    images, labels = bright_and_dark(40, 4)
    model = send_function(submission, brightness_model)(4)
    loaders = [send_loader(submission, images, labels, batch_size=8) for _ in range(2)]
    submission.fit(model, *loaders, epochs=1, learning_rate=learning_rate)
    return float(weights_of(model, brightness_model(4))["1.weight"].abs().max())


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_modes(submission):
    """Every epoch trains in train mode and validates in eval mode without gradients."""
    images, labels, _ = random_batches(12, 4)
    # The model notes batch sizes: 4 means training, 3 means validation.
    train, val = (send_loader(submission, images, labels, batch_size=size) for size in (4, 3))
    for training in (True, False):
        model = send_function(submission, mean_model)()
        model.train(training)
        assert_records(submission.fit(model, train, val, 3), 3)
        noted = model.sizes, model.modes, model.with_gradients
        good = all(type(each) is list for each in noted) and len(set(map(len, noted))) == 1
        assert_true(good, "The model has lost its notes of how it was called.")
        calls = list(zip(*noted, strict=True))
        n_steps = sum(size == 4 and with_gradients is True for size, _, with_gradients in calls)
        assert_true(n_steps >= 9, "The model is not called with gradients for each training batch of each epoch.")
        for size, mode, with_gradients in calls:
            if size == 4 and with_gradients is True:
                cause = "call `model.train()` before the training images in each epoch"
                assert_true(mode is True, "The model is trained in eval mode.", cause=cause)
            if size == 3:
                cause = "call `model.eval()` before the validation images in each epoch"
                assert_true(mode is False, "The model is validated in train mode.", cause=cause)
                cause = "validate inside `with torch.no_grad():`, which saves memory and time"
                assert_true(with_gradients is False, "Gradients are on during validation.", cause=cause)


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_validation_images(submission):
    """The model learns from every training image and from no validation image."""
    # Each image has its own bright pixel, and the last pixel follows the label in all of them.
    labels = torch.tensor([1.0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    images = torch.cat([torch.eye(18), 0.5 * (2 * labels - 1)[:, None]], 1)[:, None, None]
    train = send_loader(submission, images[:12], labels[:12], batch_size=4)
    val = send_loader(submission, images[12:], labels[12:], batch_size=4)
    model = send_function(submission, pixel_model)(19)
    assert_records(submission.fit(model, train, val, 3, 0.02), 3)
    weight = weights_of(model, pixel_model(19))["1.weight"][0]
    cause = "`backward` and `step` belong in the loop over train_loader only"
    assert_true(not bool(weight[12:18].any()), "The model was trained on validation images.", cause=cause)
    cause = "a batch is skipped, the labels are shuffled, or the step goes uphill"
    wrong = int((weight[:12].sign() != 2 * labels[:12] - 1).sum())
    problem = "The model has not learnt the label of each training image."
    assert_true(wrong == 0, problem, details=f"It is wrong for {wrong}.", cause=cause)


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_learning_rate(submission):
    """The learning rate is used: with a thousandth of it, the weights move much less."""
    fast, slow = moved(submission, 0.02), moved(submission, 0.00002)
    problem = "The weights move equally far whatever learning_rate is."
    assert_true(fast > 0 and slow < 0.1 * fast, problem, cause="pass `learning_rate` to the optimiser")


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_fresh_gradients(submission):
    """Each step follows the gradient of its own batch."""
    images, labels = torch.eye(12)[:, None, None], (torch.arange(12) % 2).float()
    train, val = (send_loader(submission, images, labels, batch_size=size) for size in (4, 12))
    model = send_function(submission, noting_model)(12)
    assert_records(submission.fit(model, train, val, 2), 2)
    notes = model.notes  # empty with torch.autograd.grad, which does not accumulate
    assert_true(type(notes) is list, "The model has lost its notes.")
    for note in notes:
        assert_true(type(note) is list and len(note) == 2, "The model has lost its notes.")
        lit, grad = note
        assert_tensor(lit, torch.ones(12, dtype=torch.bool), what="a note of the model", **ANY)
        assert_tensor(grad, torch.zeros(12), what="the gradient of a batch", **ANY)
        # A penalty on the weights adds a little to the gradient of every batch.
        fresh = not lit.any() or bool(grad[~lit].abs().sum() <= 0.3 * grad[lit].abs().sum())
        cause = "`backward()` adds to `.grad`: `optimizer.zero_grad()` is missing or not called for each batch"
        assert_true(fresh, "The gradient of a batch still holds those of earlier batches.", cause=cause)


@pytest.mark.points(1)
@pytest.mark.timeout(30)
@pytest.mark.after(
    "records", "learns", "true_records", "modes", "validation_images", "learning_rate", "fresh_gradients"
)
@pytest.mark.hint("Train a small MLP on the rings of the lesson and look at the learning curves.")
def test_beats_a_line(submission):
    """After ten epochs on two rings, a small MLP is far more accurate than logistic regression."""
    FIT_ON_RINGS.check(
        submission,
        what="The accuracy of the MLP trained by fit, on points it has never seen,",
        cause=(
            "ten epochs with a learning rate of 0.02 are plenty for Adam; plain gradient descent is slower, and "
            "too strong a penalty or learning rate decay keeps the network from learning"
        ),
    )
