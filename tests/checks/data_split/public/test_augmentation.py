"""Augmentation: an image of the same kind, and another one in each call."""

import pytest
import torch

from autograder.checking import fail

from .chests import augmented, chest

pytestmark = pytest.mark.hints(
    "A flip, a small shift, a little noise or contrast: draw how much each time the function is called.",
    (
        "Keep a generator in the function that you return, draw only from it, work on a copy, and clamp to 0 … 1 "
        "at the end."
    ),
)


@pytest.mark.points(0.25)
def test_same_kind(submission):
    """A changed image has the shape, the dtype and the range of the image, grey or in colour."""
    for n_channels in (1, 3):
        augment = submission.augmentation(seed=1)
        for _ in range(20):
            augmented(augment, chest(n_channels), "augmentation(seed=1)")


@pytest.mark.points(0.25)
def test_random(submission):
    """The image is changed, differently from call to call."""
    for seed, call in ((1, "augmentation(seed=1)"), (None, "augmentation()")):
        augment = submission.augmentation(seed)
        draws = [augmented(augment, chest(), call) for _ in range(30)]
        if all(torch.equal(draw, chest()) for draw in draws):
            fail(f"{call}(image) is the image itself, in each of 30 calls.", cause="nothing random is applied")
        if all(torch.equal(draw, draws[0]) for draw in draws):
            fail(
                f"{call}(image) is the same in each of 30 calls.",
                cause="the change is drawn once, or the generator is seeded again in each call",
            )
