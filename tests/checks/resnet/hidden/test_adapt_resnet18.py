"""Hidden checks of `adapt_resnet18`: other sizes, and the given weights."""

import pytest
import torch

from autograder.checking import assert_true, in_place, send_function

from ...shared.public.outputs import run
from ..public.backbones import adapted, assert_adapted, backbone_weights, new_layers
from ..public.networks import assert_logits


def adapt_and_compare(adapt, weights):
    """Return whether names and values of weights stay the same when a model is adapted and then changed.

    Runs on the student's side.
    """
    before = {name: value.clone() for name, value in weights.items()}
    model = adapt(weights=weights)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    same_names = list(before) == list(weights)
    return same_names, same_names and all(torch.equal(before[name], value) for name, value in weights.items())


@pytest.mark.points(0.5)
@pytest.mark.after("logits", "new_layers")
def test_other_sizes(submission):
    """Weights and running statistics are kept for other numbers of channels and outputs too."""
    assert_adapted(submission, 4, 2)


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_colour(submission):
    """Three channels with given weights work too, and the last layer is new."""
    call = "adapt_resnet18(…, in_channels=3, weights=weights)"
    model = adapted(submission, call, {"in_channels": 3, "n_outputs": 2, "weights": backbone_weights()})
    what = "adapt_resnet18(…, in_channels=3, weights=weights)(images)"
    with torch.no_grad():
        assert_logits(run(model, torch.randn(2, 3, 40, 40), what), (2, 2), what)
    new_layers(model, call, 2, 3)


@pytest.mark.points(0.25)
@pytest.mark.after("weights")
def test_weights_stay(submission):
    """The given weights do not change, even if the model changes later."""
    weights = {name: value.clone() for name, value in backbone_weights().items()}
    with in_place(weights):  # the answer gets this dict itself, not a copy
        same = send_function(submission, adapt_and_compare)(submission.adapt_resnet18, weights)
    assert_true(type(same) is tuple and len(same) == 2, "The state of the weights cannot be read.")
    cause = "`pop`, `del` and assignments change the caller's dict; create a new one"
    assert_true(same[0], "adapt_resnet18 changes the names in the given weights.", cause=cause)
    cause = "the model shares memory with the given weights; `load_state_dict` copies them"
    assert_true(same[1], "adapt_resnet18 changes the given weights, or the model shares them.", cause=cause)
