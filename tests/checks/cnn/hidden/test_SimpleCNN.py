"""Hidden checks of `SimpleCNN`: its logits for known weights, and its accuracy after training."""

import pytest
import torch

from autograder.checking import assert_true, phrase, send_function

from ...shared.hidden.gradients import assert_all_reached
from ...shared.hidden.networks import assert_channels_used, assert_same_alone
from ...shared.public.outputs import run
from ..public.networks import SIZE_CAUSE, assert_logits, new_network
from .experiments import SIMPLE_CNN_ON_PHANTOMS


def random_network(network, in_channels, n_outputs, image_size, seed):
    """Return a network with random parameters in evaluation mode; runs on the student's side.

    Students may initialise a network as they like, and a last layer of zeros, for example, would hide what it does.
    """
    model = network(in_channels=in_channels, n_outputs=n_outputs, image_size=image_size)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            # Large enough that signals grow from layer to layer.
            scale = (8 / parameter[0].numel()) ** 0.5 if parameter.dim() > 1 else 1.0
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def keep_centres(model):
    """Set all kernel weights except the centres to 0; runs on the student's side."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 4:
                row, column = parameter.shape[2] // 2, parameter.shape[3] // 2
                centre = parameter[:, :, row, column].clone()
                parameter.zero_()
                parameter[:, :, row, column] = 3 * centre


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
@pytest.mark.hint("Print the shape just before flattening, for two sizes.")
def test_image_sizes(submission):
    """Any image size divisible by 4 works, with any number of outputs and channels."""
    for size, in_channels, n_outputs in ((20, 1, 1), (64, 1, 2), (36, 2, 1), (48, 3, 4)):
        call = "SimpleCNN of another image size"
        network = new_network(submission, call, in_channels=in_channels, n_outputs=n_outputs, image_size=size)
        images = torch.rand(2, in_channels, size, size)
        what = "SimpleCNN of another image size, called with images,"
        logits = run(network, images, what, SIZE_CAUSE)
        assert_logits(logits, (2,) if n_outputs == 1 else (2, n_outputs), what)


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
def test_channels(submission):
    """All channels of the images are used, each with its own weights."""
    cause = "in_channels must reach the first convolution"
    network = new_network(submission, "SimpleCNN(in_channels=3)", in_channels=3)
    what = "SimpleCNN(in_channels=3)(images)"
    assert_logits(run(network, torch.rand(4, 3, 28, 28), what, cause), (4,), what)
    network = send_function(submission, random_network)(submission.SimpleCNN, 3, 1, 28, 1)
    images = torch.randn(16, 3, 28, 28, requires_grad=True)
    logits = network(images)
    assert_logits(logits, (16,), what)
    assert_channels_used(images, logits, "SimpleCNN(in_channels=3)", "first convolution")


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
def test_unbounded(submission):
    """The outputs are logits of both signs and any size: nothing follows the last layer."""
    build = send_function(submission, random_network)
    images = 3 * torch.randn(8, 1, 28, 28)
    with torch.no_grad():
        several = build(submission.SimpleCNN, 1, 40, 28, 0)(images)
        assert_logits(several, (8, 40), "SimpleCNN(n_outputs=40)(images)")
        single = [build(submission.SimpleCNN, 1, 1, 28, seed)(images) for seed in range(12)]
    for logits in single:
        assert_logits(logits, (8,), "SimpleCNN()(images)")
    for values, what in ((torch.stack(single), "one output"), (several, "several outputs")):
        low, high = float(values.min()), float(values.max())
        cause = "no activation may follow the last linear layer: a logit can be any number"
        if low >= 0 and high <= 1:
            cause = "a sigmoid (or softmax) follows the last layer; it belongs in the loss"
        elif low >= 0:
            cause = "a ReLU follows the last layer: no logit can be negative, so 0 is never predicted"
        elif high <= 0:
            cause = "a log-softmax follows the last layer"
        elif low >= -1 and high <= 1:
            cause = "a tanh follows the last layer"
        problem = phrase("The logits of SimpleCNN with {what} are bounded.", what=what)
        assert_true(low < -1 and high > 1, problem, cause=cause)


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_not_linear(submission):
    """The network is more than a linear function of its input."""
    network = send_function(submission, random_network)(submission.SimpleCNN, 1, 8, 28, 2)
    send_function(submission, keep_centres)(network)
    # Maps of uniform images are uniform, so pooling does not change them: only an activation can be nonlinear.
    values = torch.linspace(-3, 3, 13)
    with torch.no_grad():
        logits = network(values[:, None, None, None].expand(13, 1, 28, 28).contiguous())
    assert_logits(logits, (13, 8), "SimpleCNN(n_outputs=8)(images)")
    slope = logits.diff(dim=0)
    bend = float((slope.diff(dim=0)).abs().max() / slope.abs().max().clamp(min=1e-12))
    problem = "SimpleCNN has no activation: apart from pooling, it is a linear function."
    assert_true(bend > 1e-3, problem, cause="a ReLU is missing after the convolutions and between the linear layers")


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_gradients(submission):
    """Every parameter gets a gradient."""
    network = send_function(submission, random_network)(submission.SimpleCNN, 1, 1, 28, 3)
    told = "the number of gradients of SimpleCNN"
    assert_all_reached(submission, network, torch.randn(16, 1, 28, 28), "SimpleCNN()", told)


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
def test_batch_of_one(submission):
    """In evaluation mode, an image has the same logits alone as in a batch."""
    for n_outputs in (1, 3):
        network = send_function(submission, random_network)(submission.SimpleCNN, 1, n_outputs, 28, 4)
        images = torch.randn(4, 1, 28, 28)
        with torch.no_grad():
            together = network(images)
            assert_logits(together, (4,) if n_outputs == 1 else (4, n_outputs), "SimpleCNN of a batch")
            what = "SimpleCNN of a batch of one"
            assert_same_alone(network, images, together, assert_logits, what, rtol=1e-3, atol=1e-4)


@pytest.mark.points(1)
@pytest.mark.timeout(90)
@pytest.mark.after("logits", "layers", "image_sizes", "unbounded", "not_linear", "gradients", "batch_of_one")
@pytest.mark.hint("Does the training loss of your network fall? Does it have enough channels and not too much pooling?")
def test_beats_the_mlp(submission):
    """After five epochs of standard training, the network beats an MLP on the phantom."""
    SIMPLE_CNN_ON_PHANTOMS.check(
        submission,
        what="The accuracy of SimpleCNN() on images it has never seen",
        cause=(
            "the network is too small, loses small shadows (too much pooling or dropout, an average over the "
            "whole image), or starts with dead units"
        ),
    )
