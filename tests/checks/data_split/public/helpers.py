"""TODO helpers"""

from functools import cache, partial
from itertools import pairwise

import numpy as np
import torch

from autograder.checking import assert_raises, assert_tensor, fail, send_function
from autograder.datasets import phantoms

NAMES = ("training", "validation", "test")


KEYS = ("train", "val", "test")


DEFAULT = (0.6, 0.2, 0.2)


def draw_elsewhere(seed):
    """Use the global sources of random numbers as other code does meanwhile; runs on the student's side."""
    import random

    torch.default_generator.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


# --- Splits ------------------------------------------------------------------------------------------------------


def require_indices(indices, what):
    """Fail unless this is a tensor of one dimension that can hold indices."""
    if not isinstance(indices, torch.Tensor):
        fail(f"{what} must be a tensor of indices.", details=f"Got {type(indices).__name__}.")
    if indices.ndim != 1:
        fail(f"{what} must have one dimension.", details=f"Got the shape {tuple(indices.shape)}.")
    if indices.numel() and indices.dtype != torch.int64:
        cause = "a mask, or numbers that are no indices: PyTorch's indices are int64"
        fail(f"{what} must be of dtype int64.", details=f"Got {indices.dtype}.", cause=cause)


def as_lists(splits, n, what):
    """Return three lists of indices, once it is known that they hold each of 0, …, n − 1 exactly once."""
    if splits is None:
        fail(f"{what} returned None.", cause="is a `return` missing?")
    if not isinstance(splits, tuple | list) or len(splits) != 3:
        fail(f"{what} must return three tensors: the indices of the training, validation and test samples.")
    for name, indices in zip(NAMES, splits, strict=True):
        require_indices(indices, f"the {name} split of {what}")
    found = sorted(index for indices in splits for index in indices.tolist())
    if found and not 0 <= found[0] <= found[-1] < n:
        fail(
            f"{what} returns numbers that are no index of a sample.",
            details=f"The indices are 0 to {n - 1}; got numbers from {found[0]} to {found[-1]}.",
            cause="indices count from 0, and ids of patients are no indices of samples",
        )
    if len(set(found)) < len(found):
        twice = next(index for index, following in pairwise(found) if index == following)
        fail(
            f"{what} returns samples more than once.",
            details=f"Sample {twice} is one of them.",
            cause="the splits overlap, which is a leak; or places in one class are taken for indices of all samples",
        )
    if len(found) < n:
        fail(
            f"{what} loses samples.",
            details=f"{n - len(found)} of {n} are in none of the splits, sample {min(set(range(n)) - set(found))} "
            "for one.",
            cause="sizes that are all rounded down leave some samples over"
            if n - len(found) < 10
            else "some samples, classes or patients are never asked for",
        )
    return [indices.tolist() for indices in splits]


def require_shares(counts, fractions, what, unit, otherwise=""):
    """Fail unless the count of each split is within one of its fraction; ``otherwise`` is the cause of a far one."""
    for name, count, fraction in zip(NAMES, counts, fractions, strict=True):
        if abs(count - fraction * sum(counts)) > 1 + 1e-6:
            fail(
                f"{what}: the number of {unit} in the {name} split is more than one away from its share.",
                details=f"The share is {fraction:g} · {sum(counts)} = {fraction * sum(counts):g}, got {count}.",
                cause="rounding: what is left over from two sizes that are both rounded down (or up) is too much (or "
                "too little) for the third"
                if abs(count - fraction * sum(counts)) < 2
                else otherwise,
            )


def require_random_order(lists, what):
    """Fail where the indices of a split come in the order of the samples."""
    for name, indices in zip(NAMES, lists, strict=True):
        steps = [after - before for before, after in pairwise(indices)]
        rising = sum(step > 0 for step in steps) / len(steps)
        if not 0.1 < rising < 0.9:  # about half of the steps, in random order
            fail(
                f"The {name} split of {what} comes in the order of the samples, or nearly: it is not shuffled.",
                details=f"It starts {', '.join(map(str, indices[:8]))}, …",
                cause="the samples are not shuffled, or sorted again afterwards",
            )


def require_random_choice(split, what, unit="sample"):
    """Fail unless each sample (or patient) is in the test split for one seed or another."""
    chosen = [set(split(seed)[2]) for seed in range(60)]
    everything = set().union(*(part for seed in (0, 1) for part in map(set, split(seed))))
    missing = everything - set().union(*chosen)
    if missing:
        fail(
            f"Whatever the seed, {what} never puts some {unit}s into the test split.",
            details=f"{unit.capitalize()} {min(missing)} is one of them.",
            cause=f"the {unit}s are divided in their order and shuffled only afterwards",
        )


