"""Hidden checks of `grad_cam`."""

import math

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import Experiment, assert_equal, assert_raises, assert_tensor, send_function

from ..public.helpers import CAM_GRADIENTS, leaves_model, network, scaled, state_of, two_maps
from .helpers import (
    AFTER_EXCEPTION,
    CHANGES,
    CLOSE,
    EVALUATION,
    FINDS,
    IMAGE_ITSELF,
    NOT_THE_MODEL,
    POINTERS,
    _finding,
    _sanity,
    break_classifier,
    fill_gradients,
    freeze,
    train,
)


def grad_cam_finds(submission, dataset, seed):
    """Measure how often the maximum of Grad-CAM lies at an opacity."""
    return _finding(submission, "grad_cam", seed, 40)


def grad_cam_changes(submission, dataset, seed):
    """Measure how far Grad-CAM maps depend on the model's weights."""
    return _sanity(submission, "grad_cam", seed, 10)


GRAD_CAM_FINDS = Experiment("grad_cam_finds", grad_cam_finds, dataset="phantom", metric="pointing", baselines=POINTERS)


GRAD_CAM_CHANGES = Experiment(
    "grad_cam_changes", grad_cam_changes, dataset="phantom", metric="change", baselines=IMAGE_ITSELF
)


def activations_and_gradients(model, layer, image):
    """Return what ``model.features[layer]`` gives for an image, and the gradient of the logit with respect to that."""
    with torch.no_grad():
        activations = model.features[: layer + 1](image[None])
    activations.requires_grad_()
    (gradients,) = torch.autograd.grad(model.head(model.features[layer + 1 :](activations)).sum(), activations)
    return activations.detach(), gradients


def telling_image(model, layer, n_channels, size, *, transposed=False):
    """Draw an image whose map has zeros as well as other values: a map of zeros would hide most mistakes."""
    for _ in range(1000):
        image = torch.randn(n_channels, *reversed(size)).mT if transposed else torch.randn(n_channels, *size)
        activations, gradients = activations_and_gradients(model, layer, image)
        share = (cam_of(activations, gradients, size, mode="not resized") > 0).float().mean()
        if 0.2 < share < 0.8:
            return image
    raise ValueError("this network sees nothing in any image")


def cam_of(activations, gradients, size, *, mode=""):
    """Return the Grad-CAM from activations and gradients of shape (1, K, h, w); ``mode`` makes a typical mistake."""
    weights = gradients.mean((2, 3), keepdim=True)
    if mode == "unweighted":
        weights = torch.ones_like(weights)
    elif mode == "not averaged":
        weights = gradients
    elif mode == "absolute":
        weights = weights.abs()
    heat = (weights * activations).sum(1, keepdim=True)
    if mode not in ("no relu", "relu last"):
        heat = heat.relu()
    if mode == "scaled first":
        heat = scaled(heat)
    if mode == "nearest":
        heat = F.interpolate(heat, size, mode="nearest")
    elif mode != "not resized":
        heat = F.interpolate(heat, size, mode="bilinear", align_corners=mode == "corners")
    heat = heat[0, 0].relu() if mode == "relu last" else heat[0, 0]
    if mode in ("scaled first", "unscaled"):
        return heat
    if mode == "sum":
        return heat / heat.sum()
    if mode == "range":
        return (heat - heat.min()) / (heat.max() - heat.min())
    return scaled(heat)


def cam_mistakes(activations, gradients, size):
    """Return what grad_cam gives after each typical mistake: cause → value."""
    named = {
        "the activations are not weighted by the gradients": "unweighted",
        "the gradients are not averaged over the places: each map has one weight": "not averaged",
        "the absolute value of the weights is taken; what speaks against counts negative": "absolute",
        "the ReLU is missing: only what speaks for the finding is shown": "no relu",
        "the ReLU comes after resizing; it comes before": "relu last",
        "the map is not resized to the image": "not resized",
        "the map is resized to the nearest neighbour, not bilinearly": "nearest",
        "`align_corners=True`: it has to be False": "corners",
        "the map is divided by its maximum before it is resized; after it, the maximum is 1": "scaled first",
        "the map is not divided by its maximum": "unscaled",
        "the map is divided by its sum; it is the maximum": "sum",
        "the minimum is subtracted too; only divide by the maximum": "range",
    }
    mistakes = {cause: cam_of(activations, gradients, size, mode=mode) for cause, mode in named.items()}
    right = cam_of(activations, gradients, size)
    return mistakes | {
        "rows and columns are swapped": right.T,
        "one axis too many is left: the map has two": right[None],
        "batch and channel axis are left: the map has two axes": right[None, None],
    }


