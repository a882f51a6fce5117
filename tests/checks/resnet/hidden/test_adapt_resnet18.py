"""Hidden checks of `adapt_resnet18`: other sizes, and the weights that it is given."""

import pytest
import torch

from autograder.checking import assert_true, in_place, send_function

from ...shared.public.outputs import run
from ..public.backbones import adapted, assert_adapted, backbone_weights, new_layers
from ..public.networks import assert_logits


def adapt_and_compare(adapt, weights):
    """Return whether the names, and the values, of weights stay the same when a model is adapted and changed.

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
    """They are kept for other numbers of channels and outputs too."""
    assert_adapted(submission, 4, 2)


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_colour(submission):
    """With three channels and weights it works too, and the last layer is new."""
    call = "adapt_resnet18(…, in_channels=3, weights=weights)"
    model = adapted(submission, call, {"in_channels": 3, "n_outputs": 2, "weights": backbone_weights()})
    what = f"{call}(images)"
    with torch.no_grad():
        assert_logits(run(model, torch.randn(2, 3, 40, 40), what), (2, 2), what)
    new_layers(model, call, 2, 3)


@pytest.mark.points(0.25)
@pytest.mark.after("weights")
def test_weights_stay(submission):
    """The given weights stay as they are, also when the model changes later."""
    weights = {name: value.clone() for name, value in backbone_weights().items()}
    with in_place():  # the answer gets this very dict, not a copy
        same = send_function(submission, adapt_and_compare)(submission.adapt_resnet18, weights)
    assert_true(type(same) is tuple and len(same) == 2, "What became of the weights cannot be read.")
    cause = "`pop`, `del` and assignments change the dict of the caller; make a new dict"
    assert_true(same[0], "adapt_resnet18 changes which names the given weights have.", cause=cause)
    cause = "the model shares memory with the given weights; `load_state_dict` copies them"
    assert_true(same[1], "adapt_resnet18 changes the given weights, or the model shares them.", cause=cause)
