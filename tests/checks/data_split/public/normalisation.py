"""Mean and deviation of each channel, and what typical mistakes give instead."""

from functools import partial

import torch

from autograder.checking import assert_tensor, fail, phrase


def statistics(images):
    """Return the mean and deviation over all pixels of some images, channel by channel."""
    return images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3), correction=0)


def statistics_mistakes(images, indices, place):
    """Return the mean (place 0) or the deviation (place 1) after each typical mistake: cause → value."""
    chosen = images[indices]
    reduce = (torch.mean, torch.std)[place]
    mistakes = {
        "validation and test images are used too": statistics(images)[place],
        "the first images are used; `train_indices` says which ones to use": statistics(images[: len(indices)])[place],
        "all channels get the same value; each channel has its own": reduce(chosen).expand(chosen.shape[1]),
        "there is a single value; each channel has its own": reduce(chosen),
        "there is one value per image; take one per channel over all images": reduce(chosen, dim=(2, 3)),
        "there is one value per pixel; take one per channel over all pixels": reduce(chosen, dim=0),
        "axes of length 1 are left over: the shape is (C,)": reduce(chosen, dim=(0, 2, 3), keepdim=True),
        "mean and standard deviation are swapped: the mean comes first": statistics(chosen)[1 - place],
        "`reshape` mixes up channels; `transpose` moves axes": reduce(chosen.reshape(chosen.shape[1], -1), dim=1),
    }
    if place == 1:
        mistakes |= {
            "this is the variance; the standard deviation is its square root": statistics(chosen)[1].square(),
            "this is the mean of the images' deviations, not the deviation of all pixels": (
                chosen.std(dim=(2, 3)).mean(dim=0)
            ),
            "this is the deviation of the images' means, not of all pixels": chosen.mean(dim=(2, 3)).std(dim=0),
        }
    return mistakes


def compare_statistics(found, images, indices):
    """Compare the result of an answer with the statistics of the training images."""
    if not isinstance(found, tuple | list) or len(found) != 2:
        fail(
            "normalisation_statistics(images, train_indices) must return two tensors, the mean and the standard "
            "deviation."
        )
    for place, name in enumerate(("mean", "standard deviation")):
        assert_tensor(
            found[place],
            statistics(images[indices])[place],
            what=phrase("the {name} of normalisation_statistics(images, train_indices)", name=name),
            rtol=2e-3,  # wide enough for both n and n - 1 in the denominator
            mistakes=partial(statistics_mistakes, images, indices, place),
        )


def check_statistics(submission, images, indices):
    """Call an answer's normalisation_statistics and compare the result."""
    compare_statistics(submission.normalisation_statistics(images, indices), images, indices)
