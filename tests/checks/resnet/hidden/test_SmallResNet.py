"""Hidden checks of `SmallResNet`: its logits for known weights."""

import pytest
import torch

from autograder.checking import assert_true, phrase, send_function

from ...shared.hidden.gradients import assert_all_reached
from ...shared.hidden.networks import assert_channels_used, assert_same_alone
from ...shared.public.outputs import run
from ..public.blocks import CLOSE
from ..public.networks import SIZE_CAUSE, assert_logits


def random_network(network, arguments, seed):
    """Return a network with random parameters in evaluation mode; runs on the student's side.

    Students may initialise a network as they like, and a last layer of zeros, for example, would hide what it does.
    """
    model = network(**arguments)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                values *= ((2 if parameter.dim() == 4 else 10) / parameter[0].numel()) ** 0.5
            else:
                values = 0.3 * values + (0 if name.endswith("bias") else 1)
            parameter.copy_(values)
    return model.eval()


def built(submission, seed, **arguments):
    """Return a student's network with random parameters, in evaluation mode."""
    return send_function(submission, random_network)(submission.SmallResNet, arguments, seed)


def silence_residuals(model, in_channels):
    """Set all kernels larger than 1×1 except the stem's to zero; runs on the student's side."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 4 and parameter[0, 0].numel() > 1 and parameter.shape[1] != in_channels:
                parameter.zero_()


@pytest.mark.points(0.75)
@pytest.mark.after("logits", "image_sizes", "stages")
@pytest.mark.hint("Global average pooling leaves one number per map: its mean over all rows and columns.")
def test_pooling(submission):
    """A pattern adds the same to the logits wherever it is, and twice as much if it occurs twice."""
    network = built(submission, 0, n_outputs=6, widths=(4, 6, 8))
    pattern = 3 * torch.randn(6, 6)
    empty, left, right, both = torch.zeros(4, 1, 152, 152)
    for image, places in ((left, (48,)), (right, (96,)), (both, (48, 96))):
        for place in places:
            image[0, place : place + 6, place : place + 6] = pattern
    with torch.no_grad():
        logits = run(network, torch.stack([empty, left, right, both]), "SmallResNet of large images", SIZE_CAUSE)
    assert_logits(logits, (4, 6), "SmallResNet(n_outputs=6)(images)")
    at_left, at_right, twice = logits[1:] - logits[0]
    size = float(at_left.norm().clamp(min=1e-6))
    assert_true(size > 1e-5, "The logits of SmallResNet do not depend on the image.")
    assert_true(
        float((at_left - at_right).norm()) < 0.02 * size,
        "The logits of SmallResNet depend on the position of a pattern.",
        cause="the maps are flattened, or pooled to more than one value, before the linear layer",
    )
    cause = "the mean over all positions sums patterns"
    if float((twice - at_left).norm()) < 0.02 * size:
        cause = "global maximum pooling does not see how often a pattern occurs; use the mean"
    problem = "A pattern that occurs twice does not add twice as much to the logits of SmallResNet."
    assert_true(float((twice - 2 * at_left).norm()) < 0.02 * size, problem, cause=cause)


@pytest.mark.points(0.5)
@pytest.mark.after("logits", "stages")
def test_shortcuts(submission):
    """If all weights of every F are zero, the image still reaches the logits through the shortcuts."""
    network = built(submission, 1, in_channels=2, n_outputs=5, widths=(6, 8, 10))
    send_function(submission, silence_residuals)(network, 2)
    images = torch.randn(6, 2, 24, 24) * torch.arange(1.0, 7)[:, None, None, None]
    with torch.no_grad():
        logits = run(network, images, "SmallResNet(in_channels=2)(images)")
    assert_logits(logits, (6, 5), "SmallResNet(in_channels=2, n_outputs=5)(images)")
    problem = "SmallResNet has a stage without a shortcut around its convolutions."
    assert_true(float(logits.std(0).max()) > 1e-4, problem, cause="build the stages from ResidualBlocks")


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
def test_unbounded(submission):
    """The outputs are logits of both signs and any size: nothing follows the last layer."""
    images = 5 * torch.randn(8, 1, 20, 20)
    with torch.no_grad():
        several = run(built(submission, 2, n_outputs=40), images, "SmallResNet(n_outputs=40)(images)")
        assert_logits(several, (8, 40), "SmallResNet(n_outputs=40)(images)")
        single = [built(submission, seed)(images) for seed in range(12)]
    for logits in single:
        assert_logits(logits, (8,), "SmallResNet()(images)")
    for values, what in ((torch.stack(single), "one output"), (several, "several outputs")):
        low, high = float(values.min()), float(values.max())
        cause = "no activation may follow the linear layer: a logit can be any number"
        if low >= 0 and high <= 1:
            cause = "a sigmoid or softmax follows the linear layer; it belongs in the loss"
        elif low >= 0:
            cause = "a ReLU follows the linear layer: no logit can be negative, so 0 is never predicted"
        elif high <= 0:
            cause = "a log-softmax follows the linear layer"
        elif low >= -1 and high <= 1:
            cause = "a tanh follows the linear layer"
        problem = phrase("The logits of SmallResNet with {what} are bounded.", what=what)
        assert_true(low < -1 and high > 1, problem, cause=cause)


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_channels(submission):
    """All channels of the images are used, each with its own weights."""
    what = "SmallResNet(in_channels=3)(images)"
    network = built(submission, 3, in_channels=3)
    images = torch.randn(8, 3, 20, 20, requires_grad=True)
    logits = run(network, images, what, "in_channels must reach the stem")
    assert_logits(logits, (8,), what)
    assert_channels_used(images, logits, "SmallResNet(in_channels=3)", "stem")


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_gradients(submission):
    """Every parameter gets a gradient."""
    assert_all_reached(submission, built(submission, 4), torch.randn(16, 1, 28, 28), "SmallResNet()")


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_batch_of_one(submission):
    """In evaluation mode, an image has the same logits alone as in a batch."""
    for n_outputs in (1, 3):
        network = built(submission, 5, n_outputs=n_outputs)
        images = torch.randn(4, 1, 28, 28) * torch.arange(1.0, 5)[:, None, None, None]
        with torch.no_grad():
            together = run(network, images, "SmallResNet of a batch")
            assert_logits(together, (4,) if n_outputs == 1 else (4, n_outputs), "SmallResNet of a batch")
            assert_same_alone(network, images, together, assert_logits, "SmallResNet of a batch of one", **CLOSE)
