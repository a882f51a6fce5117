"""A picture of an answer's map of a phantom, for the feedback page."""

from contextlib import suppress
from functools import cache

from autograder.checking import show_images
from autograder.datasets import phantoms

from .frozen_model import MODEL, frozen_weights, maps_of, seen_findings

SHOWN_SEED = 7


@cache
def shown_phantom():
    """Return a phantom in which the frozen model sees an opacity, (1, 28, 28), and its mask, (28, 28)."""
    images, masks = seen_findings(phantoms(60, seed=SHOWN_SEED))
    return images[0], masks[0]


def show_on_a_phantom(submission, question):
    """Show an answer's map beside the true finding, if the model is there: only graders have it."""
    if not MODEL.is_file():
        return
    image, finding = shown_phantom()
    with suppress(Exception):  # a picture is worth no points
        heat = maps_of(submission, question, frozen_weights()[0], image[None])[0]
        title = f"{question} of a phantom, with a trained model"
        show_images(title, {"phantom": image[0], "the true finding": finding, "the map": heat})