def require_seeded(submission, split, what):
    """Fail unless the same seed gives the same split, whatever else is random, and other seeds give others."""
    elsewhere = send_function(submission, draw_elsewhere)
    elsewhere(11)
    first = split(0)
    elsewhere(12)
    if split(0) != first:
        fail(
            f"{what} with the same seed gives different splits.",
            cause="random numbers that do not come from a generator with this seed",
        )
    others = [split(seed) for seed in (1, 2, 3)]
    if any(other == first for other in others) or others[0] == others[1]:
        fail(f"{what} with different seeds gives the same split.", cause="the seed is not used")


def require_refusal(function, first, what):
    """Fail unless fractions that do not sum to 1 raise ValueError."""
    for fractions in ((0.6, 0.2, 0.1), (0.5, 0.3, 0.3)):
        assert_raises(
            ValueError,
            function,
            first,
            fractions,
            what=f"{what} with fractions that sum to {sum(fractions):.1f}",
            cause="the sum of the fractions is not compared with 1",
        )


# --- stratified_split --------------------------------------------------------------------------------------------


def quarter_sick(n):
    """Return n labels in random order, of which one in four is 1."""
    labels = (torch.arange(n) % 4 == 0).float()
    return labels[torch.randperm(n)]


# --- split_by_patient --------------------------------------------------------------------------------------------


OF_PATIENTS = "the fractions are those of the patients, not of images, and not of the largest id"


def patients_with(counts, first=0, step=1):
    """Return the ids, in random order, of patients who have that many images each."""
    ids = first + step * torch.arange(len(counts))
    return torch.repeat_interleave(ids, torch.tensor(counts))[torch.randperm(sum(counts))]


def patients_of(lists, ids, what):
    """Return the patients of each split as a set, once it is known that no patient is in two of them."""
    patients = [set(ids[part].tolist()) for part in lists]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        both = patients[one] & patients[other]
        if both:
            fail(
                f"{what} puts images of the same patient into the {NAMES[one]} and the {NAMES[other]} split.",
                details=f"The patient with id {min(both)}, for instance.",
                cause="the samples are split; it is the patients who are to be split, with all of their samples",
            )
    return patients


# --- normalisation_statistics ------------------------------------------------------------------------------------


def statistics(images):
    """Return mean and deviation over all pixels of some images, channel by channel."""
    return images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3), correction=0)


def statistics_mistakes(images, indices, place):
    """Return the mean (place 0) or the deviation (place 1) after each typical mistake: cause → value."""
    chosen = images[indices]
    reduce = (torch.mean, torch.std)[place]
    mistakes = {
        "they are taken from all images; validation and test images must have no say": statistics(images)[place],
        "the first images are used, as many as are for training; `train_indices` says which": (
            statistics(images[: len(indices)])[place]
        ),
        "one value is worked out for all channels together; each channel has its own": (
            reduce(chosen).expand(chosen.shape[1])
        ),
        "there is one value for everything; each channel has its own": reduce(chosen),
        "each image is taken by itself; a channel has one value over all images": reduce(chosen, dim=(2, 3)),
        "each pixel is taken by itself; a channel has one value over all pixels": reduce(chosen, dim=0),
        "axes of length 1 are left over: the shape is (C,)": reduce(chosen, dim=(0, 2, 3), keepdim=True),
        "mean and standard deviation are swapped: the mean comes first": statistics(chosen)[1 - place],
        "pixels of different channels are mixed: `reshape` does not move axes, `transpose` does": (
            reduce(chosen.reshape(chosen.shape[1], -1), dim=1)
        ),
    }
    if place == 1:
        mistakes |= {
            "this is the variance; the standard deviation is its square root": statistics(chosen)[1].square(),
            "this is the mean of the images' deviations; how images differ from each other is missing": (
                chosen.std(dim=(2, 3)).mean(dim=0)
            ),
            "this is the deviation of the images' means; how pixels of an image differ is missing": (
                chosen.mean(dim=(2, 3)).std(dim=0)
            ),
        }
    return mistakes


