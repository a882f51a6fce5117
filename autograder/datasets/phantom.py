"""Chest-radiograph phantoms: synthetic images from formulas, whose findings are known to the pixel.

They are not medical data and teach nothing about patients. They need no download and take a fraction of a millisecond
each. The position and brightness of opacities and the exposure vary, so that a linear model does better than chance, a
network with one hidden layer better, and a convolutional network best.

Shapes consist of sums, products and square roots only, which IEEE 754 defines to the last bit, so a seed gives the same
bytes on every machine.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograder.datasets.images import LabelledImages

Floats = NDArray[np.float32]

BLOCK = 256
"""The number of images drawn together. Image ``i`` is number ``i % BLOCK`` of its block, for every ``n``."""

_N_VESSELS = 4


class Ellipse(NamedTuple):
    """One ellipse per image of a block. Each field has shape ``[B, 1, 1]``; images extend from −1 to 1."""

    x: Floats
    y: Floats
    half_width: Floats
    half_height: Floats


def phantoms(n: int, *, seed: int, size: int = 28, shortcut: float | None = None) -> LabelledImages:
    """Return ``n`` phantoms of ``size`` × ``size`` pixels, half of them (within one) with opacities in the lungs.

    Image ``i`` depends only on ``seed`` and ``i``, so a longer set starts with the shorter one. With ``shortcut``,
    images get a marker in the top left corner that agrees with the label (marker: opacity) with this probability: at
    0.95 it nearly gives the label away, at 0.5 it says nothing. Raises ``ValueError`` for a negative ``n``, a ``size``
    below 16, or a ``shortcut`` outside 0 to 1.
    """
    if n < 0:
        raise ValueError(f"n must not be negative, but is {n}.")
    if size < 16:
        raise ValueError(f"size must be at least 16 pixels, so that lungs can be seen, but is {size}.")
    if shortcut is not None and not 0 <= shortcut <= 1:
        raise ValueError(f"shortcut must be a probability between 0 and 1, but is {shortcut}.")
    blocks = [_block(seed, number, size, shortcut) for number in range(-(-n // BLOCK))]
    if not blocks:  # n is 0: the empty arrays below still need their shapes
        blocks = [_block(seed, 0, size, shortcut)]
    images, labels, masks = zip(*blocks, strict=True)
    return LabelledImages(np.concatenate(images)[:n], np.concatenate(labels)[:n], np.concatenate(masks)[:n])


class _Dice:
    """The random numbers of one block. Every draw has one row per image, so images are independent."""

    def __init__(self, seed: int, block: int) -> None:
        key = np.array([seed % 2**64, block], dtype=np.uint64)  # a list of large numbers would become floats
        # A counter-based generator: each key has its own stream, so a block can be drawn without those before it.
        self._generator = np.random.Generator(np.random.Philox(key=key))

    def draw(self, *shape: int) -> Floats:
        """Return uniform numbers from 0 to 1, ``[B, *shape]``."""
        return self._generator.random((BLOCK, *shape), dtype=np.float32)

    def between(self, low: float, high: float) -> Floats:
        """Return uniform numbers ``[B, 1, 1]``."""
        return np.float32(low) + np.float32(high - low) * self.draw(1, 1)

    def chance(self, share: float) -> Floats:
        """Return 1 with probability ``share``, else 0, ``[B, 1, 1]``."""
        return (self.draw(1, 1) < np.float32(share)).astype(np.float32)

    def direction(self, low: float, high: float) -> tuple[Floats, Floats]:
        """Return cosine and sine of a random angle in radians, each ``[B, 1, 1]``."""
        # In float64, because the last bit of a cosine differs between libraries; rounding to float32 removes it.
        angle = self.between(low, high).astype(np.float64)
        return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _block(
    seed: int, number: int, size: int, shortcut: float | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    dice = _Dice(seed, number)
    sick = _labels(dice)
    # The centres of the pixels, from −1 to 1.
    grid = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
    x, y = grid[None, None, :], grid[None, :, None]
    lungs = _lungs(dice)
    image, inside = _chest(dice, x, y, lungs)
    opacity, mask = _opacities(dice, x, y, lungs, inside)
    image += sick[:, None, None] * opacity
    image += _distractors(dice, x, y, inside)
    image = _exposed(dice, image, x, y)
    _mark(dice, image, sick, shortcut)
    pixels = np.rint(np.clip(image, 0, 1) * np.float32(255)).astype(np.uint8)
    return pixels, sick.astype(np.int64), mask & sick[:, None, None]


def _labels(dice: _Dice) -> NDArray[np.bool_]:
    """Return which images get a finding: one image of every pair, chosen at random."""
    first = dice.draw()[: BLOCK // 2] < 0.5
    return np.stack([first, ~first], axis=1).reshape(BLOCK)


# --- Shapes ---------------------------------------------------------------------------------------
def _distance(x: Floats, y: Floats, ellipse: Ellipse) -> Floats:
    """Return the squared distance from the centre of an ellipse, scaled to 1 on its edge."""
    distance: Floats = np.square((x - ellipse.x) / ellipse.half_width) + np.square(
        (y - ellipse.y) / ellipse.half_height
    )
    return distance


def _inside(distance: Floats, steepness: float = 1.5) -> Floats:
    """Return 1 inside a shape and 0 outside, with a soft edge (smoothstep)."""
    ramp = np.clip(np.float32(0.5) + np.float32(steepness) * (1 - distance), 0, 1)
    inside: Floats = ramp * ramp * (3 - 2 * ramp)
    return inside


def _bump(distance: Floats) -> Floats:
    """Return a bell of a squared distance, like a Gaussian but finite: 1 in the centre, 0.3 at 1, 0 from 3 on."""
    rest = np.maximum(1 - distance * np.float32(1 / 3), 0)
    bump: Floats = rest * rest * rest
    return bump


# --- The body -------------------------------------------------------------------------------------
def _lungs(dice: _Dice) -> tuple[Ellipse, Ellipse]:
    """Return the two lungs, first the one on the left of the image."""
    shift, height = dice.between(-0.06, 0.06), dice.between(-0.14, 0.0)
    left, right = (
        Ellipse(
            shift + side * dice.between(0.36, 0.44),
            height + dice.between(-0.03, 0.03),
            dice.between(0.25, 0.32),
            dice.between(0.52, 0.66),
        )
        for side in (-1, 1)
    )
    return left, right


def _chest(dice: _Dice, x: Floats, y: Floats, lungs: tuple[Ellipse, Ellipse]) -> tuple[Floats, Floats]:
    """Return the brightness of a chest without findings, and how far each pixel is inside a lung (0 to 1)."""
    across, down = np.square(x / dice.between(0.86, 0.98)), np.square((y - np.float32(0.25)) / dice.between(1.15, 1.3))
    torso = _inside(np.square(across) + np.square(down))
    image = np.float32(0.06) + torso * dice.between(0.5, 0.62)
    inside = np.maximum(*(_inside(_distance(x, y, lung)) for lung in lungs))
    image -= inside * (dice.between(0.26, 0.36) - _ribs(dice, x, y))
    for lung, side in zip(lungs, (-1, 1), strict=True):
        image += inside * _vessels(dice, x, y, lung, side)
    spine = _bump(np.square((x - dice.between(-0.03, 0.03)) / dice.between(0.07, 0.11)))
    image += torso * (spine * dice.between(0.10, 0.2))
    heart = Ellipse(
        dice.between(0.08, 0.2), dice.between(0.22, 0.36), dice.between(0.22, 0.36), dice.between(0.24, 0.34)
    )
    image += _inside(_distance(x, y, heart), 1) * dice.between(0.12, 0.24)
    return image, inside


def _ribs(dice: _Dice, x: Floats, y: Floats) -> Floats:
    """Return bright bands that curve downwards to the sides."""
    turns = dice.between(1.75, 2.4) * (y - dice.between(0.25, 0.45) * np.square(x)) + dice.draw(1, 1)
    ramp = np.maximum(1 - 4 * np.abs(turns - np.floor(turns) - np.float32(0.5)), 0)
    bands: Floats = dice.between(0.03, 0.07) * (ramp * ramp * (3 - 2 * ramp))
    return bands


def _vessels(dice: _Dice, x: Floats, y: Floats, lung: Ellipse, side: int) -> Floats:
    """Return thin lines that start at the root of the lung and fade."""
    from_root_x = side * (x - lung.x) + lung.half_width * np.float32(0.7)
    from_root_y = y - lung.y - dice.between(-0.05, 0.1)
    total: Floats = np.zeros((BLOCK, y.shape[1], x.shape[2]), dtype=np.float32)
    for vessel in range(_N_VESSELS):
        middle = (vessel - (_N_VESSELS - 1) / 2) * 0.6
        cosine, sine = dice.direction(middle - 0.35, middle + 0.35)
        along = from_root_x * cosine + from_root_y * sine
        across = from_root_y * cosine - from_root_x * sine
        faded = (along > 0) / np.square(1 + np.abs(along) * np.float32(2.5))
        total += dice.between(0.03, 0.12) * (_bump(np.square(across * np.float32(1 / 0.035))) * faded)
    return total


# --- Findings and distractors ---------------------------------------------------------------------
def _blob(dice: _Dice, x: Floats, y: Floats, at_x: Floats, at_y: Floats) -> Floats:
    radius, stretch = dice.between(0.12, 0.2), dice.between(0.85, 1.2)
    return _bump(_distance(x, y, Ellipse(at_x, at_y, radius * stretch, radius / stretch)))


def _opacities(
    dice: _Dice, x: Floats, y: Floats, lungs: tuple[Ellipse, Ellipse], inside: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return one to three soft opacities in the lungs of every image (also normal ones), and a mask of them."""
    total = np.zeros_like(inside)
    mask = np.zeros(inside.shape, dtype=bool)
    count = dice.draw(1, 1)
    # Every image has one opacity, half of them a second, a fifth of them a third.
    for share in (1.0, 0.5, 0.2):
        in_right = dice.chance(0.5)
        lung = Ellipse(*(a + in_right * (b - a) for a, b in zip(*lungs, strict=True)))
        cosine, sine = dice.direction(-3.1416, 3.1416)
        radius = np.sqrt(dice.between(0, 0.5))  # the root of a uniform number is uniform over the area
        blob = inside * _blob(
            dice, x, y, lung.x + lung.half_width * cosine * radius, lung.y + lung.half_height * sine * radius
        )
        seen = (count < np.float32(share)) * blob
        total += dice.between(0.26, 0.42) * seen
        mask |= seen > 0.4
    return np.minimum(total, np.float32(0.46)), mask


