"""Augmentation: reproducible sequences, global random states, and label-preserving changes."""

import pytest
import torch

from autograder.checking import fail, send_function, unchanged

from ..public.chests import augmented, chest
from ..public.randomness import draw_elsewhere
from .randomness import global_randomness_kept


def likeness(image, changed):
    """Return the correlation of a changed image with the image or its mirror images, at the best shift."""
    spectrum = torch.fft.fft2(_centred(changed))
    best = 0.0
    for axes in ((), (1,), (2,), (1, 2)):
        product = torch.fft.ifft2(torch.fft.fft2(_centred(image).flip(axes)).conj() * spectrum).real
        best = max(best, float(product.sum(dim=0).max()))
    return best


def _centred(image):
    """Return the image with mean 0 and length 1."""
    deviation = image - image.mean()
    return deviation / deviation.norm().clamp(min=1e-6)


@pytest.mark.points(0.25)
@pytest.mark.hint("Two functions with the same seed, called in turn: does one affect the other?")
def test_seed(submission):
    """The same seed gives the same sequence, whatever is drawn in between; other seeds and None give others."""
    what = "augmentation(seed)"
    image, elsewhere = chest(), send_function(submission, draw_elsewhere)

    def sequences(*seeds):
        pair = [submission.augmentation(seed) for seed in seeds]
        draws = [[augmented(augment, image, what) for augment in pair] for _ in range(15)]
        elsewhere(41)
        return [torch.stack(draw) for draw in zip(*draws, strict=True)]

    first, second = sequences(3, 3)
    (again,) = sequences(3)
    if not (torch.allclose(first, second, atol=1e-5) and torch.allclose(first, again, atol=1e-5)):
        problem = "Two functions made by augmentation with the same seed give different sequences."
        fail(problem, cause="they share a generator; each needs its own, with this seed")
    first, second = sequences(3, 4)
    if torch.equal(first, second):
        fail("augmentation with different seeds gives the same sequence.", cause="the seed is not used")
    first, second = sequences(None, None)
    if torch.equal(first, second):
        fail("augmentation(None) gives the same sequence each time.", cause="without a seed, each one is different")


@pytest.mark.points(0.125)
@pytest.mark.hint("Restore the global state after each call.")
def test_global_state(submission):
    """With a seed, neither creating nor calling it changes the global random states."""
    with global_randomness_kept(submission, "augmentation(seed)"):
        augment = submission.augmentation(seed=2)
    with global_randomness_kept(submission, "a function made by augmentation(seed)"):
        for _ in range(5):
            augmented(augment, chest(), "augmentation(seed)")


@pytest.mark.points(0.125)
@pytest.mark.after("same_kind")
def test_gentle(submission):
    """A changed image shows the same chest at about the same brightness, and the input is not modified."""
    for seed, n_channels in ((5, 1), (6, 3)):
        augment = submission.augmentation(seed=seed)
        alike, shifts, negatives = [], [], 0
        for draw in range(24):
            image = chest(n_channels, draw % 6)
            with unchanged(image, what="augmentation(seed)(image)"):
                changed = augmented(augment, image, "augmentation(seed)")
            alike.append(likeness(image, changed))
            negatives += likeness(1 - image, changed) > alike[-1] + 0.2
            shifts.append(abs(float(changed.mean() - image.mean())))
        if negatives > 1:
            cause = "dark and bright are swapped (inverted, solarised)"
            fail("augmentation(seed) makes negatives of images.", cause=cause)
        # Small rotations, shifts, noise: 0.7 to 1; a large crop, any rotation: below 0.5; pure noise: 0.1.
        if sum(alike) / len(alike) < 0.53:
            problem = (
                "An image changed by augmentation(seed) has little in common with the original, so its label may be "
                "lost."
            )
            fail(problem, cause="the changes are too strong (large crops or rotations, much noise), or unlike an X-ray")
        if sum(shifts) / len(shifts) > 0.25:
            problem = "augmentation(seed) changes the brightness of the images too much."
            fail(problem, cause="a brightness factor far from 1")