def compare_statistics(found, images, indices):
    """Compare what an answer returned with the statistics of the training images."""
    what = "normalisation_statistics(images, train_indices)"
    if not isinstance(found, tuple | list) or len(found) != 2:
        fail(f"{what} must return two tensors, the mean and the standard deviation.")
    for place, name in enumerate(("mean", "standard deviation")):
        assert_tensor(
            found[place],
            statistics(images[indices])[place],
            what=f"the {name} of {what}",
            rtol=2e-3,  # wide enough for a sum that is divided by n - 1, as well as by n
            mistakes=partial(statistics_mistakes, images, indices, place),
        )


def check_statistics(submission, images, indices):
    """Ask an answer for statistics, and compare them."""
    compare_statistics(submission.normalisation_statistics(images, indices), images, indices)


# --- ImageDataset ------------------------------------------------------------------------------------------------


def is_dataset(value):
    """Whether PyTorch takes a value for a dataset; runs on the student's side."""
    return isinstance(value, torch.utils.data.Dataset)


def counting_transform():
    """Return a transform that adds the number of its calls, and notes what it got; runs on the student's side."""
    seen = []

    def transform(image):
        seen.append(image.clone() if torch.is_tensor(image) else None)
        return image + len(seen)

    transform.seen = seen
    return transform


def random_pixels(*shape):
    """Return random uint8 pixels as an array."""
    return torch.randint(0, 256, shape, dtype=torch.uint8).numpy()


def new_dataset(submission, *arguments, **keywords):
    """Make an ImageDataset, and fail unless it is one for PyTorch."""
    dataset = submission.ImageDataset(*arguments, **keywords)
    if send_function(submission, is_dataset)(dataset) is not True:
        fail("ImageDataset(…) does not make a `torch.utils.data.Dataset`.", cause="it must inherit from `Dataset`")
    return dataset


def item_of(dataset, index, what="dataset[i]"):
    """Return image and label of an item, once it is known to be a pair."""
    item = dataset[index]
    if not isinstance(item, tuple | list) or len(item) != 2:
        fail(f"{what} must be a pair: the image and its label.", cause="is a `return image, label` missing?")
    if all(isinstance(part, torch.Tensor) for part in item) and item[0].ndim == 0 < item[1].ndim:
        fail(f"{what} must be a pair: the image first, then its label.", cause="image and label are swapped")
    return item


def image_mistakes(pixels):
    """Return what an item's image is after each typical mistake: cause → value."""
    values = torch.from_numpy(pixels).float()
    scaled = values / 255
    colour = values.ndim == 3
    right = scaled.permute(2, 0, 1) if colour else scaled[None]
    mistakes = {
        "the pixels still go from 0 to 255; they are to go from 0 to 1": right * 255,
        "the pixels are divided by 256; the largest one, 255, becomes 1": right * 255 / 256,
        "the pixels are divided by the largest of this image; the scale is the same for all images": (
            right / right.max()
        ),
        "the image is stretched to its own darkest and brightest pixel; the scale is the same for all images": (
            (right - right.min()) / (right.max() - right.min())
        ),
        "the pixels are scaled twice": right / 255,
        "the pixels go from −1 to 1": 2 * right - 1,
        "rows and columns are swapped": right.mT,
        "divided as whole numbers, nearly everything is 0": right.floor(),
    }
    if colour:
        shape = right.shape
        mistakes |= {
            "the channels are moved by `reshape` or `view`, which mixes pixels up: `permute` moves axes": (
                scaled.reshape(shape)
            ),
            "the channels are still last, as in the array; they come first": scaled,
            "the image has an axis too many: an item is no batch": right[None],
            "the channels are in reverse order": right.flip(0),
        }
    else:
        mistakes["the axis of channels is missing: a grey image has one channel, shape (1, H, W)"] = scaled
        mistakes["the axis of channels comes last; it is the first one"] = scaled[..., None]
    return mistakes


def check_image(image, pixels, what):
    """Compare an item's image with the pixels that it comes from."""
    values = torch.from_numpy(pixels).float() / 255
    expected = values.permute(2, 0, 1) if values.ndim == 3 else values[None]
    cause = "" if not isinstance(image, torch.Tensor) or image.dtype == torch.float32 else "convert to float32"
    assert_tensor(image, expected, what=what, mistakes=lambda: image_mistakes(pixels), cause=cause)


# --- make_loaders ------------------------------------------------------------------------------------------------


def numbered_samples(n):
    """Return a dataset whose sample i has the label i and an image that shows i; runs on the student's side."""
    numbers = torch.arange(float(n))
    images = numbers[:, None, None, None] / n + torch.arange(4.0).reshape(1, 1, 2, 2)
    return torch.utils.data.TensorDataset(images, numbers)


