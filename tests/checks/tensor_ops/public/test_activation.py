"""The five activations: known values, and names that are unknown."""

import pytest
import torch

from autograder.checking import assert_raises, assert_tensor

pytestmark = pytest.mark.hints(
    "Start with a dictionary from name to function; a name that is missing is the ValueError.",
    (
        "In `torch.where` both sides are computed: an overflow in the side that is not taken still ruins the "
        "gradient. `clamp` what goes into `exp`."
    ),
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
        assert_tensor(
            submission.activation(name, x),
            expected,
            what=f'activation("{name}", x)',
            mistakes={
                "this is the sigmoid": values["sigmoid"],
                "this is the hyperbolic tangent": values["tanh"],
                "this is the ReLU": values["relu"],
                "the input came back as it was": x,
                "this is the sigmoid of −x": values["sigmoid"].flip(0),
                "this is the smaller of 0 and x; the ReLU is the larger": torch.tensor([-2.0, -1, 0, 0, 0]),
                "this is |x|; the ReLU is 0 for negative x": x.abs(),
            },
        )


@pytest.mark.points(0.25)
def test_leaky_relu(submission):
    """The leaky ReLU keeps a tenth of negative values."""
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert_tensor(
        submission.activation("leaky_relu", x),
        torch.tensor([-0.2, -0.1, 0.0, 1.0, 2.0]),
        what='activation("leaky_relu", x)',
        mistakes={
            "the slope is on the wrong side: it belongs to negative x": torch.tensor([-2.0, -1, 0, 0.1, 0.2]),
            "the slope is 0.01, PyTorch's default; the lecture's is 0.1": torch.tensor([-0.02, -0.01, 0, 1, 2]),
            "this is the plain ReLU: the slope is missing": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
            "the sign of the slope: negative x must stay negative": torch.tensor([0.2, 0.1, 0.0, 1.0, 2.0]),
            "the slope applies to negative x only": torch.tensor([-0.2, -0.1, 0.0, 0.1, 0.2]),
        },
    )


@pytest.mark.points(0.25)
def test_elu(submission):
    """The ELU is x where x is positive and bends down towards −1 elsewhere."""
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert_tensor(
        submission.activation("elu", x),
        torch.tensor([-0.8646647, -0.6321206, 0.0, 1.0, 2.0]),
        what='activation("elu", x)',
        mistakes={
            "the −1 after the exponential is missing": torch.tensor([0.1353353, 0.3678794, 1.0, 1.0, 2.0]),
            "the −1 after the exponential is missing, for negative x": torch.tensor(
                [0.1353353, 0.3678794, 0.0, 1.0, 2.0]
            ),
            "the exponential must apply to negative x only": torch.tensor(
                [-0.8646647, -0.6321206, 0.0, 1.7182818, 6.3890561]
            ),
            "the exponential is on the wrong side": torch.tensor([-2.0, -1.0, 0.0, 1.7182818, 6.3890561]),
            "this is the plain ReLU": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
        },
    )


@pytest.mark.points(0.25)
def test_unknown_name(submission):
    """Another name raises a ValueError that lists the known names."""
    x = torch.tensor([-1.0, 2.0])
    assert_tensor(submission.activation("relu", x), torch.tensor([0.0, 2.0]), what='activation("relu", x)')
    assert_raises(
        ValueError,
        submission.activation,
        "swish",
        x,
        mentions=["sigmoid", "tanh", "relu", "leaky_relu", "elu"],
        what='activation("swish", x)',
        cause="a typing mistake must not pass silently, and the message helps to put it right",
    )
