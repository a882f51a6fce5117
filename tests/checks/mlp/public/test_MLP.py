"""Public checks of `MLP`: its layers and the shape of its logits."""

from itertools import pairwise

import pytest
import torch

from autograder.checking import assert_equal, send_function

from ...shared.public.outputs import run
from .networks import assert_logits, new_mlp

pytestmark = pytest.mark.hints(
    "List the sizes from input to output; each pair of neighbours is a `Linear`.",
    "`nn.Sequential` or `nn.ModuleList` registers layers, a plain list does not. No activation follows the last one.",
)


def parameter_shapes(model):
    """Return the shapes of all parameters, in a fixed order; runs on the student's side."""
    return sorted(list(parameter.shape) for parameter in model.parameters())


@pytest.mark.points(0.5)
def test_logits(submission):
    """One output per sample has shape (N,), more have shape (N, out_features); images are flattened."""
    for call, arguments, input_shape, shape in (
        ("MLP()", {}, (5, 1, 28, 28), (5,)),
        ("MLP()", {}, (5, 784), (5,)),
        ("MLP(out_features=3)", {"out_features": 3}, (4, 1, 28, 28), (4, 3)),
        ("MLP(in_features=12)", {"in_features": 12}, (6, 3, 2, 2), (6,)),
    ):
        network = new_mlp(submission, call, **arguments)
        what = f"{call} of an input of shape {input_shape}"
        logits = run(network, torch.rand(input_shape), what, "flatten each sample to in_features numbers")
        assert_logits(logits, shape, what)


@pytest.mark.points(0.5)
def test_layers(submission):
    """The lecture's 784-128-64-1 network has 108 801 parameters; hidden_features sets the layers."""
    for call, sizes, arguments in (
        ("MLP()", (784, 128, 64, 1), {}),
        (
            "MLP(20, (10, 7, 5), 2)",
            (20, 10, 7, 5, 2),
            {"in_features": 20, "hidden_features": (10, 7, 5), "out_features": 2},
        ),
    ):
        network = new_mlp(submission, call, **arguments)
        shapes = send_function(submission, parameter_shapes)(network)
        expected = sorted([[m, n] for n, m in pairwise(sizes)] + [[m] for m in sizes[1:]])
        cause = (
            "one linear layer with a bias per entry of hidden_features, and one for the output; layers in a plain "
            "list are not registered: use nn.Sequential or nn.ModuleList"
        )
        assert_equal(shapes, expected, what=f"The list of parameter shapes of {call}", cause=cause)
