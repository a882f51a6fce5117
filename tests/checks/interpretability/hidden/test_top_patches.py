"""Top patches: maps of any size and sign, few images, and an unmodified model."""

import math
from contextlib import suppress
from functools import partial

import pytest
import torch

from autograder.checking import assert_equal, assert_tensor, assert_true, send_function

from ..public.inputs import bright_pixels
from ..public.model_state import leaves_model, state, train_all_but_dropout
from ..public.models import network, pixel_maps
from .comparisons import AFTER_EXCEPTION, EVALUATION
from .model_changes import break_classifier, fill_gradients


def uneven_network(in_channels, in_place):
    """Return a network, always the same, whose maps have a third of the image's height and half its width."""

    class UnevenNetwork(torch.nn.Module):
        def __init__(self):
            super().__init__()
            convolution = torch.nn.Conv2d(in_channels, 3, 3, stride=(3, 2))
            self.features = torch.nn.Sequential(convolution, torch.nn.LeakyReLU(inplace=in_place))

        def forward(self, images):
            return self.features(images).mean((1, 2, 3))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return UnevenNetwork().eval()


def reference_patches(model, layer, channel, images, k=9, patch_size=9, *, mode=""):
    """Return the patches, computed one image at a time; ``mode`` makes a typical mistake."""
    with torch.no_grad():
        maps = model.features[: layer + 1](images)
    maps = maps.abs() if mode == "absolute" else maps
    strengths, places = maps[:, channel].flatten(1).max(1)
    order = sorted(range(len(images)), key=lambda n: -float(strengths[n]))
    if mode == "unordered":
        order = sorted(order[:k])
    elif mode == "weakest":
        order = order[::-1]
    elif mode == "first":
        order = list(range(len(images)))
    elif mode == "mean":
        order = sorted(order, key=lambda n: -float(maps[n, channel].mean()))
    patches = []
    for n in order[:k]:
        corner = []
        index = divmod(int(places[n]), maps.shape[3])
        for axis in (0, 1):
            size, map_size = images.shape[2 + axis], maps.shape[2 + axis]
            scale = images.shape[2] / maps.shape[2] if mode == "square" else size / map_size
            offset = {"no half": 0.0, "next": 1.0}.get(mode, 0.5)
            centre = math.floor((index[1 - axis if mode == "swapped" else axis] + offset) * scale)
            if mode == "map place":
                centre = index[axis]
            before = {"corner": 0, "even": (patch_size - 1) // 2}.get(mode, patch_size // 2)
            start = centre - before
            corner.append(min(max(start, 0), size - patch_size))
        top, left = corner
        patches.append(images[n, :, top : top + patch_size, left : left + patch_size])
    return torch.stack(patches)


def patch_mistakes(model, layer, channel, images, k, patch_size):
    """Return what top_patches gives after each typical mistake: cause → value."""
    named = {
        "the patches are not in order: the strongest comes first": "unordered",
        "the weakest images are taken, or the order is reversed": "weakest",
        "the first k images are taken, not the k with the strongest maximum": "first",
        "images are ordered by the mean of their map, not by its maximum": "mean",
        "the 0.5 of the formula is missing": "no half",
        "the position in the map is used as the position in the image": "map place",
        "the patch starts at the pixel; centre it there": "corner",
        "rows and columns are swapped": "swapped",
        "rows are scaled by the width, or columns by the height": "square",
        "the pixel is in row and column patch_size // 2 of the patch, counted from 0": "even",
        "the largest absolute value is taken; negative values do not excite": "absolute",
    }

    def of(mode, place=channel):
        return reference_patches(model, layer, place, images, k, patch_size, mode=mode)

    right = of("")
    return {cause: of(mode) for cause, mode in named.items()} | {
        "a feature map other than `channel` is used": of("", 0),
        "only one channel of the image is returned": right[:, :1],
        "the order is reversed: the strongest comes first": right.flip(0),
    }


@pytest.mark.points(0.75)
def test_other_map_sizes(submission):
    """A position in a smaller map becomes the right pixel, even if the image is not square."""
    for build, layer, channel, shape, settings in (
        (network, 4, 2, (12, 2, 20, 32), {"k": 5, "patch_size": 5}),
        (network, 3, 1, (15, 2, 31, 17), {"k": 6, "patch_size": 3}),
        (network, 0, 3, (11, 2, 16, 13), {}),
        (uneven_network, 0, 1, (9, 2, 24, 19), {"k": 8, "patch_size": 3}),
    ):
        model, ours = send_function(submission, build)(2, False), build(2, False)
        images = torch.rand(shape)
        settings_used = {"k": 9, "patch_size": 9} | settings
        expected = reference_patches(ours, layer, channel, images, **settings)
        result = submission.top_patches(model, model.features[layer], channel, images, **settings)
        mistakes = partial(patch_mistakes, ours, layer, channel, images, **settings_used)
        assert_tensor(result, expected, what="top_patches of a convolutional network", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_even_and_few(submission):
    """Patches of even size are correct, and fewer than k images give fewer patches."""
    model, ours = send_function(submission, network)(2, False), network(2, False)
    for k, patch_size in ((3, 4), (9, 6)):
        images = torch.rand(5, 2, 18, 14)
        result = submission.top_patches(model, model.features[2], 1, images, k=k, patch_size=patch_size)
        expected = reference_patches(ours, 2, 1, images, k, patch_size)
        mistakes = partial(patch_mistakes, ours, 2, 1, images, k, patch_size)
        assert_tensor(result, expected, what="top_patches of a convolutional network", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_negative_maps(submission):
    """If a feature map is negative everywhere, its maximum is the value closest to 0."""
    model = send_function(submission, pixel_maps)()
    images = bright_pixels([[(-0.5, 3, 4)], [(-0.9, 2, 5)], [(-0.2, 2, 2)]], (7, 8)) + 2
    result = submission.top_patches(model, model[0], 1, images, k=2, patch_size=3)
    expected = torch.stack([images[1, :, 1:4, 4:7], images[0, :, 2:5, 3:6]])
    assert_tensor(result, expected, what="top_patches of a feature map that is negative")


@pytest.mark.points(0.5)
def test_leaves_all_as_found(submission):
    """The maps are computed in evaluation mode, and no hook, graph, gradient or mode change remains."""
    build = send_function(submission, network)
    clean, model = build(1, False), build(1, False)
    send_function(submission, fill_gradients)(model)
    send_function(submission, train_all_but_dropout)(model)
    images, call = torch.randn(6, 1, 12, 12), "top_patches of a model in training mode"
    function, layer = submission.top_patches, model.features[1]
    expected = function(clean, clean.features[1], 2, images, 4, 3)
    assert_tensor(expected, torch.zeros(4, 1, 3, 3), what="top_patches of a network", atol=math.inf)
    patches = leaves_model(submission, model, images, call, function, model, layer, 2, images, 4, 3)
    assert_tensor(patches, expected.detach(), what=call, cause=EVALUATION)
    no_graph = "no gradient is needed here; `torch.no_grad()` saves memory and time"
    assert_true(not patches.requires_grad, "top_patches is still part of a graph.", cause=no_graph)
    send_function(submission, break_classifier)(model)
    before = state(submission, model)["hooks"]
    with suppress(ArithmeticError):  # an answer that stops the model after the layer is right too
        function(model, layer, 2, images, 4, 3)
    cause = AFTER_EXCEPTION
    after = state(submission, model)["hooks"]
    assert_equal(after, before, what="The number of hooks after top_patches of a model that raises", cause=cause)
