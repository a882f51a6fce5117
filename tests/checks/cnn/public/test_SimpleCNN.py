"""Public checks of `SimpleCNN`: the shape of its logits, and its layers."""

import math

import pytest
import torch

from autograder.checking import assert_true, send_function

from ...shared.public.outputs import run
from .networks import SIZE_CAUSE, assert_logits, new_network

pytestmark = [
    pytest.mark.uses("conv_block"),
    pytest.mark.hints(
        "Two blocks halve the image twice: how large is it then, and how many numbers does the linear layer get?",
        "Flatten from axis 1 on. With one output the logits have shape (N,): remove the last axis, and only that one.",
    ),
]

MAX_PARAMETERS = 100_000


def parameter_shapes(module):
    """Return the shapes of all parameters; runs on the student's side."""
    return [list(parameter.shape) for parameter in module.parameters()]


@pytest.mark.points(1)
def test_logits(submission):
    """One output per sample has shape (N,), more have shape (N, n_outputs), for images of 28×28 and 32×32."""
    for call, arguments, image_shape, shape in (
        ("SimpleCNN()", {}, (5, 1, 28, 28), (5,)),
        ("SimpleCNN(n_outputs=3)", {"n_outputs": 3}, (5, 1, 28, 28), (5, 3)),
        ("SimpleCNN(image_size=32)", {"image_size": 32}, (4, 1, 32, 32), (4,)),
    ):
        network = new_network(submission, call, **arguments)
        images = torch.rand(image_shape)
        for mode in ("train", "eval"):
            getattr(network, mode)()
            what = f"{call}(images) in {mode} mode"
            assert_logits(run(network, images, what, SIZE_CAUSE), shape, what)


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
def test_layers(submission):
    """There are at least two convolutions, and at most 100 000 parameters."""
    network = new_network(submission, "SimpleCNN()")
    shapes = send_function(submission, parameter_shapes)(network)
    assert_true(type(shapes) is list, "SimpleCNN() has no list of parameters.")
    n_parameters = sum(math.prod(shape) for shape in shapes)
    # A 1×1 kernel sees no neighbours, and one as large as the image is a fully connected layer.
    kernels = [shape[2:] for shape in shapes if len(shape) == 4]
    kernels = [kernel for kernel in kernels if math.prod(kernel) > 1 and max(kernel) < 14]
    problem = "SimpleCNN() must have at least two convolutions that see neighbouring pixels."
    cause = (
        "there are fewer than two, or they are in a plain list, which PyTorch does not see: use nn.Sequential "
        "or nn.ModuleList"
    )
    assert_true(len(kernels) >= 2, problem, details=f"It has {len(kernels)}.", cause=cause)
    problem = f"SimpleCNN() has more than {MAX_PARAMETERS} parameters."
    cause = "the first linear layer has weights for each value of the last maps: use fewer channels or more pooling"
    assert_true(n_parameters <= MAX_PARAMETERS, problem, details=f"It has {n_parameters}.", cause=cause)
