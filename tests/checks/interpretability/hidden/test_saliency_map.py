"""Saliency maps: deep networks, model state, and findings of the frozen model."""

import math

import pytest
import torch

from autograder.checking import assert_tensor, send_function

from ..public.maps import saliency_mistakes
from ..public.model_state import leaves_model
from ..public.models import network
from .comparisons import CLOSE, EVALUATION
from .experiments import CHANGES, FINDS, NOT_THE_MODEL, SALIENCY_CHANGES, SALIENCY_FINDS
from .model_changes import fill_gradients, freeze, train


def reference_saliency(model, image):
    """Return the gradient of a model's logit with respect to the image."""
    batch = image[None].clone().requires_grad_()
    return torch.autograd.grad(model(batch).sum(), batch)[0][0]


@pytest.mark.points(0.5)
def test_deep_network(submission):
    """The map is correct for a convolutional network, several channels, and images that are not square."""
    model, ours = send_function(submission, network)(3, False), network(3, False)
    for image in (torch.rand(3, 6, 10), torch.rand(3, 12, 7).mT, torch.rand(3, 16, 16)[:, ::2, ::2]):
        gradient = reference_saliency(ours, image)
        result = submission.saliency_map(model, image)
        call = "saliency_map of a convolutional network"
        assert_tensor(result, gradient.abs().amax(0), what=call, mistakes=saliency_mistakes(gradient, image), **CLOSE)


@pytest.mark.points(0.25)
def test_evaluation_mode(submission):
    """The map is computed in evaluation mode, whatever mode the model arrives in."""
    build = send_function(submission, network)
    image = torch.rand(1, 8, 8)
    expected = submission.saliency_map(build(1, False), image)
    assert_tensor(expected, torch.zeros(8, 8), what="saliency_map of a network", atol=math.inf)
    model, call = build(1, False), "saliency_map of a model in training mode"
    send_function(submission, train)(model)
    saliency = leaves_model(submission, model, image, call, submission.saliency_map, model, image)
    assert_tensor(saliency, expected.detach(), what=call, cause=EVALUATION, **CLOSE)


@pytest.mark.points(0.25)
def test_gradients_that_were_there(submission):
    """Gradients from training are kept, frozen parameters work, and the image keeps requires_grad."""
    image = torch.rand(1, 8, 8)
    for prepare, what in (
        (fill_gradients, "saliency_map of a model with gradients"),
        (freeze, "saliency_map of a frozen model"),
    ):
        model = send_function(submission, network)(1, False)
        send_function(submission, prepare)(model)
        saliency = leaves_model(submission, model, image, what, submission.saliency_map, model, image)
        assert_tensor(saliency, torch.zeros(8, 8), what=what, atol=math.inf)


@pytest.mark.points(0.25)
def test_finds_the_opacity(submission):
    """In images that a trained model classifies correctly, the largest value is nearly always at an opacity."""
    SALIENCY_FINDS.check(submission, what=FINDS, cause="rows and columns swapped, or a map that is blurred or flat")


@pytest.mark.points(0.25)
def test_depends_on_the_weights(submission):
    """Randomising the weights changes the map."""
    SALIENCY_CHANGES.check(submission, what=CHANGES, cause=NOT_THE_MODEL)
