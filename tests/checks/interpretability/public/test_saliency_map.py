"""Saliency maps: known gradients, and an unmodified model."""

import math

import pytest
import torch

from autograder.checking import assert_tensor, assert_true, send_function

from .maps import saliency_mistakes
from .model_state import leaves_model, train_all_but_dropout
from .models import network, weighted_sum
from .phantom_picture import show_on_a_phantom

pytestmark = pytest.mark.hints(
    "Take the gradient of the logit (not the loss) with respect to the image (not the weights).",
    "Let a copy of the image require the gradient; `torch.autograd.grad` keeps the model's own. Restore the modes.",
)


@pytest.mark.points(1)
def test_known_gradient(submission):
    """If the logit is a weighted sum of the pixels, the map holds the largest absolute weight of each pixel."""
    weight = torch.tensor(
        [[[1.0, -4, 0], [2, 0, 3]], [[-2, 1, 0], [2, -5, 1]], [[0.5, 3, 0], [-1, 4, -2]]]
    )  # three channels, 2×3 pixels
    image = torch.tensor([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]]).repeat(3, 1, 1)
    model = send_function(submission, weighted_sum)(weight)
    probability = (weight * image).sum().sigmoid()
    assert_tensor(
        submission.saliency_map(model, image),
        torch.tensor([[2.0, 4, 0], [2, 5, 3]]),
        what="saliency_map(model, image)",
        mistakes=saliency_mistakes(weight, image)
        | {
            "this is the gradient of the probability; leave out the sigmoid": (
                (weight * probability * (1 - probability)).abs().amax(0)
            )
        },
    )
    show_on_a_phantom(submission, "saliency_map")


@pytest.mark.points(0.5)
def test_leaves_all_as_found(submission):
    """The model's mode and gradients and the image are not modified."""
    model = send_function(submission, network)(1, False)
    image = torch.rand(1, 6, 8)
    send_function(submission, train_all_but_dropout)(model)
    call = "saliency_map(model, image)"
    saliency = leaves_model(submission, model, image, call, submission.saliency_map, model, image)
    assert_tensor(saliency, torch.zeros(6, 8), what=call, atol=math.inf)
    problem = f"{call} is still part of a graph: it requires a gradient itself."
    cause = "`create_graph=True`, or the map was computed from something with a gradient; use `.detach()`"
    assert_true(not saliency.requires_grad, problem, cause=cause)
