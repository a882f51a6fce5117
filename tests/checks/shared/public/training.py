"""Data and models for checks of training loops, and what a loop must make of them.

The models are sent to the student's side.
"""

import math

import torch

from autograder.checking import assert_tensor, assert_true, fail, show_confusion, show_curves

LOSSES = {"training": "train_loss", "validation": "val_loss"}


def bright_and_dark(n, size):
    """Return n noisy images of size×size, bright with label 1 and dark with label 0."""
    labels = torch.arange(n).remainder(2).float()
    return torch.randn(n, 1, size, size) + (2 * labels - 1)[:, None, None, None], labels


def brightness_model(size):
    """Return a model with one weight per pixel of size×size, all 0; runs on the student's side."""
    linear = torch.nn.Linear(size * size, 1)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    return torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))


def fixed_model(factor):
    """Return a model that training cannot change: the logit is ``factor`` times the mean of the image."""

    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return factor * images.mean((1, 2, 3)) + 0 * self.weight.sum()

    return Fixed()


def weights_of(model, reference):
    """Return the state dict of a model; fail unless it matches that of the reference, a model of the same kind."""
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, expected in reference.state_dict().items():
        what = "a parameter of the model after training"
        # Values that are not finite are allowed: the metrics show what such a model is worth.
        value = state.get(name)
        value = value.nan_to_num() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        assert_tensor(value, expected, what=what, atol=math.inf)
    return {name: state[name].detach() for name in reference.state_dict()}


def assert_learnt(model, records, images, labels):
    """Check that a trained `brightness_model` tells bright from dark images, and that its training loss fell.

    The student is shown the learning curves and the confusion matrix.
    """
    reference = brightness_model(images.shape[-1])
    state = weights_of(model, reference)
    if not bool(state["1.weight"].any()):
        cause = (
            "`optimizer.step()` is missing, gradients are zeroed before the step, the optimiser has other parameters, "
            "or a copy was trained"
        )
        fail("Training did not change the model.", cause=cause)
    reference.load_state_dict(state)
    with torch.no_grad():
        logits = reference(images)
    losses = {f"{kind} loss": [record[key] for record in records] for kind, key in LOSSES.items()}
    show_curves("The loss by epoch", losses)
    show_confusion("Bright (1) or dark (0), after the last epoch", logits > 0, labels)
    bright, dark = (logits[labels == label].mean().item() for label in (1, 0))
    assert_true(
        bright > dark,
        "The model has not learnt to tell bright images from dark ones.",
        details=f"Its mean logit is {bright:.2f} for bright images (label 1), {dark:.2f} for dark ones (0).",
        cause="the step goes the wrong way, the labels are shuffled, or the learning rate is far off",
    )
    assert_true(
        records[-1]["train_loss"] < records[0]["train_loss"],
        "The training loss does not fall.",
        details=f"{records[0]['train_loss']:.4f} in the first epoch, {records[-1]['train_loss']:.4f} in the last.",
        cause="the model is trained, but the recorded value is not its loss in this epoch",
    )
