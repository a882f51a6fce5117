"""Public checks of `freeze_backbone`: what is frozen in a small CNN."""

import pytest
import torch

from autograder.checking import assert_equal, assert_true, fail, send_function

from .frozen import assert_kept, frozen_model, is_same, which_train
from .state_dicts import tensors_of

pytestmark = pytest.mark.hints(
    "First freeze everything, then unfreeze the last `nn.Linear` of `model.modules()`.",
    "A batch norm in train mode updates its statistics, whatever `requires_grad` says; they must never change.",
)


def normed_model():
    """Return a small CNN with batch norms and a linear layer; runs on the student's side."""
    nn = torch.nn
    first = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()
    second = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU()
    return nn.Sequential(*first, *second, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 1), nn.Flatten(0))


def seeded(seed, make):
    """Return a model with the same weights for the same seed; runs on the student's side."""
    torch.manual_seed(seed)
    return make()


@pytest.mark.points(0.5)
def test_last_layer(submission):
    """The same model is returned, and only its last linear layer requires a gradient."""
    before = tensors_of(send_function(submission, seeded)(0, send_function(submission, normed_model)), "the model")
    model = send_function(submission, seeded)(0, send_function(submission, normed_model))
    result = submission.freeze_backbone(model)
    if result is None:
        fail("freeze_backbone(model) returned None.", cause="a `return` is missing: return the same model")
    same = send_function(submission, is_same)(model, result)
    problem = "freeze_backbone(model) must return the same model, not another one."
    assert_true(same, problem, cause="a copy is frozen")
    training = send_function(submission, which_train)(model)
    what = "the parameters that require a gradient in a CNN whose last linear layer is number 8"
    assert_equal(training, ["8.weight", "8.bias"], what=what, cause="freeze all, then unfreeze the last nn.Linear")
    assert_kept(before, tensors_of(model, "the model"), (), "when the model was frozen")


@pytest.mark.points(0.5)
@pytest.mark.after("last_layer")
@pytest.mark.hint("Which modules does `model.train()` put into training mode?")
def test_statistics(submission):
    """A frozen batch norm keeps its running mean and variance, even after model.train()."""
    model = frozen_model(submission, normed_model)
    before = tensors_of(model, "the model")
    for _ in range(2):
        model.train()
        model(3 + 2 * torch.randn(8, 1, 6, 6))
    after = tensors_of(model, "the model")
    assert_kept(before, after, (), "when images passed through the model in training mode")
