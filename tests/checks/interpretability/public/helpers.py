"""TODO helpers"""

import math
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import torch

from autograder.checking import assert_equal, assert_tensor, assert_true, send_function, show_images, unchanged
from autograder.datasets import phantoms

SHOWN_SEED = 7  # of the phantom on the feedback page


# --- Models that live on the student's side ---------------------------------------------------------------------


def weighted_sum(weight):
    """Return a model whose logit is the sum of all pixels, each times its weight of shape (C, H, W)."""

    class WeightedSum(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(weight.clone())

        def forward(self, images):
            return (images * self.weight).sum((1, 2, 3))

    return WeightedSum()


def two_maps(gradients, stride):
    """Return a model with two feature maps A, its pixels and 3 minus them, and the logit sum(gradients · A)."""

    class TwoMaps(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(1, 2, 1, stride=stride)
            self.layer.weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
            self.layer.bias.data = torch.tensor([0.0, 3.0])
            self.gradients = torch.nn.Parameter(gradients.clone())

        def forward(self, images):
            return (self.layer(images) * self.gradients).sum((1, 2, 3))

    return TwoMaps()


def network(in_channels, in_place):
    """Return a small convolutional network in evaluation mode, always with the same weights.

    It takes images of any size; ``in_place`` is for its first ReLU.
    """

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.features = torch.nn.Sequential(
                torch.nn.Conv2d(in_channels, 4, 3, padding=1),
                torch.nn.BatchNorm2d(4),
                torch.nn.ReLU(inplace=in_place),
                torch.nn.MaxPool2d(2),
                torch.nn.Conv2d(4, 5, 3, padding=1),
                torch.nn.Tanh(),
                torch.nn.Dropout(0.4),
            )
            self.classifier = torch.nn.Linear(5, 1)

        def head(self, features):
            return 10 * self.classifier((features + features**2).mean((2, 3))).squeeze(1)

        def forward(self, images):
            return self.head(self.features(images))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(31)
        model = Network()
        normalisation = model.features[1]
        normalisation.running_mean.normal_()
        normalisation.running_var.uniform_(0.2, 2.0)
    return model.eval()


def train_all_but_dropout(model):
    """Put a `network` in training mode, all but its dropout: a mixture of modes, as after freezing a part."""
    model.train()
    model.features[6].eval()


def state_of(model):
    """Return all of a model that a map must not change."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooks = sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)
    return {
        "modes": [module.training for module in model.modules()],
        "hooks": hooks + sum("forward" in vars(module) for module in model.modules()),
        "trainable": [parameter.requires_grad for parameter in model.parameters()],
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "values": [value.clone() for value in model.state_dict().values()],
    }


def same(first, second):
    """Whether two lists of tensors, or of None, are the same."""
    return all(
        (a is None) == (b is None) and (a is None or torch.equal(a, b)) for a, b in zip(first, second, strict=True)
    )


def assert_as_found(before, after, call):
    """Compare a model's state after a call with that before."""
    assert_equal(
        after["hooks"],
        before["hooks"],
        what=f"The number of hooks after {call}",
        cause="a hook that is registered has to be removed: keep its handle, and call `.remove()` in a `finally`",
    )
    assert_true(
        after["modes"] == before["modes"],
        f"{call} leaves the model in another mode than it was in.",
        cause="`model.eval()` and `model.train()` set all submodules at once; "
        "each has a mode of its own that has to come back",
    )
    assert_true(
        same(before["grads"], after["grads"]),
        f"{call} changes the gradients (.grad) of the model's parameters.",
        cause="`backward()` adds to the .grad of every parameter, and `zero_grad()` deletes what was there; "
        "`torch.autograd.grad` touches none",
    )
    assert_true(
        after["trainable"] == before["trainable"],
        f"{call} changes requires_grad of the model's parameters.",
        cause="`requires_grad_(...)` on the model",
    )
    assert_true(
        same(before["values"], after["values"]),
        f"{call} changes the model itself: its weights, or the running statistics of a batch norm.",
        cause="a forward pass in training mode moves the running statistics of batch norms",
    )


def leaves_model(submission, model, image, call, function, *arguments):
    """Call ``function``; fail where it changes the model or the image. Return its result."""
    look = send_function(submission, state_of)
    before = look(model)
    with unchanged(image, what=call):
        result = function(*arguments)
    assert_as_found(before, look(model), call)
    return result


# --- The frozen model, and how well maps find what is there -------------------------------------------------------


def frozen_network(tensors):
    """Return the frozen model from its state dict: the logit is the largest evidence of any place."""
    shapes = [tensors[f"features.{place}.weight"].shape for place in (0, 3, 6)]

    class FrozenNetwork(torch.nn.Module):
        def __init__(self):
            super().__init__()
            layers = []
            for width, channels, size, _ in shapes:
                settings = {"stride": 1 if layers else 2, "padding": (size - 1) // 2, "bias": False}
                convolution = torch.nn.Conv2d(channels, width, size, **settings)
                layers += [convolution, torch.nn.BatchNorm2d(width), torch.nn.ReLU()]
            self.features = torch.nn.Sequential(*layers)
            self.evidence = torch.nn.Conv2d(width, 1, 1, bias=False)

        def head(self, features):
            return self.evidence(features).amax((1, 2, 3))

        def forward(self, images):
            return self.head(self.features(images))

    model = FrozenNetwork()
    model.load_state_dict(tensors)
    return model.eval()


def make_maps(function, model, images, with_layer, settings):
    """Return the map of each image."""
    arguments = [model, model.features] if with_layer else [model]
    return [function(*arguments, image, **settings) for image in images]


@cache
def _weights():
    """Return the frozen model's state dict, and mean and deviation of the pixels that it was trained with."""
    with np.load(Path(__file__).with_name("test_interpretability.model.npz"), allow_pickle=False) as stored:
        tensors = {name: torch.from_numpy(stored[name]) for name in stored.files}
    return tensors, tensors.pop("pixel_mean"), tensors.pop("pixel_deviation")


def _maps(submission, question, tensors, images):
    """Return the maps that an answer makes of images, (N, H, W), with the frozen model of these weights."""
    model = send_function(submission, frozen_network)(tensors)
    # Hidden pixels are as dark as a lung: a patch of the mean grey would itself look like an opacity there.
    settings = {"fill": -0.7} if question == "occlusion_map" else {}
    function, with_layer = getattr(submission, question), question == "grad_cam"
    maps = send_function(submission, make_maps)(function, model, images, with_layer, settings)
    for heat in maps:
        # An infinite tolerance lets every finite value pass: only type, shape and dtype are compared here.
        assert_tensor(heat, torch.zeros(images.shape[2:]), what=f"the map of {question}", atol=math.inf)
    return torch.stack([heat.detach() for heat in maps])


@cache
def _shown():
    """Return a phantom in which the frozen model sees an opacity, (1, 28, 28), and where it is, (28, 28)."""
    drawn = phantoms(60, seed=SHOWN_SEED)
    tensors, mean, deviation = _weights()
    images = ((torch.from_numpy(drawn.images)[:, None] / 255 - mean) / deviation).float().contiguous()
    masks = torch.from_numpy(drawn.masks)
    with torch.no_grad():
        seen = (frozen_network(tensors)(images) > 0) & masks.flatten(1).any(1)
    first = int(seen.nonzero()[0])
    return images[first], masks[first]


def show_on_a_phantom(submission, question):
    """Leave a picture of an answer's map beside what there is to find; only graders have the model for it."""
    if not Path(__file__).with_name("test_interpretability.model.npz").is_file():
        return
    image, finding = _shown()
    with suppress(Exception):  # a picture decides nothing
        heat = _maps(submission, question, _weights()[0], image[None])[0]
        title = f"{question} of a phantom, with a trained model"
        show_images(title, {"phantom": image[0], "the true finding": finding, "the map": heat})


# --- saliency_map -------------------------------------------------------------------------------------------------


def saliency_mistakes(gradient, image):
    """Return what saliency_map gives after each typical mistake, from the gradient (C, H, W): cause → value."""
    size = gradient.abs()
    return {
        "the sign is kept: it is the absolute value of the gradient that counts": gradient.amax(0),
        "the absolute value is taken after the maximum over the channels, not before": gradient.amax(0).abs(),
        "the mean over the channels is taken; the lecture takes the largest": size.mean(0),
        "the sum over the channels is taken; the lecture takes the largest": size.sum(0),
        "the length of the gradient over the channels is taken; the lecture takes the largest": gradient.norm(dim=0),
        "the gradient is multiplied by the image": (gradient * image).abs().amax(0),
        "the map is scaled by its maximum; leave it as it is": size.amax(0) / size.max(),
        "only the first channel is used": size[0],
        "the channel axis is still there: the map has two axes": size,
        "one axis too many is left: the map has two": size.amax(0, keepdim=True),
        "rows and columns are swapped": size.amax(0).T,
    }


# --- grad_cam -----------------------------------------------------------------------------------------------------

CAM_GRADIENTS = torch.tensor([[[4.0, 0], [0, 0]], [[0, -8], [2, 2]]])


def scaled(heat):
    """Divide a map by its maximum, unless that is 0."""
    return heat / heat.max() if heat.max() > 0 else heat


def bright_pixels(places, shape):
    """Return dark images of one channel, each with some bright pixels: (strength, row, column)."""
    images = 0.01 * torch.rand(len(places), 1, *shape)
    for image, pixels in zip(images, places, strict=True):
        for strength, row, column in pixels:
            image[0, row, column] = strength
    return images


def pixel_maps():
    """Return a model with one layer of two feature maps: the image, and its negative."""
    layer = torch.nn.Conv2d(1, 2, 1, bias=False)
    layer.weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
    rest = torch.nn.AdaptiveMaxPool2d(1), torch.nn.Flatten(), torch.nn.Linear(2, 1), torch.nn.Flatten(0)
    return torch.nn.Sequential(layer, *rest)


# --- pointing_game ------------------------------------------------------------------------------------------------


def single_maximum(n, shape, places):
    """Return maps with values below 0.5, and 1 at one place each."""
    maps = 0.5 * torch.rand(n, *shape)
    for heat, (row, column) in zip(maps, places, strict=True):
        heat[row, column] = 1.0
    return maps
