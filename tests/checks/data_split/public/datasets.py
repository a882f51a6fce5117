"""Pixels for an ImageDataset, a transform that counts its calls, and checks of an item."""

import torch

from autograder.checking import assert_tensor, fail, phrase, send_function


def random_pixels(*shape):
    """Return random uint8 pixels as an array."""
    return torch.randint(0, 256, shape, dtype=torch.uint8).numpy()


def counting_transform():
    """Return a transform that adds the number of its calls and records its inputs; runs on the student's side."""
    seen = []

    def transform(image):
        seen.append(image.clone() if torch.is_tensor(image) else None)
        return image + len(seen)

    transform.seen = seen
    return transform


def is_dataset(value):
    """Whether a value is a PyTorch dataset; runs on the student's side."""
    return isinstance(value, torch.utils.data.Dataset)


def new_dataset(submission, *arguments, **keywords):
    """Return a new ImageDataset; fail unless it is a PyTorch dataset."""
    dataset = submission.ImageDataset(*arguments, **keywords)
    if send_function(submission, is_dataset)(dataset) is not True:
        fail("ImageDataset(…) is not a `torch.utils.data.Dataset`.", cause="it must inherit from `Dataset`")
    return dataset


def item_of(dataset, index, what="dataset[i]"):
    """Return the image and label of an item; fail unless it is a pair."""
    item = dataset[index]
    if not isinstance(item, tuple | list) or len(item) != 2:
        problem = phrase("{what} must be a pair: the image and its label.", what=what)
        fail(problem, cause="is a `return image, label` missing?")
    if all(isinstance(part, torch.Tensor) for part in item) and item[0].ndim == 0 < item[1].ndim:
        problem = phrase("{what} must be a pair: the image first, then its label.", what=what)
        fail(problem, cause="image and label are swapped")
    return item


def check_image(image, pixels, what):
    """Compare an item's image with the pixels it is made from."""
    values = torch.from_numpy(pixels).float() / 255
    expected = values.permute(2, 0, 1) if values.ndim == 3 else values[None]
    cause = "" if not isinstance(image, torch.Tensor) or image.dtype == torch.float32 else "convert to float32"
    assert_tensor(image, expected, what=what, mistakes=lambda: image_mistakes(pixels), cause=cause)


def image_mistakes(pixels):
    """Return an item's image after each typical mistake: cause → value."""
    values = torch.from_numpy(pixels).float()
    scaled = values / 255
    colour = values.ndim == 3
    right = scaled.permute(2, 0, 1) if colour else scaled[None]
    mistakes = {
        "the pixels still range from 0 to 255, not from 0 to 1": right * 255,
        "the pixels are divided by 256; 255 must become 1": right * 255 / 256,
        "the pixels are divided by the image's maximum; use one scale for all images": right / right.max(),
        "the image is stretched to its own range; use one scale for all images": (
            (right - right.min()) / (right.max() - right.min())
        ),
        "the pixels are scaled twice": right / 255,
        "the pixels range from −1 to 1": 2 * right - 1,
        "rows and columns are swapped": right.mT,
        "the division is in whole numbers, so nearly everything is 0": right.floor(),
    }
    if colour:
        shape = right.shape
        mistakes |= {
            "`reshape` or `view` mixes up pixels; `permute` moves axes": scaled.reshape(shape),
            "the channels are still last, as in the array; they come first": scaled,
            "the image has an axis too many: an item is not a batch": right[None],
            "the channels are in reverse order": right.flip(0),
        }
    else:
        mistakes["the channel axis is missing: a grey image has one channel, shape (1, H, W)"] = scaled
        mistakes["the channel axis comes last; it must come first"] = scaled[..., None]
    return mistakes
