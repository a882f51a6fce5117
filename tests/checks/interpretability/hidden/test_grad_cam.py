"""Grad-CAM: deep networks, model state, models that raise, and findings of the frozen model."""

import math
from functools import partial

import pytest
import torch

from autograder.checking import assert_equal, assert_raises, assert_tensor, send_function

from ..public.model_state import leaves_model, state
from ..public.models import CAM_GRADIENTS, network, two_maps
from .comparisons import AFTER_EXCEPTION, CLOSE, EVALUATION
from .experiments import CHANGES, FINDS, GRAD_CAM_CHANGES, GRAD_CAM_FINDS, NOT_THE_MODEL
from .grad_cam import activations_and_gradients, cam_mistakes, cam_of, telling_image
from .model_changes import break_classifier, fill_gradients, freeze, train


@pytest.mark.points(0.5)
def test_deep_network(submission):
    """The map is correct for early and late layers, and for images that are not square."""
    model, ours = send_function(submission, network)(2, False), network(2, False)
    for layer, size, transposed in ((4, (10, 16), False), (0, (8, 9), True), (3, (14, 9), False)):
        image = telling_image(ours, layer, 2, size, transposed=transposed)
        activations, gradients = activations_and_gradients(ours, layer, image)
        result = submission.grad_cam(model, model.features[layer], image)
        expected = cam_of(activations, gradients, size)
        mistakes = partial(cam_mistakes, activations, gradients, size)
        assert_tensor(result, expected, what="grad_cam of a convolutional network", mistakes=mistakes, **CLOSE)


@pytest.mark.points(0.25)
def test_all_zeros(submission):
    """If nothing speaks for the finding, the map is all zeros, without NaN."""
    model = send_function(submission, two_maps)(-CAM_GRADIENTS, 1)
    image = torch.tensor([[[2.0, 4], [3, 3]]])
    result = submission.grad_cam(model, model.layer, image)
    mistakes = {
        "the maximum of a map of zeros is 0: do not divide by it": torch.full((2, 2), math.nan),
        "the ReLU is missing: only what speaks for the finding is shown": 3 - 2 * image[0],
        "the ReLU is missing, although nothing speaks for the finding here": (3 - 2 * image[0]) / -1.0,
    }
    assert_tensor(result, torch.zeros(2, 2), what="grad_cam of a model that sees nothing", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_model_raises(submission):
    """Hooks are removed even if the model raises, and its exception is passed on."""
    model = send_function(submission, network)(1, False)
    before = state(submission, model)
    send_function(submission, break_classifier)(model)
    call = "grad_cam of a model that raises"
    assert_raises(ArithmeticError, submission.grad_cam, model, model.features[4], torch.rand(1, 6, 8), what=call)
    what = "The number of hooks after grad_cam of a model that raises"
    assert_equal(state(submission, model)["hooks"], before["hooks"], what=what, cause=AFTER_EXCEPTION)


@pytest.mark.points(0.25)
def test_evaluation_mode(submission):
    """The map is computed in evaluation mode; gradients from training are kept."""
    build = send_function(submission, network)
    image, call = telling_image(network(1, False), 4, 1, (8, 8)), "grad_cam of a model in training mode"
    clean, model = build(1, False), build(1, False)
    expected = submission.grad_cam(clean, clean.features[4], image)
    assert_tensor(expected, torch.zeros(8, 8), what="grad_cam of a network", atol=math.inf)
    send_function(submission, fill_gradients)(model)
    send_function(submission, train)(model)
    heat = leaves_model(submission, model, image, call, submission.grad_cam, model, model.features[4], image)
    assert_tensor(heat, expected.detach(), what=call, cause=EVALUATION, **CLOSE)


@pytest.mark.points(0.25)
def test_in_place_and_frozen(submission):
    """In-place operations after the layer do not change the map, and neither do frozen parameters."""
    build = send_function(submission, network)
    # The layer is a batch norm: its output has both signs, so the ReLU after it changes it.
    image = telling_image(network(1, False), 1, 1, (8, 10))
    clean, model = build(1, False), build(1, True)
    expected = submission.grad_cam(clean, clean.features[1], image)
    assert_tensor(expected, torch.zeros(8, 10), what="grad_cam of a network", atol=math.inf)
    expected = expected.detach()
    result = submission.grad_cam(model, model.features[1], image)
    cause = "the next layer overwrote the stored output: let the hook return a copy to the model"
    assert_tensor(result, expected, what="grad_cam of a layer followed by an in-place operation", cause=cause, **CLOSE)
    model = build(1, False)
    send_function(submission, freeze)(model)
    result = submission.grad_cam(model, model.features[1], image)
    cause = "if no parameter needs a gradient, PyTorch records none unless the input needs one"
    assert_tensor(result, expected, what="grad_cam of a frozen model", cause=cause, **CLOSE)


@pytest.mark.points(0.25)
def test_finds_the_opacity(submission):
    """In images that a trained model classifies correctly, the maximum is nearly always at an opacity."""
    GRAD_CAM_FINDS.check(submission, what=FINDS, cause="rows and columns swapped, or weights with the wrong sign")


@pytest.mark.points(0.25)
def test_depends_on_the_weights(submission):
    """Randomising the weights changes the map."""
    GRAD_CAM_CHANGES.check(submission, what=CHANGES, cause=NOT_THE_MODEL)
