"""Public checks of `adapt_resnet18`: its logits, its new layers, and the weights that it keeps."""

import pytest
import torch

from autograder.checking import assert_equal

from ...shared.public.outputs import run
from .backbones import adapted, assert_adapted, new_layers
from .networks import assert_logits
from .state_dicts import tensors_of

pytestmark = pytest.mark.hints(
    "`torchvision.models.resnet18()` has `conv1` and `fc`: both are replaced.",
    "Load the weights without the keys of these two, or before replacing them. For one output remove the last axis.",
)


@pytest.mark.points(0.75)
def test_logits(submission):
    """One output per sample has shape (N,), more have shape (N, n_outputs), for images with in_channels channels."""
    for call, arguments, channels, shape in (
        ("adapt_resnet18()", {}, 1, (2,)),
        ("adapt_resnet18(n_outputs=3, in_channels=4)", {"n_outputs": 3, "in_channels": 4}, 4, (2, 3)),
    ):
        model = adapted(submission, call, arguments)
        what = f"{call}(images)"
        with torch.no_grad():
            assert_logits(run(model, torch.randn(2, channels, 64, 64), what), shape, what)
            what = f"{call} of a batch of one image"
            assert_logits(run(model, torch.randn(1, channels, 64, 64), what), (1, *shape[1:]), what)


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
def test_new_layers(submission):
    """The first convolution and the last layer are new, and the old ones are gone."""
    call = "adapt_resnet18()"
    model = adapted(submission, call, {})
    new_layers(model, call, 1, 1)
    count = 11_170_753
    shapes = [
        value.shape.numel()
        for name, value in tensors_of(model, call).items()
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    ]
    mistakes = {
        "the first convolution has a bias; a batch norm follows, so it needs none": count + 64,
        "the last layer has no bias; the old one has one": count - 1,
    }
    assert_equal(sum(shapes), count, what=f"the number of parameters of {call}", mistakes=mistakes)


@pytest.mark.points(0.75)
@pytest.mark.after("logits", "new_layers")
def test_weights(submission):
    """All weights and running statistics but those of the two new layers are kept and used as before."""
    assert_adapted(submission, 1, 1)
