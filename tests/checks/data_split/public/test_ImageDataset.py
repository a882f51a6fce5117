"""Datasets of images: the items, their labels, and the transform."""

import numpy as np
import pytest
import torch

from autograder.checking import assert_equal, assert_tensor, fail, send_function

from .datasets import check_image, counting_transform, item_of, new_dataset, random_pixels

pytestmark = pytest.mark.hints(
    "Three methods are asked for: what is kept, how many there are, and what one item is.",
    (
        "Pixels from 0 to 255 become floats from 0 to 1, and channels come first. Convert in `__getitem__`, not "
        "all at once."
    ),
)


def length_of(value):
    """Return the length, or None where there is none; runs on the student's side."""
    return len(value) if hasattr(value, "__len__") else None


@pytest.mark.points(0.25)
def test_grey(submission):
    """It has as many items as images; the image of each is float32, (1, H, W), from 0 to 1."""
    images = random_pixels(5, 6, 4)
    dataset = new_dataset(submission, images, np.array([0, 1, 1, 0, 1]))
    length = send_function(submission, length_of)(dataset)
    if length is None:
        fail("len(dataset) does not work.", cause="`__len__` is missing")
    assert_equal(length, 5, what="len(dataset) of five images")
    for index in (0, 3, 4):
        check_image(item_of(dataset, index)[0], images[index], "the image of dataset[i], grey,")


@pytest.mark.points(0.25)
def test_labels(submission):
    """The label of each item is a float32 tensor of shape ()."""
    labels = np.array([0, 1, 1, 0])
    dataset = new_dataset(submission, random_pixels(4, 3, 3), labels)
    for index, label in enumerate(labels):
        assert_tensor(
            item_of(dataset, index)[1],
            torch.tensor(float(label)),
            what="the label of dataset[i]",
            mistakes={
                "the label has an axis; a batch of them would have shape (N, 1) then, not (N,)": (
                    torch.tensor([float(label)])
                ),
                "the labels are turned around": torch.tensor(1.0 - label),
            },
            cause="labels as loss functions want them are float32 tensors",
        )


@pytest.mark.points(0.25)
def test_colour(submission):
    """The image of a colour item is (C, H, W): the channels come first."""
    images = random_pixels(3, 5, 4, 3)
    dataset = new_dataset(submission, images, np.array([1, 0, 1]))
    for index in (0, 2):
        check_image(item_of(dataset, index)[0], images[index], "the image of dataset[i], in colour,")


@pytest.mark.points(0.5)
@pytest.mark.after("grey")
def test_transform(submission):
    """The transform is applied anew whenever an item is asked for, to its image."""
    images, labels = random_pixels(3, 4, 5), np.array([1, 0, 1])
    transform = send_function(submission, counting_transform)()
    dataset = new_dataset(submission, images, labels, transform=transform)
    if len(transform.seen):
        fail(
            "The transform is applied when the dataset is made, before any item is asked for.",
            cause="it belongs into `__getitem__`, so that a random one gives another image each time",
        )
    for call, index in enumerate((1, 1, 0, 1), start=1):
        image, label = item_of(dataset, index)
        plain = torch.from_numpy(images[index]).float()[None] / 255
        assert_tensor(
            image,
            plain + call,
            what=f"the image after {call} {'call' if call == 1 else 'calls'} of a transform that counts its calls",
            mistakes={
                "the transform is not applied": plain,
                "the transform is applied to the pixels before they are scaled": (255 * plain + call) / 255,
                "the transform is applied once, and its result kept": plain + 1,
                "the transform is applied twice": 2 * call + plain,
            },
        )
        assert_tensor(label, torch.tensor(float(labels[index])), what="the label of an item with a transform")
