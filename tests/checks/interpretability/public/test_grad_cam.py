"""Grad-CAM: the formula by hand, resizing to the image, and an unmodified model."""

import math

import pytest
import torch

from autograder.checking import assert_tensor, assert_true, send_function

from .maps import scaled
from .model_state import leaves_model, train_all_but_dropout
from .models import CAM_GRADIENTS, network, two_maps
from .phantom_picture import show_on_a_phantom

pytestmark = pytest.mark.hints(
    "You need the layer's activations and their gradients: a forward hook, or `retain_grad`.",
    "Average each map's gradients to a weight. Sum, ReLU, resize, divide by the maximum; remove hooks in `finally`.",
)


@pytest.mark.points(1)
def test_formula(submission):
    """Two feature maps of 2×2, with weights 1 and −1, give the map of the lesson."""
    model = send_function(submission, two_maps)(CAM_GRADIENTS, 1)
    image = torch.tensor([[[1.0, 4], [2, 3]]])
    maps = torch.stack([image, 3 - image], dim=1)
    weighted = torch.tensor([[-1.0, 5], [1, 3]])  # 1 · (1 4 / 2 3) − 1 · (2 −1 / 1 0)
    result = submission.grad_cam(model, model.layer, image)
    mistakes = {
        "the ReLU is missing: only what speaks for the finding is shown": weighted / 5,
        "the map is not divided by its maximum": weighted.clamp(min=0),
        "the map is divided by its sum, not by its maximum": weighted.clamp(min=0) / 9,
        "the minimum is subtracted too; only divide by the maximum": (weighted + 1) / 6,
        "the activations are not weighted by the gradients, or the sign is lost": torch.ones(2, 2),
        "the gradients are not averaged over positions: each map has one weight": scaled(
            (CAM_GRADIENTS * maps[0]).sum(0).clamp(min=0)
        ),
        "rows and columns are swapped": torch.tensor([[0.0, 0.2], [1, 0.6]]),
        "there is an axis too many: the map has two": torch.zeros(1, 2, 2),
        "batch and channel axes are still there: the map has two axes": torch.zeros(1, 1, 2, 2),
        "the feature maps are not summed: the result is one map": torch.zeros(2, 2, 2),
    }
    assert_tensor(result, torch.tensor([[0.0, 1], [0.2, 0.6]]), what="grad_cam(model, layer, image)", mistakes=mistakes)
    show_on_a_phantom(submission, "grad_cam")


@pytest.mark.points(0.5)
def test_image_size(submission):
    """A map smaller than the image is resized to it bilinearly."""
    model = send_function(submission, two_maps)(CAM_GRADIENTS, 2)
    image = torch.zeros(1, 4, 4)
    image[0, ::2, ::2] = torch.tensor([[1.0, 4], [2, 3]])  # the pixels that the layer sees
    expected = [[0, 1.25, 3.75, 5], [0.25, 1.3125, 3.4375, 4.5], [0.75, 1.4375, 2.8125, 3.5], [1, 1.5, 2.5, 3]]
    steps = torch.tensor([0, 1 / 3, 2 / 3, 1])
    between = (1 - steps) * torch.tensor([[0.0], [1]]) + steps * torch.tensor([[5.0], [3]])
    corners = (1 - steps[:, None]) * between[0] + steps[:, None] * between[1]
    result = submission.grad_cam(model, model.layer, image)
    mistakes = {
        "the map is not resized to the image": torch.zeros(2, 2),
        "the map is resized by nearest neighbour, not bilinearly": (
            torch.tensor([[0.0, 5], [1, 3]]).repeat_interleave(2, 0).repeat_interleave(2, 1) / 5
        ),
        "`align_corners` is True; it must be False": corners / 5,
        "the map is not divided by its maximum": torch.tensor(expected),
    }
    assert_tensor(result, torch.tensor(expected) / 5, what="grad_cam(model, layer, image)", mistakes=mistakes)


@pytest.mark.points(0.5)
def test_leaves_all_as_found(submission):
    """Hooks are removed, and the model's mode and gradients and the image are not modified."""
    model = send_function(submission, network)(1, False)
    send_function(submission, train_all_but_dropout)(model)
    image, call = torch.rand(1, 6, 8), "grad_cam(model, layer, image)"
    heat = leaves_model(submission, model, image, call, submission.grad_cam, model, model.features[4], image)
    assert_tensor(heat, torch.zeros(6, 8), what=call, atol=math.inf)
    cause = "the activations belong to a graph; detach them with `.detach()`"
    assert_true(not heat.requires_grad, f"{call} is still part of a graph: it requires a gradient itself.", cause=cause)
