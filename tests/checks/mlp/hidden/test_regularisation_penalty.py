"""Hidden checks of `regularisation_penalty`: other layers, and its gradient."""

import pytest
import torch

from autograder.checking import assert_tensor, assert_true, send_function

from ...shared.hidden.gradients import NO_GRADIENT
from ..public.penalties import penalised_model, penalty_mistakes


def convolutional_model(values):
    """Return a convolution, a batch norm and a linear layer whose weights are slices of the given values."""
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3)
    )
    model.scale = torch.nn.Parameter(torch.tensor(2.0))
    with torch.no_grad():
        model[0].weight.copy_(values[:18].reshape(2, 1, 3, 3))
        model[3].weight.copy_(values[18:].reshape(3, 8))
    return model


def penalty_gradients(penalty, model, l1, l2):
    """Return the gradients of a penalty with respect to weights and to biases, as rows; runs on the student's side."""
    penalty(model, l1, l2).backward()
    grads = [(p.dim() > 1, torch.zeros_like(p) if p.grad is None else p.grad) for p in model.parameters()]
    return [torch.cat([grad.flatten() for is_weight, grad in grads if is_weight is kind]) for kind in (True, False)]


@pytest.mark.points(0.25)
@pytest.mark.after("small_network")
def test_other_layers(submission):
    """Convolution kernels are weights; batch norm parameters and single numbers are not."""
    weights = torch.randn(42)
    others = [p.detach().flatten() for p in convolutional_model(weights).parameters() if p.dim() < 2]
    model = send_function(submission, convolutional_model)(weights)
    names = [name for name, value in model.state_dict().items() if isinstance(value, torch.Tensor) and value.dim() < 2]
    assert_true(len(names) > 0, "The model has no parameters any more.")
    expected = 0.3 * weights.abs().sum() + 0.7 * weights.square().sum()
    linear = weights[18:]
    mistakes = {
        "only parameters with exactly two dimensions count; kernels have four": (
            0.3 * linear.abs().sum() + 0.7 * linear.square().sum()
        ),
        "names do not tell: a batch norm's `weight` is not a weight; count dimensions": expected + 2.0,
        **penalty_mistakes(weights, torch.cat(others), 0.3, 0.7),
    }
    penalty = submission.regularisation_penalty(model, 0.3, 0.7)
    assert_tensor(penalty, expected, what="regularisation_penalty of a convolutional model", mistakes=mistakes)


@pytest.mark.points(0.25)
@pytest.mark.after("small_network")
@pytest.mark.hint("Use only tensor operations: `.item()` and `.data` have no gradient.")
def test_differentiable(submission):
    """The gradient is l1·sign(w) + 2·l2·w for the weights and 0 for the biases."""
    model = send_function(submission, penalised_model)()
    reply = send_function(submission, penalty_gradients)(submission.regularisation_penalty, model, 0.5, 0.25)
    assert_true(type(reply) is list and len(reply) == 2, "The gradients cannot be read.")
    weights = torch.tensor([1.0, -2, 3, 0, -4, 2])
    expected = 0.5 * weights.sign() + 0.5 * weights
    assert_tensor(reply[0], expected, what="the gradient of the penalty with respect to the weights", cause=NO_GRADIENT)
    assert_tensor(reply[1], torch.zeros(3), what="the gradient of the penalty with respect to the biases")
