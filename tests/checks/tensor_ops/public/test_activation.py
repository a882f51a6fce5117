"""The five activations: known values and unknown names."""

import pytest
import torch

from autograder.checking import assert_raises, assert_tensor

pytestmark = pytest.mark.hints(
    "Start with a dictionary from name to function; a missing name is the ValueError.",
    "`torch.where` computes both sides: an overflow in the unused one ruins the gradient. Clamp the input of `exp`.",
)


@pytest.mark.points(0.25)
def test_sigmoid_tanh_relu(submission):
    """Sigmoid, tanh and ReLU have the lecture's values."""
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    values = {
        "sigmoid": torch.tensor([0.1192029, 0.2689414, 0.5, 0.7310586, 0.8807971]),
        "tanh": torch.tensor([-0.9640276, -0.7615942, 0.0, 0.7615942, 0.9640276]),
        "relu": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
    }
    for name, expected in values.items():
        mistakes = {
            "this is the sigmoid": values["sigmoid"],
            "this is the hyperbolic tangent": values["tanh"],
            "this is the ReLU": values["relu"],
            "the input was returned unchanged": x,
            "this is the sigmoid of −x": values["sigmoid"].flip(0),
            "this is the smaller of 0 and x; the ReLU is the larger": torch.tensor([-2.0, -1, 0, 0, 0]),
            "this is |x|; the ReLU is 0 for negative x": x.abs(),
        }
        assert_tensor(submission.activation(name, x), expected, what=f'activation("{name}", x)', mistakes=mistakes)


@pytest.mark.points(0.25)
def test_leaky_relu(submission):
    """The leaky ReLU keeps a tenth of negative values."""
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    result = submission.activation("leaky_relu", x)
    expected = torch.tensor([-0.2, -0.1, 0.0, 1.0, 2.0])
    mistakes = {
        "the slope is on the wrong side: it belongs to negative x": torch.tensor([-2.0, -1, 0, 0.1, 0.2]),
        "the slope is 0.01, PyTorch's default; the lecture's is 0.1": torch.tensor([-0.02, -0.01, 0, 1, 2]),
        "this is the plain ReLU: the slope is missing": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
        "the slope has the wrong sign: negative x must stay negative": torch.tensor([0.2, 0.1, 0.0, 1.0, 2.0]),
        "the slope applies to negative x only": torch.tensor([-0.2, -0.1, 0.0, 0.1, 0.2]),
    }
    assert_tensor(result, expected, what='activation("leaky_relu", x)', mistakes=mistakes)


@pytest.mark.points(0.25)
def test_elu(submission):
    """The ELU is x for positive x and approaches −1 for negative x."""
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    expected = torch.tensor([-0.8646647, -0.6321206, 0.0, 1.0, 2.0])
    mistakes = {
        "the −1 after the exponential is missing": torch.tensor([0.1353353, 0.3678794, 1.0, 1.0, 2.0]),
        "the −1 after the exponential is missing for x < 0": torch.tensor([0.1353353, 0.3678794, 0.0, 1.0, 2.0]),
        "exp must apply to negative x only": torch.tensor([-0.8646647, -0.6321206, 0.0, 1.7182818, 6.3890561]),
        "the exponential is on the wrong side": torch.tensor([-2.0, -1.0, 0.0, 1.7182818, 6.3890561]),
        "this is the plain ReLU": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
    }
    assert_tensor(submission.activation("elu", x), expected, what='activation("elu", x)', mistakes=mistakes)


@pytest.mark.points(0.25)
def test_unknown_name(submission):
    """An unknown name raises a ValueError that lists the known names."""
    x = torch.tensor([-1.0, 2.0])
    assert_tensor(submission.activation("relu", x), torch.tensor([0.0, 2.0]), what='activation("relu", x)')
    assert_raises(
        ValueError,
        submission.activation,
        "swish",
        x,
        mentions=["sigmoid", "tanh", "relu", "leaky_relu", "elu"],
        what='activation("swish", x)',
        cause="a typo must not pass silently, and the message helps to fix it",
    )