@pytest.mark.points(0.5)
def test_deep_network(submission):
    """The map is right for layers early and late in a network, and for images that are not square."""
    model, ours = send_function(submission, network)(2, False), network(2, False)
    for layer, size, transposed in ((4, (10, 16), False), (0, (8, 9), True), (3, (14, 9), False)):
        image = telling_image(ours, layer, 2, size, transposed=transposed)
        activations, gradients = activations_and_gradients(ours, layer, image)
        assert_tensor(
            submission.grad_cam(model, model.features[layer], image),
            cam_of(activations, gradients, size),
            what="grad_cam of a convolutional network",
            mistakes=lambda a=activations, g=gradients, size=size: cam_mistakes(a, g, size),
            **CLOSE,
        )


@pytest.mark.points(0.25)
def test_all_zeros(submission):
    """Where nothing speaks for the finding, the map is all zeros, without NaN."""
    model = send_function(submission, two_maps)(-CAM_GRADIENTS, 1)
    image = torch.tensor([[[2.0, 4], [3, 3]]])
    assert_tensor(
        submission.grad_cam(model, model.layer, image),
        torch.zeros(2, 2),
        what="grad_cam of a model that sees nothing",
        mistakes={
            "a map of zeros has the maximum 0, which nothing can be divided by": torch.full((2, 2), math.nan),
            "the ReLU is missing: only what speaks for the finding is shown": 3 - 2 * image[0],
            "the ReLU is missing: only what speaks for the finding is shown, and nothing does here": (
                (3 - 2 * image[0]) / -1.0
            ),
        },
    )


@pytest.mark.points(0.25)
def test_model_raises(submission):
    """Hooks are removed also when the model raises, and its exception arrives."""
    model = send_function(submission, network)(1, False)
    look = send_function(submission, state_of)
    before = look(model)
    send_function(submission, break_classifier)(model)
    call = "grad_cam of a model that raises"
    assert_raises(ArithmeticError, submission.grad_cam, model, model.features[4], torch.rand(1, 6, 8), what=call)
    assert_equal(
        look(model)["hooks"],
        before["hooks"],
        what=f"The number of hooks after {call}",
        cause=AFTER_EXCEPTION,
    )


@pytest.mark.points(0.25)
def test_evaluation_mode(submission):
    """The map is that of the model in evaluation mode; gradients from training stay."""
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
    """An operation in place after the layer does no harm, and neither do frozen parameters."""
    build = send_function(submission, network)
    # The layer is a batch norm: its output has both signs, so the ReLU that follows changes it.
    image = telling_image(network(1, False), 1, 1, (8, 10))
    clean, model = build(1, False), build(1, True)
    expected = submission.grad_cam(clean, clean.features[1], image)
    assert_tensor(expected, torch.zeros(8, 10), what="grad_cam of a network", atol=math.inf)
    expected = expected.detach()
    assert_tensor(
        submission.grad_cam(model, model.features[1], image),
        expected,
        what="grad_cam of a layer that an operation in place follows",
        cause="the next layer overwrote what the hook kept: let the model go on with a copy of it",
        **CLOSE,
    )
    model = build(1, False)
    send_function(submission, freeze)(model)
    assert_tensor(
        submission.grad_cam(model, model.features[1], image),
        expected,
        what="grad_cam of a frozen model",
        cause="where no parameter needs a gradient, PyTorch records none, unless the input needs one",
        **CLOSE,
    )


@pytest.mark.points(0.25)
def test_finds_the_opacity(submission):
    """In images that a trained model calls right, the maximum nearly always lies at an opacity."""
    GRAD_CAM_FINDS.check(submission, what=FINDS, cause="rows and columns swapped, or weights with the wrong sign")


@pytest.mark.points(0.25)
def test_depends_on_the_weights(submission):
    """Randomised weights change the map."""
    GRAD_CAM_CHANGES.check(submission, what=CHANGES, cause=NOT_THE_MODEL)
