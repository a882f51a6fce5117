"""Datasets of images: one scale for all images, batches, and the input of the transform."""

import numpy as np
import pytest
import torch

from autograder.checking import assert_tensor, assert_true, fail, send_function

from ..public.datasets import check_image, counting_transform, item_of, new_dataset, random_pixels


def transform_to_corner():
    """Return a transform that crops images to two by two pixels; runs on the student's side."""
    return lambda image: image[:, :2, :2]


def batches_of(dataset, batch_size):
    """Return the batches of a plain loader; runs on the student's side."""
    return [list(batch) for batch in torch.utils.data.DataLoader(dataset, batch_size=batch_size)]


def stored_images_stay(make, images, labels):
    """Return whether reading items leaves the arrays unchanged; runs on the student's side."""
    before = images.copy(), labels.copy()
    dataset = make(images, labels)
    for index in range(len(labels)):
        dataset[index]
    return bool((images == before[0]).all() and (labels == before[1]).all())


@pytest.mark.points(0.25)
def test_scale(submission):
    """All images have the same scale: a dark one stays dark, a uniform one uniform."""
    dark, bright = random_pixels(1, 4, 5) // 5, 200 + random_pixels(1, 4, 5) // 8
    images = np.concatenate([dark, bright, np.full((1, 4, 5), 255, dtype=np.uint8), np.zeros_like(dark)])
    for pixels in (images, np.stack([images, images // 2, images], axis=-1), images[..., None]):
        dataset = new_dataset(submission, pixels, np.array([0, 1, 0, 1]))
        for index in range(4):
            check_image(item_of(dataset, index)[0], pixels[index], "the image of dataset[i]")


@pytest.mark.points(0.25)
def test_loader(submission):
    """PyTorch's DataLoader makes batches of it: images (N, C, H, W) and labels (N,), both float32."""
    labels = np.array([1, 0, 1, 1, 0])
    for images in (random_pixels(5, 4, 6), random_pixels(5, 4, 6, 3)):
        dataset = new_dataset(submission, images, labels)
        try:
            batches = send_function(submission, batches_of)(dataset, 3)
        except NotImplementedError:
            raise
        except Exception as error:  # PyTorch raises various errors for items that cannot be stacked
            cause = "`__len__`, or items that cannot be stacked"
            fail("A DataLoader of the dataset raises an error.", details=f"It is {type(error).__name__}.", cause=cause)
        if [len(batch) for batch in batches] != [2, 2]:
            problem = (
                "A DataLoader of the dataset must give two batches of images and labels for five items with batch "
                "size 3."
            )
            fail(problem)
        values = torch.from_numpy(images).float() / 255
        values = values[:, None] if values.ndim == 3 else values.permute(0, 3, 1, 2)
        for batch, places in zip(batches, (slice(0, 3), slice(3, 5)), strict=True):
            assert_tensor(batch[0], values[places], what="a batch of images of a DataLoader of the dataset")
            what = "a batch of labels of a DataLoader of the dataset"
            assert_tensor(batch[1], torch.from_numpy(labels[places]).float(), what=what)


@pytest.mark.points(0.25)
@pytest.mark.after("transform")
def test_purity(submission):
    """The transform gets a float32 image (C, H, W) from 0 to 1, its result is used, and the arrays do not change."""
    for images in (random_pixels(3, 4, 5), random_pixels(3, 4, 5, 3)):
        labels = np.array([0, 1, 1])
        transform = send_function(submission, counting_transform)()
        item_of(new_dataset(submission, images, labels, transform=transform), 2)
        check_image(transform.seen[0], images[2], "the input of the transform")
        corner = send_function(submission, transform_to_corner)()
        image, _ = item_of(new_dataset(submission, images, labels, transform=corner), 1)
        values = torch.from_numpy(images[1]).float() / 255
        values = values.permute(2, 0, 1) if values.ndim == 3 else values[None]
        expected = values[:, :2, :2]
        cause = "the result of the transform is the item's image, whatever its shape"
        assert_tensor(image, expected, what="the image of an item whose transform makes it smaller", cause=cause)
        stays = send_function(submission, stored_images_stay)(submission.ImageDataset, images, labels)
        assert_true(stays, "Reading items changes the images or labels that were passed to the dataset.")
