# %% [markdown]
# # Preparing the data
#
# Most mistakes that make a medical classifier look better than it is are made before any network is trained: in how the
# images are split, scaled and loaded. In this exercise you write that part once and properly; each later exercise
# builds on such data.
#
# | question | what you write | points |
# |---|---|---|
# | `split_indices` | a random split into training, validation and test | 3 |
# | `stratified_split` | the same, with each class in proportion | 3 |
# | `split_by_patient` | the same, with no patient in two splits | 2 |
# | `normalisation_statistics` | mean and standard deviation of the training images | 2 |
# | `ImageDataset` | what PyTorch calls a dataset | 2 |
# | `make_loaders` | batches of its items | 1 |
# | `augmentation` | random changes that preserve the label | 1 |
#
# **The rules.** Everything random here has a **seed**: the same seed gives the same result, today and on another
# machine, so that you can compare two models on the same split. And no function changes the *global* random state of
# PyTorch, NumPy or Python: a function that calls `torch.manual_seed` silently decides what everybody else's random
# numbers will be. `torch.Generator` is your own source of random numbers.

# %%
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision.transforms import v2

# %% [markdown]
# ## 1. The images
#
# We use the *phantom*: chest-like images that a program draws, half of them with soft shadows somewhere in the lungs.
# **It is synthetic, not medical data.** It needs no download, and behaves like real data in everything this exercise is
# about. Label 1 means that there is a shadow in the lungs (think of pneumonia), 0 that there is none; bright spots
# outside the lungs mean nothing.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
#
# from autograder.datasets import load_dataset
#
# # Colours that colour-blind readers can tell apart.
# BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#999999"
# SPLITS = {"train": BLUE, "val": ORANGE, "test": GREEN}
#
# DATASET = "phantom"  # or "pneumoniamnist": real chest X-rays, which are downloaded the first time
# data = load_dataset(DATASET, "train")
# print(f"{len(data.images)} images of {data.images.shape[1]}×{data.images.shape[2]} pixels, {data.images.dtype}, ")
# print(f"pixels from {data.images.min()} to {data.images.max()}, {data.labels.mean():.0%} with label 1")
#
#
# def show_images(axes, image, title=""):
#     """Show one image with pixels from 0 to 1."""
#     axes.imshow(image, cmap="gray", vmin=0, vmax=1)
#     axes.set(xticks=[], yticks=[])
#     axes.set_title(title, fontsize=10)
#
#
# figure, panels = plt.subplots(2, 6, figsize=(8.5, 3.2), layout="constrained")
# for row, (label, name) in enumerate([(0, "label 0"), (1, "label 1")]):
#     for axes, number in zip(panels[row], np.flatnonzero(data.labels == label)):
#         show_images(axes, data.images[number] / 255)
#         if label and data.masks is not None:
#             axes.contour(data.masks[number], levels=[0.5], colors=ORANGE, linewidths=1.2)
#     panels[row, 0].set_ylabel(name)
# figure.suptitle("Some of the images; the shadows are outlined")
# plt.show()

# %% [markdown]
# ## 2. Why three sets
#
# A network can memorise its training images. What we want to know is how well it does on images that it has **not**
# seen, so some are set aside:
#
# | set | what it is for | how often you look |
# |---|---|---|
# | **training** | to learn the weights | in every step |
# | **validation** | to choose: learning rate, architecture, when to stop | after every epoch |
# | **test** | to measure how good the chosen model is | once, at the end |
#
# Why is validation not enough? Because you *choose* with it. Of a hundred models that guess, the best one looks good on
# the validation set, by chance. The test set was not used to choose, so it still tells the truth.
#
# The split must be **random**: files often come sorted by class, hospital or year. It must be **complete** and
# **disjoint**: each sample in exactly one set. And the sizes must be right: with $n$ samples and the fractions
# $f_1, f_2, f_3$,
#
# $$ \bigl|\, n_k - f_k \, n \,\bigr| \;\le\; 1 \qquad \text{for } k = 1, 2, 3. $$
#
# That sounds easier than it is. If you round two sizes down, the third gets everything left over: with $n = 9$ and
# $0.6, 0.2, 0.2$ that would be 5, 1 and 3, and 3 is more than one away from 1.8.
#
# <details><summary><b>Think about it:</b> is <code>0.7 + 0.2 + 0.1 == 1</code>?</summary>
#
# Not for a computer: these fractions have no exact binary form, and their sum is 0.9999999999999999. Compare floats
# with a tolerance.
# </details>
#
# ### Question 1: `split_indices`


