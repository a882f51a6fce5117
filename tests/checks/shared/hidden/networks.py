"""Helpers that hidden checks of whole networks share."""

import torch

from autograder.checking import assert_tensor, assert_true, fail, phrase

from ..public.outputs import run
from .gradients import NO_GRADIENT


def assert_channels_used(images, logits, network, first_layer):
    """Check with the gradient of the images that logits depend on each of three channels, each differently.

    Messages call the network ``network`` and its first layer ``first_layer``.
    """
    problem = phrase("{network}(images) cannot be differentiated.", network=network)
    assert_true(logits.requires_grad, problem, cause=NO_GRADIENT)
    logits.sum().backward()
    if images.grad is None:
        fail("No gradient reaches the images.", cause=NO_GRADIENT)
    used = [bool(images.grad[:, channel].abs().max() > 0) for channel in range(3)]
    problem = phrase("{network} does not use all of its 3 channels.", network=network)
    cause = "`x[:, :1]` or `x[:, 0]` drops the other channels"
    assert_true(all(used), problem, details=f"It uses {sum(used)}.", cause=cause)
    first, *others = images.grad.unbind(1)
    assert_true(
        not all(torch.allclose(first, other, rtol=1e-3) for other in others),
        phrase("{network} cannot tell the channels apart.", network=network),
        cause=phrase("the channels are averaged before the {layer}", layer=first_layer),
    )


def assert_same_alone(network, images, together, assert_logits, what, **close):
    """Check that each image has the same logits alone as in the batch that gave ``together``."""
    for place in range(len(images)):
        alone = run(network, images[place : place + 1], what)
        expected = together[place : place + 1]
        assert_logits(alone, tuple(expected.shape), what)
        cause = "in evaluation mode, images of a batch must not affect each other, and nothing may be random"
        assert_tensor(alone, expected, what=what, cause=cause, **close)
