"""A trained model, the same on every machine, and an answer's maps of it.

Its weights are in ``model.npz``, written by ``make_model.py``: a newly trained model would differ on every
machine. Only graders have the file.
"""

import math
from functools import cache
from pathlib import Path

import numpy as np
import torch

from autograder.checking import assert_tensor, send_function

MODEL = Path(__file__).parents[1] / "model.npz"

# What `maps_of` calls a map, as literals: messages may be made of these.
MAPS = ("the map of saliency_map", "the map of occlusion_map", "the map of grad_cam")


@cache
def frozen_weights():
    """Return the frozen model's state dict, and the mean and deviation of the pixels that it was trained with."""
    with np.load(MODEL, allow_pickle=False) as stored:
        tensors = {name: torch.from_numpy(stored[name]) for name in stored.files}
    return tensors, tensors.pop("pixel_mean"), tensors.pop("pixel_deviation")


def frozen_network(tensors):
    """Return the frozen model from its state dict: the logit is the largest evidence at any position."""
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


def seen_findings(drawn):
    """Return the phantoms in which the frozen model sees an opacity, (N, 1, 28, 28), and its mask, (N, 28, 28)."""
    tensors, mean, deviation = frozen_weights()
    images = ((torch.from_numpy(drawn.images)[:, None] / 255 - mean) / deviation).float().contiguous()
    masks = torch.from_numpy(drawn.masks)
    with torch.no_grad():
        seen = (frozen_network(tensors)(images) > 0) & masks.flatten(1).any(1)
    return images[seen], masks[seen]


def make_maps(function, model, images, with_layer, settings):
    """Return the map of each image; runs on the student's side."""
    arguments = [model, model.features] if with_layer else [model]
    return [function(*arguments, image, **settings) for image in images]


def maps_of(submission, question, tensors, images):
    """Return an answer's maps of images, (N, H, W), for the frozen model with these weights."""
    model = send_function(submission, frozen_network)(tensors)
    # Occluded pixels are as dark as a lung: a patch of mean grey would itself look like an opacity there.
    settings = {"fill": -0.7} if question == "occlusion_map" else {}
    function, with_layer = getattr(submission, question), question == "grad_cam"
    maps = send_function(submission, make_maps)(function, model, images, with_layer, settings)
    for heat in maps:
        # An infinite tolerance accepts every finite value: only type, shape and dtype are compared here.
        assert_tensor(heat, torch.zeros(images.shape[2:]), what=f"the map of {question}", atol=math.inf)
    return torch.stack([heat.detach() for heat in maps])