def is_loader(value):
    """Whether a value is a loader of PyTorch's; runs on the student's side."""
    return isinstance(value, torch.utils.data.DataLoader)


def read_epoch(loader):
    """Return the batches of an epoch, no more than 500; runs on the student's side."""
    batches = []
    for batch in loader:
        batches.append(list(batch))
        if len(batches) == 500:
            break
    return batches


def require_loaders(submission, loaders, what):
    """Fail unless this is a dict of the three loaders."""
    if not isinstance(loaders, dict) or not {"train", "val", "test"} <= set(loaders):
        fail(
            f'{what} must return a dict with the keys "train", "val" and "test".',
            details=f"Got the keys {sorted(map(str, loaders))}." if isinstance(loaders, dict) else "",
        )
    check = send_function(submission, is_loader)
    for name in KEYS:
        if check(loaders[name]) is not True:
            fail(f'{what}["{name}"] is no `torch.utils.data.DataLoader`.')


def epoch_of(submission, loader, what):
    """Return the batches of one epoch of a loader: images and labels, known to be tensors."""
    batches = send_function(submission, read_epoch)(loader)
    for batch in batches:
        if len(batch) != 2 or not all(isinstance(part, torch.Tensor) and part.ndim for part in batch):
            fail(f"A batch of {what} must hold a tensor of images and one of labels.")
        if len(batch[0]) != len(batch[1]) or batch[1].ndim != 1:
            fail(f"A batch of {what} must hold as many labels as images.")
    return batches


def numbers_in(batches):
    """Return the numbers of the samples, in order."""
    return [int(number) for _, labels in batches for number in labels.tolist()]


def some_splits(*sizes):
    """Return splits of as many samples, in random order."""
    return torch.randperm(sum(sizes)).split(sizes)


def check_batches(submission, splits, batch_size, loaders, what):
    """Fail unless each loader hands out each sample of its split once, in full batches but for the last one."""
    require_loaders(submission, loaders, what)
    for name, indices in zip(KEYS, splits, strict=True):
        where = f'{what}["{name}"]'
        batches = epoch_of(submission, loaders[name], where)
        numbers, expected = numbers_in(batches), indices.tolist()
        full, rest = divmod(len(expected), batch_size)
        if len(numbers) == full * batch_size and rest and set(numbers) <= set(expected):
            fail(f"{where} loses samples.", cause="the last batch is dropped (`drop_last`) because it is smaller")
        if sorted(numbers) != sorted(expected):
            fail(
                f"{where} does not hand out each sample of its split once.",
                details=f"Of {len(expected)} samples it hands out {len(set(numbers) & set(expected))}, "
                f"and {len(numbers) - len(set(numbers) & set(expected))} that it should not, or twice.",
                cause="the loader is of the whole dataset, or of another split",
            )
        sizes = [len(labels) for _, labels in batches]
        if sizes != [batch_size] * full + [rest] * bool(rest):
            fail(
                f"{where} has batches of the wrong size.",
                details=f"The batch size is {batch_size}, got batches of {sizes}.",
                cause="`batch_size` is not handed on to the loader",
            )


# --- augmentation ------------------------------------------------------------------------------------------------


@cache
def chests():
    """Return six phantoms, float32 [6, H, W], each from 0 to 1."""
    images = torch.from_numpy(phantoms(6, seed=7).images).float()
    low, high = images.amin(dim=(1, 2), keepdim=True), images.amax(dim=(1, 2), keepdim=True)
    return (images - low) / (high - low)


def chest(n_channels=1, number=0):
    """Return a phantom as an image (C, H, W) that goes from 0 to 1."""
    return torch.stack([chests()[number] ** power for power in (1.0, 1.5, 0.7)[:n_channels]])


def augmented(augment, image, what):
    """Return one draw, once it is known to be an image of the same kind."""
    if not callable(augment):
        fail(f"{what} must return a function.", cause="is the inner function returned, without calling it?")
    changed = augment(image)
    # An infinite tolerance lets every value pass but NaN: only type, shape and dtype are compared here.
    cause = "crops are resized or padded, all channels stay, and pixels stay float32 numbers"
    assert_tensor(changed, image, what=f"{what}(image)", atol=float("inf"), cause=cause)
    low, high = float(changed.min()), float(changed.max())
    if low < 0 or high > 1:
        fail(
            f"{what}(image) leaves the range from 0 to 1.",
            details=f"The image goes from 0 to 1, the result from {low:.3g} to {high:.3g}.",
            cause="what is too dark or too bright after the change has to be clamped",
        )
    return changed
