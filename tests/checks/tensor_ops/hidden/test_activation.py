"""The five activations: other parameters, extreme values, any tensor, and gradients."""

import pytest
import torch

from autograder.checking import assert_raises, assert_tensor, phrase, unchanged

from ..public.causes import if_not_finite
from ..public.gradients import backward


def zoo(x, slope=0.1, alpha=1.0):
    """Return the value of every activation at ``x``, by name."""
    return {
        "sigmoid": torch.sigmoid(x),
        "tanh": torch.tanh(x),
        "relu": torch.relu(x),
        "leaky_relu": torch.nn.functional.leaky_relu(x, slope),
        "elu": torch.nn.functional.elu(x, alpha),
    }


@pytest.mark.points(0.2)
def test_other_slope(submission):
    """The leaky ReLU uses the given slope."""
    x, slope = torch.tensor([-7.0, -0.5, 0.0, 0.25, 3.0]), 0.35
    result = submission.activation("leaky_relu", x, slope=slope)
    expected = zoo(x, slope=slope)["leaky_relu"]
    mistakes = {
        "the argument slope is ignored": zoo(x)["leaky_relu"],
        "the argument slope is ignored, and PyTorch's default is used": zoo(x, slope=0.01)["leaky_relu"],
        "the slope is on the wrong side: it belongs to negative x": torch.where(x > 0, slope * x, x),
        "this is the plain ReLU": zoo(x)["relu"],
    }
    assert_tensor(result, expected, what='activation("leaky_relu", x, slope=…)', mistakes=mistakes)


@pytest.mark.points(0.2)
def test_other_alpha(submission):
    """The ELU levels off at −alpha for the given alpha."""
    x, alpha = torch.tensor([-7.0, -0.5, 0.0, 0.25, 3.0]), 2.5
    result = submission.activation("elu", x, alpha=alpha)
    mistakes = {
        "the argument alpha is ignored": zoo(x)["elu"],
        "the −1 after the exponential is missing": torch.where(x > 0, x, alpha * torch.exp(x)),
        "alpha scales the whole curve; for positive x the ELU is x itself": alpha * zoo(x)["elu"],
        "alpha belongs in front of the bracket, not in the exponent": torch.where(x > 0, x, torch.expm1(alpha * x)),
        "alpha multiplies the exponential alone, not the −1": torch.where(x > 0, x, alpha * torch.exp(x) - 1),
    }
    assert_tensor(result, zoo(x, alpha=alpha)["elu"], what='activation("elu", x, alpha=…)', mistakes=mistakes)


@pytest.mark.points(0.15)
def test_extreme_values(submission):
    """All five activations are finite far from zero."""
    x = torch.tensor([-1000.0, -100.0, 100.0, 1000.0])
    for name, expected in zoo(x).items():
        result = submission.activation(name, x)
        overflow = "an exponential overflows to infinity, and inf / inf, inf − inf and 0 · inf are NaN"
        cause = if_not_finite(result, overflow)
        assert_tensor(result, expected, what=phrase('activation("{name}", x)', name=name), cause=cause)


@pytest.mark.points(0.15)
def test_any_tensor(submission):
    """Any shape, memory layout and dtype is accepted, and the input is not modified."""
    batch = torch.randn(2, 3, 4, dtype=torch.float64).transpose(0, 2)
    single = torch.tensor(-1.5)
    for x in (batch, single):
        for name, expected in zoo(x).items():
            call = phrase('activation("{name}", x)', name=name)
            with unchanged(x, what=call):
                result = submission.activation(name, x)
            assert_tensor(result, expected, what=call)


@pytest.mark.points(0.15)
def test_differentiable(submission):
    """Each activation backpropagates its derivative."""
    values = torch.tensor([-3.0, -0.6, 0.4, 2.0])
    for name in zoo(values):
        x, reference = values.clone().requires_grad_(), values.clone().requires_grad_()
        zoo(reference)[name].sum().backward()
        output = submission.activation(name, x)
        call = phrase('activation("{name}", x)', name=name)
        assert_tensor(output, zoo(values)[name], what=call)
        backward(output, x, what=call)
        assert_tensor(x.grad, reference.grad, what=phrase("the derivative of {call}", call=call), atol=1e-5)


@pytest.mark.points(0.15)
def test_names_outside_the_zoo(submission):
    """Names that PyTorch knows but the lecture's zoo lacks are rejected as well."""
    x = torch.tensor([-1.0, 2.0])
    assert_tensor(submission.activation("tanh", x), torch.tanh(x), what='activation("tanh", x)')
    for name in ("softplus", "selu", "exp", ""):
        assert_raises(
            ValueError,
            submission.activation,
            name,
            x,
            mentions=["sigmoid", "tanh", "relu", "leaky_relu", "elu"],
            what="activation(another_name, x)",
            cause="any other name must raise, with a message that lists the five known names",
        )
