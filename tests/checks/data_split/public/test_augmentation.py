"""Augmentation: an image of the same kind, different in each call."""

import pytest
import torch

from autograder.checking import fail

from .chests import augmented, chest

pytestmark = pytest.mark.hints(
    "A flip, a small shift, a little noise or contrast: draw the amount each time the function is called.",
    "Keep a generator in the returned function, draw only from it, work on a copy, and clamp to [0, 1] at the end.",
)


@pytest.mark.points(0.25)
def test_same_kind(submission):
    """A changed image, grey or in colour, has the shape, dtype and range of the original."""
    for n_channels in (1, 3):
        augment = submission.augmentation(seed=1)
        for _ in range(20):
            augmented(augment, chest(n_channels), "augmentation(seed=1)")


@pytest.mark.points(0.25)
def test_random(submission):
    """Each call changes the image differently."""
    for seed, call in ((1, "augmentation(seed=1)"), (None, "augmentation()")):
        augment = submission.augmentation(seed)
        draws = [augmented(augment, chest(), call) for _ in range(30)]
        if all(torch.equal(draw, chest()) for draw in draws):
            fail(f"{call}(image) returns the image unchanged in each of 30 calls.", cause="nothing random is applied")
        if all(torch.equal(draw, draws[0]) for draw in draws):
            problem = f"{call}(image) is the same in each of 30 calls."
            fail(problem, cause="the change is drawn once, or the generator is seeded again in each call")