# %% question="split_indices"
def split_indices(
    n_samples: int, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the indices of the training, validation and test samples.

    Parameters
    ----------
    n_samples
        Number of samples; their indices are 0, 1, …, ``n_samples - 1``.
    fractions
        Three shares, none negative, that sum to 1 up to rounding.
    seed
        The same seed gives the same split, another seed another one. The global random state does not change.

    Returns
    -------
    tuple of Tensor
        Three int64 tensors of one dimension, each in random order. Every index is in exactly one of them, and
        the size of each is at most 1 away from its fraction of ``n_samples``.

    Raises
    ------
    ValueError
        If the fractions do not sum to 1.
    """
    ### BEGIN SOLUTION
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"the fractions {tuple(fractions)} sum to {sum(fractions):g}, not to 1")
    order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
    # Rounding the two borders instead of the three sizes leaves no remainder that piles up in one split.
    first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
    return order[:first], order[first:second], order[second:]
    ### END SOLUTION


# %% [markdown]
# ## 3. Classes in proportion
#
# With few samples, or a rare disease, a random split may give one set more than its share of the sick. The accuracy on
# such a set cannot be compared with that on the others: guessing "healthy" is correct more often where fewer are sick.
# A **stratified** split splits each class separately. For each class $c$ with $n_c$ samples,
#
# $$ \bigl|\, n_{k,c} - f_k \, n_c \,\bigr| \;\le\; 1. $$
#
# A class may be tiny: three samples of a rare disease cannot be divided 60 : 20 : 20, but each set gets within one of
# its share. At the end, the classes must be mixed again: a set that lists all the healthy first and then the sick is
# not shuffled.
#
# ### Question 2: `stratified_split`


# %% question="stratified_split"
def stratified_split(
    labels: Tensor, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the indices of the training, validation and test samples, with every class in proportion.

    Parameters
    ----------
    labels
        Shape ``(N,)``, int or float: the class of each sample. Any number of classes, with any numbers, of any size;
        must not be modified.
    fractions
        Three shares, none negative, that sum to 1 up to rounding.
    seed
        The same seed gives the same split, another seed another one. The global random state does not change.

    Returns
    -------
    tuple of Tensor
        Three int64 tensors of one dimension, each in random order, with the classes mixed. Every index is in exactly
        one of them, and the number of samples of a class in each is at most 1 away from its fraction of that class.

    Raises
    ------
    ValueError
        If the fractions do not sum to 1.
    """
    ### BEGIN SOLUTION
    parts: tuple[list[Tensor], ...] = ([], [], [])
    for number, label in enumerate(labels.unique()):
        members = (labels == label).nonzero().flatten()
        for part, places in zip(parts, split_indices(len(members), fractions, seed + number), strict=True):
            part.append(members[places])
    generator = torch.Generator().manual_seed(seed)
    train, val, test = (torch.cat(part)[torch.randperm(sum(map(len, part)), generator=generator)] for part in parts)
    return train, val, test
    ### END SOLUTION


# %% [markdown]
# Forty images, one in four of which is sick, split with five seeds. The dashed line is the share in all forty.

# %% tags=["active-ipynb"]
# few_labels = torch.cat([torch.zeros(30), torch.ones(10)])
# try:
#     ways = {
#         "split_indices": [split_indices(40, seed=seed) for seed in range(5)],
#         "stratified_split": [stratified_split(few_labels, seed=seed) for seed in range(5)],
#     }
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(1, 2, figsize=(8.5, 3), sharey=True, layout="constrained")
#     for axes, (name, splits) in zip(panels, ways.items()):
#         for place, (split, colour) in enumerate(SPLITS.items()):
#             shares = [100 * few_labels[indices[place]].mean() for indices in splits]
#             bars = axes.bar(np.arange(5) + 0.27 * (place - 1), shares, width=0.25, color=colour, label=split)
#             axes.bar_label(bars, fmt="%.0f", fontsize=7.5, padding=1)
#         axes.axhline(25, color="black", linestyle="--", linewidth=1)
#         axes.set(title=name, xlabel="seed", xticks=range(5))
#     panels[0].set(ylabel="sick (%)", ylim=(0, 80))
#     panels[1].legend(ncols=3, loc="upper right")
#     plt.show()

# %% [markdown]
# ## 4. One patient, one set
#
# Most patients have more than one image. Two images of a patient share much that has nothing to do with the disease:
# the shape of the chest, a pacemaker, the exposure. If one is in training and the other in test, a network that merely
# *recognises the patient* gets the answer right. That is a **leak**. The result looks splendid, and is worthless for
# the next patient.
#
# So split the **patients**, each with all of their images. The number of *images* per set may then be off; the
# fractions hold for the number of patients $m$:
#
# $$ \bigl|\, m_k - f_k \, m \,\bigr| \;\le\; 1. $$
#
# ### Question 3: `split_by_patient`


# %% question="split_by_patient"
def split_by_patient(
    patient_ids: Tensor, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the indices of the training, validation and test samples, with no patient in two of them.

    Parameters
    ----------
    patient_ids
        Shape ``(N,)``, int: the patient of each sample. Ids may be any numbers, in any order; must not be modified.
    fractions
        Three shares of the patients, not of the samples, none negative, that sum to 1 up to rounding.
    seed
        The same seed gives the same split, another seed another one. The global random state does not change.

    Returns
    -------
    tuple of Tensor
        Three int64 tensors of one dimension. Every index is in exactly one of them, and the number of patients in each
        is at most 1 away from its fraction of all patients. Patients are assigned at random; the order of the samples
        in each tensor does not matter.

    Raises
    ------
    ValueError
        If the fractions do not sum to 1.
    """
    ### BEGIN SOLUTION
    patients, patient_of = patient_ids.unique(return_inverse=True)
    train, val, test = (
        torch.isin(patient_of, chosen).nonzero().flatten() for chosen in split_indices(len(patients), fractions, seed)
    )
    return train, val, test
    ### END SOLUTION


# %% [markdown]
# Here are twenty patients with one to six images each: one column per patient, one square per image. On the left the
# images were split, on the right the patients.

# %% tags=["active-ipynb"]
# patient_ids = torch.repeat_interleave(torch.arange(20), torch.tensor([3, 1, 6, 2, 4] * 4))
# height_in_column = torch.cat([torch.arange(int(count)) for count in patient_ids.bincount()])
# try:
#     ways = {
#         "images split": split_indices(len(patient_ids), seed=1),
#         "patients split": split_by_patient(patient_ids, seed=1),
#     }
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(1, 2, figsize=(8.5, 2.9), sharey=True, layout="constrained")
#     for axes, (name, splits) in zip(panels, ways.items()):
#         for (split, colour), indices in zip(SPLITS.items(), splits):
#             place = (patient_ids[indices], height_in_column[indices])
#             axes.scatter(*place, s=90, marker="s", color=colour, edgecolor="white", label=split)
#         sets_of = [sum(bool((patient_ids[indices] == patient).any()) for indices in splits) for patient in range(20)]
#         torn = sum(count > 1 for count in sets_of)
#         axes.set(title=f"{name}: {torn} patients in more than one set", xlabel="patient", xticks=range(0, 20, 5))
#         axes.set(ylim=(-0.8, 7.2), yticks=range(0, 6), yticklabels=range(1, 7))
#     panels[0].set_ylabel("image")
#     panels[0].legend(ncols=3, loc="upper center")
#     plt.show()

# %% [markdown]
# What a leak does to a result: 200 patients with five images each, which differ only in noise. The "model" finds the
# **most similar training image** and returns its label. It knows nothing about shadows.

# %% tags=["active-ipynb"]
# noise = np.random.default_rng(0)
# patient_ids = torch.arange(200).repeat_interleave(5)
# similar = data.images[patient_ids] + noise.normal(0, 10, (1000, *data.images.shape[1:]))
# similar = torch.from_numpy(similar).float().flatten(start_dim=1)
# their_labels = torch.from_numpy(data.labels)[patient_ids]
#
#
# def nearest_neighbour_accuracy(train, test):
#     """Return the share of test images whose most similar training image has the right label."""
#     nearest = torch.cdist(similar[test], similar[train]).argmin(dim=1)
#     return (their_labels[train][nearest] == their_labels[test]).float().mean().item()
#
#
# try:
#     ways = {
#         "images split": [split_indices(1000, seed=seed) for seed in range(10)],
#         "patients split": [split_by_patient(patient_ids, seed=seed) for seed in range(10)],
#     }
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
#     for row, (name, splits) in enumerate(ways.items()):
#         found = [100 * nearest_neighbour_accuracy(train, test) for train, _, test in splits]
#         axes.plot(found, [row] * 10, "o", color=[PINK, GREEN][row], alpha=0.6, markersize=9)
#         mean = sum(found) / len(found)
#         axes.text(mean, row + 0.22, f"mean {mean:.0f} %", ha="center")
#     axes.axvline(50, color=GREY, linestyle="--")
#     axes.text(50.6, 0.5, "guessing", color="#666666", va="center")
#     axes.set(yticks=[0, 1], yticklabels=ways, ylim=(-0.5, 1.6), xlim=(40, 106), xlabel="test accuracy (%), ten seeds")
#     axes.set_title("The same model, the same images")
#     plt.show()

# %% [markdown]
# ## 5. Normalisation with the training images
#
# Networks learn fastest from inputs around 0, so for each pixel $x$ of channel $c$ we subtract a mean and divide by a
# standard deviation:
#
# $$ x' = \frac{x - \mu_c}{\sigma_c} $$
#
# There is **one** mean and one deviation per channel, over all pixels of all images together. Not one per image: the
# brightness of an image may be information. And the deviation is that of all pixels, not the mean of the images'
# deviations, which misses how the images differ from each other.
#
# Both come from the **training images only**, and are then used for all three sets. With statistics of all images, the
# test images would influence what the network sees: a small leak, but a leak. Dividing the sum of squares by $n$ or
# $n - 1$ makes no difference here: there are thousands of pixels.
#
# ### Question 4: `normalisation_statistics`


# %% question="normalisation_statistics"
def normalisation_statistics(images: Tensor, train_indices: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the standard deviation of the training images, channel by channel.

    Parameters
    ----------
    images
        Shape ``(N, C, H, W)``, float: all images, including validation and test; must not be modified.
    train_indices
        Shape ``(M,)``, int64: indices of the training images, in any order.

    Returns
    -------
    tuple of Tensor
        Mean and standard deviation over all pixels of the training images, each of shape ``(C,)`` and of the
        dtype of the images.
    """
    ### BEGIN SOLUTION
    pixels = images[train_indices].transpose(0, 1).flatten(start_dim=1)  # (C, M·H·W)
    return pixels.mean(dim=1), pixels.std(dim=1)
    ### END SOLUTION


# %% tags=["active-ipynb"]
# all_images = torch.from_numpy(data.images / np.float32(255)).unsqueeze(1)
# try:
#     train_indices, _, test_indices = split_indices(len(all_images))
#     mean, deviation = normalisation_statistics(all_images, train_indices)
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(1, 2, figsize=(8.5, 2.8), layout="constrained")
#     normalised = (all_images - mean[:, None, None]) / deviation[:, None, None]
#     for axes, images, name in zip(panels, [all_images, normalised], ["before", "after normalisation"]):
#         bins = np.linspace(float(images.min()), float(images.max()), 52)
#         for split, indices in [("train", train_indices), ("test", test_indices)]:
#             style = {"color": SPLITS[split], "histtype": "step", "linewidth": 1.8, "label": split}
#             axes.hist(images[indices].flatten().numpy(), bins=bins, density=True, **style)
#         axes.set(title=name, xlabel="pixel value", ylabel="density")
#     panels[0].legend()
#     print(f"mean {mean.item():.3f}, standard deviation {deviation.item():.3f}")
#     plt.show()

# %% [markdown]
# ## 6. A dataset
#
# A PyTorch **dataset** answers two questions: how many samples there are (`__len__`), and what sample number $i$ is
# (`__getitem__`). The images are stored as small `uint8` numbers; each becomes a `float32` tensor only when it is read:
#
# | | as stored | as an item |
# |---|---|---|
# | grey image | `uint8`, $(H, W)$, 0…255 | `float32`, $(1, H, W)$, 0…1 |
# | colour image | `uint8`, $(H, W, C)$, 0…255 | `float32`, $(C, H, W)$, 0…1 |
# | label | a number | `float32`, shape $()$ |
#
# The channels move to the front, where PyTorch expects them. The scale is the same for all images, so a dark one stays
# dark.
#
# A **transform** is a function that changes an image tensor, often at random. It belongs in `__getitem__`: then the
# network sees a different version of an image in each epoch. Applied once, when the dataset is created, it would give
# the same version forever.
#
# ### Question 5: `ImageDataset`


# %% question="ImageDataset"
class ImageDataset(Dataset):
    """Images with labels, for PyTorch's loaders.

    Parameters
    ----------
    images
        uint8 array of shape ``(N, H, W)``, or ``(N, H, W, C)`` in colour; must not be modified.
    labels
        ``N`` numbers, an array or a tensor.
    transform
        Called with an image tensor ``(C, H, W)`` whenever an item is read; its result is the item's image. None: the
        image is not changed.
    """

    def __init__(
        self, images: np.ndarray, labels: np.ndarray | Tensor, transform: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        ### BEGIN SOLUTION
        self.images, self.labels, self.transform = images, labels, transform
        ### END SOLUTION

    def __len__(self) -> int:
        """Return the number of samples."""
        ### BEGIN SOLUTION
        return len(self.images)
        ### END SOLUTION

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return an image, float32 ``(C, H, W)`` from 0 to 1, and its label, float32 of shape ``()``."""
        ### BEGIN SOLUTION
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)
        ### END SOLUTION


# %% [markdown]
# ## 7. Batches
#
# A **loader** (`torch.utils.data.DataLoader`) stacks items into batches. One pass over all of its samples is an
# **epoch**.
#
# - Only the **training** loader shuffles, again in each epoch: otherwise a network sees the same batches every time.
#   With a seed, the whole sequence of epochs is reproducible.
# - Validation and test keep the order of their indices: metrics do not depend on it, and predictions can be matched to
#   samples.
# - **No sample is lost.** The last batch may be smaller; if dropped, it would be missing from the metrics.
#
# ### Question 6: `make_loaders`


# %% question="make_loaders"
def make_loaders(
    dataset: Dataset, splits: Sequence[Tensor], batch_size: int = 64, seed: int = 0
) -> dict[str, DataLoader]:
    """Return loaders for training, validation and test, which yield the dataset's items unchanged.

    Parameters
    ----------
    dataset
        All samples; items are pairs of tensors, image and label.
    splits
        The int64 indices of the training, validation and test samples, as the functions above return them.
    batch_size
        Samples per batch; the last batch may be smaller, and no sample is dropped.
    seed
        Seed of the shuffling: the same seed gives the same sequence of epochs. Creating the loaders does not change the
        global random state.

    Returns
    -------
    dict
        A ``DataLoader`` for each of ``"train"``, ``"val"`` and ``"test"``. The training loader shuffles again in each
        epoch; the others keep the order of the indices.
    """
    ### BEGIN SOLUTION
    return {
        name: DataLoader(
            Subset(dataset, indices.tolist()),
            batch_size=batch_size,
            shuffle=name == "train",
            # One each: with a shared one, the order of an epoch would depend on what was read before.
            generator=torch.Generator().manual_seed(seed),
        )
        for name, indices in zip(("train", "val", "test"), splits, strict=True)
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# try:
#     splits = stratified_split(torch.from_numpy(data.labels))
#     loaders = make_loaders(ImageDataset(data.images, data.labels), splits)
#     for name, loader in loaders.items():
#         sizes, shares = zip(*[(len(labels), labels.sum().item()) for _, labels in loader])
#         print(f"{name:5} {len(sizes):2} batches, {sum(sizes):4} samples, {sum(shares) / sum(sizes):.1%} with label 1")
#     first_images, first_labels = next(iter(loaders["train"]))
#     print(f"a batch: images {tuple(first_images.shape)} {first_images.dtype}, labels {tuple(first_labels.shape)}")
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")

# %% [markdown]
# ## 8. Augmentation
#
# An X-ray that is rotated by a few degrees, shifted by a few pixels or a little brighter shows the same chest and has
# the same label. Such copies cost nothing, and keep a network from memorising the training images. The changes must be
# **label-preserving**: changes that could have happened when the image was taken. Rotate a chest by a few degrees, but
# do not replace it by noise, invert it, or crop the finding away.
#
# Augmentation is for **training only**. Validation and test images are not changed, because we want to know how the
# model does on real ones. So create two datasets of the same images: one with the transform, whose `"train"` loader you
# use, and one without for `"val"` and `"test"`.
#
# `torchvision.transforms.v2` has many transforms. They draw from PyTorch's *global* generator, which yours must not
# change: `torch.random.fork_rng(devices=[])` is a `with` block that restores the global state at its end. Mind the
# range: no pixel may exceed 1.
#
# ### Question 7: `augmentation`


# %% question="augmentation"
def augmentation(seed: int | None = None) -> Callable[[Tensor], Tensor]:
    """Return a function that changes an image slightly at random, so that its label stays correct.

    Parameters
    ----------
    seed
        Two functions with the same seed make the same sequence of changes, whatever else is drawn at random in between;
        neither creating nor calling them changes the global random state. None: each function is different.

    Returns
    -------
    callable
        Takes an image, float32 ``(C, H, W)`` from 0 to 1 with 1 or 3 channels, which it must not modify. Returns one of
        the same shape, dtype and range, changed differently in each call.
    """
    ### BEGIN SOLUTION
    change = v2.Compose(
        [
            v2.RandomAffine(
                degrees=8, translate=(0.07, 0.07), scale=(0.93, 1.07), interpolation=v2.InterpolationMode.BILINEAR
            ),
            v2.ColorJitter(brightness=0.15, contrast=0.15),
        ]
    )
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)

    def augment(image: Tensor) -> Tensor:
        with torch.random.fork_rng(devices=()):
            torch.set_rng_state(generator.get_state())
            changed = change(image)
            generator.set_state(torch.get_rng_state())
        return changed.clamp(0, 1)

    return augment
    ### END SOLUTION


# %% tags=["active-ipynb"]
# try:
#     augment = augmentation(seed=0)
#     augmented = ImageDataset(data.images, data.labels, transform=augment)
#     plain = ImageDataset(data.images, data.labels)
#     rows = [[plain[number][0][0]] + [augmented[number][0][0] for _ in range(7)] for number in (0, 1, 2)]
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(3, 8, figsize=(8.5, 3.6), layout="constrained")
#     for row, images in enumerate(rows):
#         for column, image in enumerate(images):
#             titles = ["original", *[f"draw {draw}" for draw in range(1, 8)]]
#             show_images(panels[row, column], image, titles[column] if row == 0 else "")
#     figure.suptitle("The same images, augmented again on each access")
#     plt.show()

# %% [markdown]
# <details><summary><b>Think about it:</b> is a mirrored chest X-ray still label-preserving?</summary>
#
# For the question "pneumonia or not", nearly: pneumonia may be on either side. But the heart is on the left, so
# mirrored images show chests that hardly exist, and for a question such as "is the heart on the right side?" mirroring
# flips the label. Which changes preserve the label depends on the question.
# </details>
#
# Now the data are ready: split without leaks, scaled with the training images, loaded in batches. In the next exercise
# a network learns from such batches.
