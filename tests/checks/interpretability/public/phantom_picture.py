"""A picture of an answer's map of a phantom, for the feedback page.

An answer could remember the model that it is given here and recognise it later, or show its weights in the picture. So
this model is made for it: it has sizes of its own and was trained from a seed of its own.
"""

from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import torch

from autograder.checking import show_images
from autograder.datasets import phantoms

from .frozen_model import frozen_network, maps_of

SHOWN_MODEL = Path(__file__).parents[1] / "shown_model.npz"

SHOWN_SEED = 7


@cache
def shown_model():
    """Return the state dict of the model, and the mean and deviation of the pixels that it was trained with."""
    with np.load(SHOWN_MODEL, allow_pickle=False) as stored:
        tensors = {name: torch.from_numpy(stored[name]) for name in stored.files}
    return tensors, tensors.pop("pixel_mean"), tensors.pop("pixel_deviation")


@cache
def shown_phantom():
    """Return a phantom in which the model sees an opacity, (1, 28, 28), and its mask, (28, 28)."""
    tensors, mean, deviation = shown_model()
    drawn = phantoms(60, seed=SHOWN_SEED)
    images = ((torch.from_numpy(drawn.images)[:, None] / 255 - mean) / deviation).float().contiguous()
    masks = torch.from_numpy(drawn.masks)
    with torch.no_grad():
        seen = (frozen_network(tensors)(images) > 0) & masks.flatten(1).any(1)
    return images[seen][0], masks[seen][0]


def show_on_a_phantom(submission, question):
    """Show an answer's map beside the true finding, if the model is there: only graders have it."""
    if not SHOWN_MODEL.is_file():
        return
    image, finding = shown_phantom()
    with suppress(Exception):  # a picture is worth no points
        heat = maps_of(submission, question, shown_model()[0], image[None])[0]
        title = f"{question} of a phantom, with a trained model"
        show_images(title, {"phantom": image[0], "the true finding": finding, "the map": heat})
