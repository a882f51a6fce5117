"""Phantoms are reproducible and balanced, have findings where the masks say, and are not trivially easy."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from autograder.datasets import load_dataset, phantoms
from autograder.datasets.phantom import BLOCK

SIZES = (28, 64)


def digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


# --- The same seed, the same images ---------------------------------------------------------------


@pytest.mark.parametrize(("size", "shortcut"), [(28, None), (28, 0.9), (64, None)])
def test_an_image_depends_on_its_seed_and_number_alone(size, shortcut):
    many = phantoms(BLOCK + 44, seed=7, size=size, shortcut=shortcut)
    for n in (1, 17, BLOCK + 1):
        few = phantoms(n, seed=7, size=size, shortcut=shortcut)
        for one, other in zip(few, many, strict=True):
            assert np.array_equal(one, other[:n])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (28, "282f72636ef80c4ea0d65092564fce9afc6c7f8cec3966db14eeaf99cdcbcfcb"),
        (64, "72b59eeb810fd958bba5ae73f623d5871136ff52f8d43bab72b37012052622a5"),
    ],
)
def test_images_are_the_same_on_every_machine(size, expected):
    """Calibration records and thresholds are valid for these bytes: if they change, calibrate everything again."""
    assert digest(*phantoms(32, seed=2026, size=size)) == expected


def test_making_images_leaves_the_global_random_state_alone():
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    phantoms(4, seed=3)
    assert np.array_equal(before, np.random.get_state()[1])


def test_seeds_and_blocks_give_different_images():
    sets = [phantoms(BLOCK * 2, seed=seed).images for seed in (0, 1, 2**40, 2**63, -2, -1)]
    images = np.concatenate(sets).reshape(-1, 28 * 28)
    assert len(np.unique(images, axis=0)) == len(images)


def test_public_splits_share_no_image_and_are_what_the_generator_gives():
    splits = {split: load_dataset("phantom", split) for split in ("train", "val", "test")}
    assert [len(data.images) for data in splits.values()] == [4000, 1000, 1000]
    images = np.concatenate([data.images for data in splits.values()]).reshape(6000, -1)
    assert len(np.unique(images, axis=0)) == 6000
    larger = load_dataset("phantom", "val", size=64)
    assert larger.images.shape == (1000, 64, 64)
    assert np.array_equal(larger.labels, splits["val"].labels)


# --- What is in them ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_shapes_and_types(size):
    data = phantoms(5, seed=0, size=size)
    assert (data.images.shape, data.images.dtype) == ((5, size, size), np.uint8)
    assert (data.labels.shape, data.labels.dtype) == ((5,), np.int64)
    assert data.masks is not None
    assert (data.masks.shape, data.masks.dtype) == ((5, size, size), bool)


def test_an_empty_set():
    assert [len(part) for part in phantoms(0, seed=0, size=16)] == [0, 0, 0]


@pytest.mark.parametrize("n", [2, 9, 1000])
def test_classes_are_balanced_in_an_order_that_cannot_be_guessed(n):
    labels = phantoms(n, seed=5).labels
    assert abs(2 * labels.sum() - n) <= 1
    if n == 1000:
        assert 400 < (labels[1:] != labels[:-1]).sum() < 850
        assert not np.array_equal(labels, phantoms(n, seed=6).labels)


@pytest.mark.parametrize("size", [16, *SIZES])
def test_every_opacity_has_a_mask_and_nothing_else_has(size):
    data = phantoms(512, seed=11, size=size)
    assert np.array_equal(data.masks.any(axis=(1, 2)), data.labels == 1)
    share = data.masks[data.labels == 1].mean()
    assert 0.01 < share < 0.06


def test_masks_are_where_lungs_can_be():
    """No lung reaches the edge, the middle of the spine or the belly."""
    masks = phantoms(512, seed=12, size=64).masks
    seen = masks.any(axis=0)
    assert not seen[:4].any()
    assert not seen[53:].any()
    assert not seen[:, :4].any()
    assert not seen[:, -4:].any()
    left, right = masks[:, :, :32].any(axis=(1, 2)), masks[:, :, 32:].any(axis=(1, 2))
    assert 0.4 < left.sum() / right.sum() < 2.5


def test_a_finding_is_brighter_than_the_same_place_of_a_normal_image():
    data = phantoms(2000, seed=13)
    sick, normal = data.images[data.labels == 1].astype(float), data.images[data.labels == 0].astype(float)
    masks = data.masks[data.labels == 1]
    usual = np.broadcast_to(normal.mean(axis=0), sick.shape)
    assert sick[masks].mean() > usual[masks].mean() + 25
    outside = ~masks
    assert abs(sick[outside].mean() - usual[outside].mean()) < 8


def test_neither_brightness_nor_contrast_gives_the_label_away():
    data = phantoms(2048, seed=14)
    for statistic in (data.images.mean(axis=(1, 2)), data.images.std(axis=(1, 2)), data.images.max(axis=(1, 2))):
        best = max(np.mean((statistic > cut) == data.labels) for cut in np.quantile(statistic, np.linspace(0, 1, 41)))
        assert max(best, 1 - best) < 0.65


def test_few_pixels_are_over_or_underexposed():
    images = phantoms(1000, seed=15).images
    assert (images == 255).mean() < 0.02
    assert (images == 0).mean() < 0.10


# --- The shortcut ---------------------------------------------------------------------------------


def marked(images: np.ndarray) -> np.ndarray:
    side = images.shape[1] // 9
    return (images[:, 1 : 1 + side, 1 : 1 + side] == 255).all(axis=(1, 2))


@pytest.mark.parametrize(("size", "share"), [(28, 0.0), (28, 0.5), (28, 0.95), (28, 1.0), (64, 0.95)])
def test_the_marker_agrees_with_the_label_as_often_as_asked(size, share):
    data = phantoms(600, seed=21, size=size, shortcut=share)
    assert np.mean(marked(data.images) == data.labels) == pytest.approx(share, abs=0.05)
    for label in (0, 1):
        assert np.mean(marked(data.images)[data.labels == label] == label) == pytest.approx(share, abs=0.07)


def test_the_marker_is_all_that_a_shortcut_changes():
    plain, biased = phantoms(600, seed=22), phantoms(600, seed=22, shortcut=0.8)
    assert not marked(plain.images).any()
    assert np.array_equal(plain.labels, biased.labels)
    assert np.array_equal(plain.masks, biased.masks)
    changed = (plain.images != biased.images).any(axis=0)
    assert not changed[5:].any()
    assert not changed[:, 5:].any()


# --- Wrong use ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1}, "n must not be negative, but is -1"),
        ({"n": 1, "size": 8}, "at least 16 pixels"),
        ({"n": 1, "shortcut": 1.5}, "probability between 0 and 1, but is 1.5"),
    ],
)
def test_wrong_use_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        phantoms(**arguments, seed=0)
