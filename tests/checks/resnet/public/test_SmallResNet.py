"""Public checks of `SmallResNet`: its logits, image sizes, and stages."""

import math

import pytest
import torch

from autograder.checking import assert_equal, assert_has, assert_true, send_function

from ...shared.public.outputs import run
from .networks import SIZE_CAUSE, assert_logits
from .state_dicts import UNKNOWN, tensors_of

pytestmark = [
    pytest.mark.uses("ResidualBlock"),
    pytest.mark.hints(
        "A stem, then one stage per width; the first block of each later stage has stride 2.",
        "The mean over height and width makes it work for any image size.",
    ),
]

MAX_PARAMETERS = 100_000


def new_network(submission, call, **arguments):
    """Return a student's network; fail unless it is a module."""
    network = submission.SmallResNet(**arguments)
    cause = "SmallResNet must be an nn.Module"
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause=cause)
    return network


def map_sizes(model, images):
    """Return channels, height and width of the output of each convolution, in order; runs on the student's side."""
    sizes = []
    layers = [layer for layer in model.modules() if isinstance(layer, torch.nn.Conv2d)]

    def note(_layer, _inputs, output):
        sizes.append(list(output.shape[1:]))

    hooks = [layer.register_forward_hook(note) for layer in layers]
    model(images)
    for hook in hooks:
        hook.remove()
    return sizes


@pytest.mark.points(1)
def test_logits(submission):
    """One output per sample has shape (N,), more have shape (N, n_outputs)."""
    for call, arguments, channels, shape in (
        ("SmallResNet()", {}, 1, (5,)),
        ("SmallResNet(n_outputs=3)", {"n_outputs": 3}, 1, (5, 3)),
        ("SmallResNet(in_channels=3)", {"in_channels": 3}, 3, (5,)),
    ):
        network = new_network(submission, call, **arguments)
        for mode in ("train", "eval"):
            getattr(network, mode)()
            what = f"{call}(images) in {mode} mode"
            assert_logits(run(network, torch.rand(5, channels, 28, 28), what), shape, what)


@pytest.mark.points(0.75)
@pytest.mark.after("logits")
def test_image_sizes(submission):
    """Images of any size work with the same network: 28×28, 33×33, 64×64 and 20×40."""
    network = new_network(submission, "SmallResNet()")
    for height, width in ((28, 28), (33, 33), (64, 64), (20, 40)):
        what = f"SmallResNet() of images of {height}×{width}"
        assert_logits(run(network, torch.rand(3, 1, height, width), what, SIZE_CAUSE), (3,), what)


@pytest.mark.points(0.75)
@pytest.mark.after("logits")
@pytest.mark.hint("Compare with the table of shapes in the lesson.")
def test_stages(submission):
    """There is one stage per width; each from the second on halves height and width, once."""
    for widths in ((8, 16, 32), (5, 6), (7,), (3, 4, 5, 6)):
        call = f"SmallResNet(widths={widths})"
        network = new_network(submission, call, widths=widths)
        run(network, torch.rand(2, 1, 32, 24), f"{call}(images)")
        sizes = send_function(submission, map_sizes)(network, torch.rand(2, 1, 32, 24))
        readable = type(sizes) is list and all(type(s) is list and [*map(type, s)] == [int] * 3 for s in sizes)
        assert_true(readable and bool(sizes), f"{call} has no nn.Conv2d.", cause=UNKNOWN)
        first = [32, 24]
        cause = "the stem must have stride 1 and no pooling: small images cannot spare the pixels"
        assert_equal(sizes[0][1:], first, what=f"height and width of the first maps of {call}", cause=cause)
        for stage, width in enumerate(widths):
            own = [size[1:] for size in sizes if size[0] == width]
            what = f"maps with {width} channels in {call}"
            enough = len(own) >= (3 if stage == 0 else 2)
            cause = "a stage is missing: each width needs a ResidualBlock, including the first one after the stem"
            assert_true(enough, f"{call} has too few {what.split(' in ')[0]}.", cause=cause)
            expected = [math.ceil(32 / 2**stage), math.ceil(24 / 2**stage)]
            mistakes_cause = "only the first block of each stage from the second on has stride 2"
            assert_equal(own[-1], expected, what=f"height and width of the last {what}", cause=mistakes_cause)
    n_parameters = sum(
        value.numel()
        for name, value in tensors_of(new_network(submission, "SmallResNet()"), "SmallResNet()").items()
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    )
    cause = "keep it small: one or two blocks per stage, and a single linear layer"
    problem = f"SmallResNet() has more than {MAX_PARAMETERS} parameters."
    assert_true(n_parameters <= MAX_PARAMETERS, problem, details=f"It has {n_parameters}.", cause=cause)
