"""Datasets of images: the items, their labels, and the transform."""

import numpy as np
import pytest
import torch

from autograder.checking import assert_equal, assert_tensor, fail, send_function

from .datasets import check_image, counting_transform, item_of, new_dataset, random_pixels

pytestmark = pytest.mark.hints(
    "You need three methods: what to store, how many items there are, and what one item is.",
    "Pixels 0 to 255 become floats 0 to 1, channels first. Convert in `__getitem__`, not all at once.",
)


def length_of(value):
    """Return the length, or None where there is none; runs on the student's side."""
    return len(value) if hasattr(value, "__len__") else None


@pytest.mark.points(0.25)
def test_grey(submission):
    """There is one item per image; its image is float32, (1, H, W), from 0 to 1."""
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
        call = "the label of dataset[i]"
        mistakes = {
            "the label has an axis, so a batch has shape (N, 1), not (N,)": torch.tensor([float(label)]),
            "the labels are inverted": torch.tensor(1.0 - label),
        }
        cause = "loss functions need labels as float32 tensors"
        assert_tensor(item_of(dataset, index)[1], torch.tensor(float(label)), what=call, mistakes=mistakes, cause=cause)


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
    """The transform is applied to the image each time an item is read."""
    images, labels = random_pixels(3, 4, 5), np.array([1, 0, 1])
    transform = send_function(submission, counting_transform)()
    dataset = new_dataset(submission, images, labels, transform=transform)
    if len(transform.seen):
        problem = "The transform is applied when the dataset is created, before any item is read."
        fail(problem, cause="it belongs in `__getitem__`, so that a random one gives a different image each time")
    for call, index in enumerate((1, 1, 0, 1), start=1):
        image, label = item_of(dataset, index)
        plain = torch.from_numpy(images[index]).float()[None] / 255
        what = f"the image after {call} {'call' if call == 1 else 'calls'} of a transform that counts its calls"
        mistakes = {
            "the transform is not applied": plain,
            "the transform is applied to the pixels before they are scaled": (255 * plain + call) / 255,
            "the transform is applied once, and its result is stored": plain + 1,
            "the transform is applied twice": 2 * call + plain,
        }
        assert_tensor(image, plain + call, what=what, mistakes=mistakes)
        assert_tensor(label, torch.tensor(float(labels[index])), what="the label of an item with a transform")
