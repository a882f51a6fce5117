"""Hidden checks of `evaluate`: ties, a single class, batches, and side effects."""

import pytest
import torch

from autograder.checking import assert_equal, assert_tensor, assert_true, classification_metrics, phrase, send_function

from ..public.metrics import assert_metrics, evaluated, mean_model
from .modes import modes


def unsteady_model(frozen):
    """Return a model with batch norm and dropout in train mode; with ``frozen``, the batch norm is in eval mode."""
    layers = [
        torch.nn.Flatten(),
        torch.nn.BatchNorm1d(4),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(4, 1),
        torch.nn.Flatten(0),
    ]
    model = torch.nn.Sequential(*layers).train()
    if frozen:
        model[1].eval()
        model[3].weight.requires_grad_(False)
    return model


def flags(model):
    """Return requires_grad of each parameter, and whether it has no gradient."""
    return [[p.requires_grad, p.grad is None] for p in model.parameters()]


@pytest.mark.points(0.5)
@pytest.mark.after("metrics")
@pytest.mark.hint("How often does a random sample of class 1 have a larger logit than one of class 0?")
def test_ties_and_imbalance(submission):
    """Ties count half in the AUC, and in the balanced accuracy a rare class counts as much as a frequent one."""
    logits = torch.tensor([0.0, 0.5, 0.5, -0.5, 1.0, 0.5, -0.5, 0.0, 0.25, -1.0, 0.25, 2.0])
    labels = torch.tensor([0.0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    assert_metrics(submission, logits, labels, 12)
    assert_metrics(submission, torch.zeros(6), torch.tensor([0.0, 1, 1, 0, 0, 0]), 6)
    # Like a model that calls everyone healthy when one in ten is ill.
    assert_metrics(submission, -torch.rand(40).round(decimals=1) - 1, (torch.arange(40) % 10 == 3).float(), 40)


@pytest.mark.points(0.25)
@pytest.mark.after("metrics")
def test_one_class(submission):
    """If all samples are of one class, the AUC is NaN and the accuracy is correct."""
    for label in (0.0, 1.0):
        logits, labels = torch.tensor([0.5, -1, 2, 0.25, 1]), torch.full((5,), label)
        assert_metrics(submission, logits, labels, 2, keys=("accuracy", "auc"))


@pytest.mark.points(0.5)
@pytest.mark.after("metrics")
def test_batches(submission):
    """The metrics do not depend on the batches: small, of one class, or of a single sample."""
    logits = (2 * torch.randn(31)).round(decimals=1)
    labels = (logits + 2 * torch.randn(31) > 0.5).float()
    labels[:9], labels[-2:] = torch.arange(9).div(8, rounding_mode="floor").float(), torch.tensor([0.0, 1])
    for batch_size in (5, 1, 30):
        found = evaluated(submission, send_function(submission, mean_model)(), logits, labels, batch_size)
        for key, expected in classification_metrics(logits, labels).items():
            cause = "collect the logits and labels of all batches before computing metrics"
            what = phrase("'{key}' in batches of another size", key=key)
            assert_equal(found[key], expected, what=what, rtol=1e-4, atol=1e-6, cause=cause)


@pytest.mark.points(0.5)
@pytest.mark.after("metrics")
@pytest.mark.hint("`model.training` is the mode of the model; each of its modules has its own.")
def test_leaves_no_trace(submission):
    """Evaluating twice gives the same result and changes no parameter, buffer or mode of a module."""
    logits, labels = torch.randn(24), (torch.arange(24) % 2).float()
    for training, frozen in ((True, False), (False, False), (True, True)):
        model = send_function(submission, unsteady_model)(frozen)
        if not training:
            model.eval()
        before = (send_function(submission, modes)(model), send_function(submission, flags)(model), model.state_dict())
        first, second = (evaluated(submission, model, logits, labels, 6) for _ in range(2))
        cause = "dropout is active: `model.eval()` is missing"
        assert_equal(second, first, what="What a second evaluation finds", cause=cause)
        after = model.state_dict()
        assert_true(isinstance(after, dict), "The model has no state dict any more.")
        for name, value in before[2].items():
            call = "a parameter or buffer of the model"
            assert_tensor(after.get(name), value, what=call, cause="batch norm updates its statistics in train mode")
        cause = (
            "save and restore the mode of each of `model.modules()`: part of a model may be in eval mode"
            if frozen
            else "save `model.training` before `model.eval()` and restore it at the end"
        )
        problem = "The mode of the model is not restored."
        assert_true(send_function(submission, modes)(model) == before[0], problem, cause=cause)
        same = send_function(submission, flags)(model) == before[1]
        assert_true(same, "Gradients or requires_grad of the parameters changed.", cause="use `with torch.no_grad():`")