def _distractors(dice: _Dice, x: Floats, y: Floats, inside: Floats) -> Floats:
    """Return what images of both classes can have: blobs like opacities, but outside the lungs, and a tube."""
    outside = np.square(1 - inside)
    total = np.zeros_like(inside)
    for share in (0.9, 0.6, 0.4):
        strength = dice.chance(share) * dice.between(0.24, 0.4)
        total += strength * (_blob(dice, x, y, dice.between(-0.9, 0.9), dice.between(-0.9, 0.95)) * outside)
    at_x = dice.between(-0.35, 0.35) + dice.between(-0.25, 0.25) * np.square(y + 1)
    tube = _bump(np.square((x - at_x) * np.float32(1 / 0.03))) * (y < dice.between(-0.2, 0.6))
    total += dice.chance(0.35) * dice.between(0.1, 0.25) * tube
    return total


# --- Exposure ---------------------------------------------------------------------------------------
def _exposed(dice: _Dice, image: Floats, x: Floats, y: Floats) -> Floats:
    """Return the exposed image: with haze, gain, contrast and noise."""
    haze = dice.between(0, 0.05) * (1 + dice.between(-1, 1) * x + dice.between(-1, 1) * y)
    image = np.clip(image * dice.between(0.85, 1.15) + (haze + dice.between(-0.05, 0.05)), 0, 1)
    image = image + dice.between(-0.3, 0.3) * (image * (1 - image))
    # The sum of three uniform numbers is bell-shaped, with a standard deviation of 1/2.
    noise = sum((dice.draw(*image.shape[1:]) for _ in range(3)), start=np.float32(-1.5))
    exposed: Floats = image + dice.between(0.03, 0.09) * noise
    return exposed


def _mark(dice: _Dice, image: Floats, sick: NDArray[np.bool_], shortcut: float | None) -> None:
    """Draw a marker in the corner, in place, as of a hospital that sees more sick patients than others."""
    agrees = dice.draw()
    if shortcut is not None:
        side = max(2, image.shape[1] // 9)
        image[(agrees < np.float32(shortcut)) == sick, 1 : 1 + side, 1 : 1 + side] = 1
