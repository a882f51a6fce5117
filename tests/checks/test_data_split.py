"""Checks of the exercise `data_split`: splits without leaks, statistics, datasets, loaders, augmentation."""

from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest
import torch

from autograder.checking import (
    assert_equal,
    assert_raises,
    assert_tensor,
    assert_true,
    fail,
    send_function,
    unchanged,
)
from autograder.datasets import phantoms

NAMES = ("training", "validation", "test")
KEYS = ("train", "val", "test")
DEFAULT = (0.6, 0.2, 0.2)


# --- Random numbers on the student's side ------------------------------------------------------------------------


def random_states():
    """Return a digest of each global random state; runs on the student's side."""
    import hashlib
    import random

    states = {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr([part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()]).encode(),
        "random": repr(random.getstate()).encode(),
    }
    return {name: hashlib.sha256(state).hexdigest() for name, state in states.items()}


def draw_elsewhere(seed):
    """Use the global sources of random numbers as other code does meanwhile; runs on the student's side."""
    import random

    torch.default_generator.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


@contextmanager
def global_randomness_kept(submission, what):
    """Check that the calls in the block neither seed nor use a global source of random numbers."""
    read = send_function(submission, random_states)
    before = read()
    yield
    after = read()
    for name, function in (("torch", "torch.manual_seed"), ("numpy", "np.random.seed"), ("random", "random.seed")):
        if before[name] != after[name]:
            fail(
                f"{what} changes the global random state of {name}.",
                cause=f"`{function}`, or random numbers drawn without a generator of your own, "
                "such as `torch.Generator`",
            )


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


# --- split_indices -----------------------------------------------------------------------------------------------


@pytest.mark.question("split_indices")
@pytest.mark.hints(
    "Shuffle all indices once, then cut the list in two places. Where are the cuts?",
    (
        "Rounding each size by itself can lose a sample: round the cumulative sums. A generator of your own "
        "leaves the global random state alone."
    ),
)
class TestSplitIndices:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_complete(self, submission):
        """Each sample is in exactly one of the three splits."""
        for n in (100, 9, 33):
            as_lists(submission.split_indices(n), n, f"split_indices({n})")

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_shares(self, submission):
        """Of 100 samples, 60 are for training, 20 for validation and 20 for test, or as the fractions say."""
        for fractions in (DEFAULT, (0.5, 0.25, 0.25), (0.1, 0.2, 0.7)):
            what = f"split_indices(100, {fractions})"
            lists = as_lists(submission.split_indices(100, fractions), 100, what)
            expected = [round(100 * fraction) for fraction in fractions]
            if any(abs(len(part) - size) > 1 for part, size in zip(lists, expected, strict=True)):
                fail(
                    f"{what} gives splits of the wrong sizes.",
                    details=f"Expected {expected}, got {list(map(len, lists))}.",
                    cause="the fractions are ignored"
                    if abs(len(lists[0]) - 60) <= 1
                    else "the fractions belong to training, validation and test, in this order",
                )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("complete")
    def test_shuffled(self, submission):
        """The samples are shuffled: any of them may be in any split, and each split is in random order."""
        require_random_order(as_lists(submission.split_indices(100), 100, "split_indices(100)"), "split_indices(100)")

        def split(seed):
            return as_lists(submission.split_indices(20, seed=seed), 20, "split_indices(20, seed=seed)")

        require_random_choice(split, "split_indices(20, seed=seed)")

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_seed(self, submission):
        """The same seed gives the same split, another seed another one."""

        def split(seed):
            return as_lists(submission.split_indices(50, seed=seed), 50, "split_indices(50, seed=seed)")

        require_seeded(submission, split, "split_indices(50, seed=seed)")

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_wrong_fractions(self, submission):
        """Fractions that do not sum to 1 raise ValueError."""
        require_refusal(submission.split_indices, 100, "split_indices")

    @pytest.mark.points(0.5)
    @pytest.mark.hint("Work out the sizes for nine samples with pencil and paper: each within one of its share?")
    def test_rounding(self, submission):
        """However many samples there are, all are placed, and each size is within one of its fraction."""
        what = "split_indices(n_samples, fractions)"
        for fractions in (DEFAULT, (0.5, 0.25, 0.25), (0.15, 0.7, 0.15), (0.9, 0.05, 0.05)):
            for n in (*range(1, 25), 99, 101, 998):
                lists = as_lists(submission.split_indices(n, fractions), n, what)
                require_shares([len(part) for part in lists], fractions, what, "samples")

    @pytest.mark.points(0.25)
    @pytest.mark.hint("What does Python say to 0.7 + 0.2 + 0.1 == 1?")
    def test_float_fractions(self, submission):
        """Fractions that sum to 1 but for rounding are accepted; those that are clearly off are not."""
        third = 1 / 3
        what = "split_indices(n_samples, fractions)"
        for fractions in ((0.7, 0.2, 0.1), (0.1, 0.7, 0.2), (third, third, third), (0.8, 0.1, 0.1)):
            try:
                splits = submission.split_indices(40, fractions)
            except ValueError:
                fail(
                    f"{what} refuses fractions that sum to 1.",
                    cause="sums of floats are rounded: compare them with a tolerance, not with `==` or `!=`",
                )
            require_shares([len(part) for part in as_lists(splits, 40, what)], fractions, what, "samples")
        for fractions in ((60, 20, 20), (0.6, 0.2, 0.25), (0.3, 0.3, 0.3), (0.6, 0.2, 0.18)):
            assert_raises(
                ValueError,
                submission.split_indices,
                40,
                fractions,
                what=f"{what} with other fractions that do not sum to 1",
                cause="the tolerance is too large, or only sums on one side of 1 are refused",
            )

    @pytest.mark.points(0.5)
    def test_global_state(self, submission):
        """The global random states of PyTorch, NumPy and Python stay as they are."""
        with global_randomness_kept(submission, "split_indices"):
            splits = submission.split_indices(30, seed=5)
        as_lists(splits, 30, "split_indices(n_samples)")


# --- stratified_split --------------------------------------------------------------------------------------------


def quarter_sick(n):
    """Return n labels in random order, of which one in four is 1."""
    labels = (torch.arange(n) % 4 == 0).float()
    return labels[torch.randperm(n)]


def require_class_shares(lists, labels, fractions, what):
    """Fail unless each class has its share in every split, within one sample."""
    for label in labels.unique():
        counts = [int((labels[part] == label).sum()) for part in lists]
        require_shares(counts, fractions, what, "samples of a class")


@pytest.mark.question("stratified_split")
@pytest.mark.hints(
    "It is `split_indices`, done for each class by itself; which indices belong to a class?",
    (
        "After joining the parts of all classes they stand class by class: shuffle once more. Different classes "
        "need different shuffles."
    ),
)
class TestStratifiedSplit:
    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_complete(self, submission):
        """Each sample is in exactly one of the three splits."""
        for n in (100, 41):
            as_lists(submission.stratified_split(quarter_sick(n)), n, f"stratified_split of {n} labels")

    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_balance(self, submission):
        """Where one in four of 100 samples is sick, 15, 5 and 5 of the 25 sick ones are in the three splits."""
        for fractions in (DEFAULT, (0.4, 0.2, 0.4)):
            labels = quarter_sick(100)
            what = f"stratified_split(labels, {fractions})"
            lists = as_lists(submission.stratified_split(labels, fractions), 100, what)
            for label in (1, 0):
                counts = [int((labels[part] == label).sum()) for part in lists]
                shares = [fraction * (25 if label else 75) for fraction in fractions]
                if any(abs(count - share) > 1 + 1e-6 for count, share in zip(counts, shares, strict=True)):
                    fail(
                        f"{what} does not deal out the samples with label {label} in proportion.",
                        details=f"Expected {', '.join(f'{share:g}' for share in shares)} (each within one) of them in "
                        f"training, validation and test; got {', '.join(map(str, counts))}.",
                        cause="the samples are split without regard to their class; split each class by itself",
                    )

    @pytest.mark.points(0.25)
    @pytest.mark.public
    @pytest.mark.after("complete")
    def test_shuffled(self, submission):
        """The samples of each class are chosen at random, and the classes are mixed in each split."""
        labels = quarter_sick(400)
        lists = as_lists(submission.stratified_split(labels), 400, "stratified_split(labels)")
        for name, part in zip(NAMES, lists, strict=True):
            changes = int((labels[part].diff() != 0).sum())
            if changes < 10:  # about 30 at random in the smaller ones
                fail(
                    f"The {name} split of stratified_split(labels) lists one class after the other.",
                    details=f"Of {len(part)} samples, the label changes {changes} times from one to the next.",
                    cause="the indices of the classes are joined, and not shuffled afterwards",
                )
        require_random_order(lists, "stratified_split(labels)")
        few = quarter_sick(20)

        def split(seed):
            return as_lists(submission.stratified_split(few, seed=seed), 20, "stratified_split(labels, seed=seed)")

        require_random_choice(split, "stratified_split(labels, seed=seed)")

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_seed(self, submission):
        """The same seed gives the same split, another seed another one."""
        labels = quarter_sick(48)

        def split(seed):
            return as_lists(submission.stratified_split(labels, seed=seed), 48, "stratified_split(labels, seed=seed)")

        require_seeded(submission, split, "stratified_split(labels, seed=seed)")

    @pytest.mark.points(0.5)
    @pytest.mark.hint("Go through a class of one, two and three samples by hand.")
    def test_small_classes(self, submission):
        """Classes of any size are dealt out within one sample of their share, also those of a few samples."""
        what = "stratified_split(labels, fractions)"
        for fractions in (DEFAULT, (0.5, 0.25, 0.25), (0.2, 0.2, 0.6)):
            for sizes in ((1, 9), (2, 14), (3, 4), (5, 6, 7), (1, 2, 3, 30), (8, 24), (13, 19), (40,)):
                labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
                labels = labels[torch.randperm(len(labels))]
                lists = as_lists(submission.stratified_split(labels, fractions), len(labels), what)
                require_class_shares(lists, labels, fractions, what)

    @pytest.mark.points(0.25)
    @pytest.mark.hint("What are the values of `labels.unique()`?")
    def test_other_labels(self, submission):
        """There may be more than two classes, numbered in any way, as int or as float, sorted or not."""
        what = "stratified_split(labels)"
        numbers = torch.tensor([2, 7, -1, 100])
        for labels in (
            numbers[torch.randint(4, (83,))],
            numbers[torch.randint(4, (60,))].sort().values,
            numbers[torch.randint(3, (51,))].double() / 2,
            torch.tensor([1.0, 2.0])[torch.randint(2, (37,))],
            torch.rand(31) < 0.4,
            torch.randint(3, (90,))[::2],
        ):
            lists = as_lists(submission.stratified_split(labels), len(labels), what)
            require_class_shares(lists, labels, DEFAULT, what)

    @pytest.mark.points(0.25)
    def test_fractions(self, submission):
        """Fractions that do not sum to 1 raise ValueError; those that do but for rounding are accepted."""
        labels = quarter_sick(40)
        require_refusal(submission.stratified_split, labels, "stratified_split")
        try:
            splits = submission.stratified_split(labels, (0.7, 0.2, 0.1))
        except ValueError:
            fail(
                "stratified_split refuses fractions that sum to 1.",
                cause="sums of floats are rounded: compare them with a tolerance, not with `==` or `!=`",
            )
        as_lists(splits, 40, "stratified_split(labels, fractions)")

    @pytest.mark.points(0.5)
    def test_purity(self, submission):
        """The labels and the global random states of PyTorch, NumPy and Python stay as they are."""
        labels = quarter_sick(40)
        with (
            unchanged(labels, what="stratified_split"),
            global_randomness_kept(submission, "stratified_split"),
        ):
            splits = submission.stratified_split(labels, seed=5)
        as_lists(splits, 40, "stratified_split(labels)")


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


@pytest.mark.question("split_by_patient")
@pytest.mark.hints(
    "What has to be split is not the samples. What do `torch.unique` and `torch.isin` give you?",
    "Split the patients, then collect the samples of each group of patients.",
)
class TestSplitByPatient:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_apart(self, submission):
        """All samples are placed, and no patient is in two splits."""
        ids = patients_with([3, 1, 6, 2, 4] * 4)
        lists = as_lists(submission.split_by_patient(ids), len(ids), "split_by_patient(patient_ids)")
        patients_of(lists, ids, "split_by_patient(patient_ids)")

    @pytest.mark.points(0.25)
    @pytest.mark.public
    @pytest.mark.after("apart")
    def test_shares(self, submission):
        """Of 20 patients, 12, 4 and 4 are in the three splits, each within one, or as the fractions say."""
        for fractions in (DEFAULT, (0.5, 0.25, 0.25), (0.1, 0.2, 0.7)):
            what = f"split_by_patient(patient_ids, {fractions})"
            ids = patients_with([3, 1, 6, 2, 4] * 4)
            lists = as_lists(submission.split_by_patient(ids, fractions), len(ids), what)
            counts = [len(patients) for patients in patients_of(lists, ids, what)]
            require_shares(counts, fractions, what, "patients", OF_PATIENTS)

    @pytest.mark.points(0.25)
    @pytest.mark.public
    @pytest.mark.after("apart")
    def test_seed(self, submission):
        """It is random who goes where: the same for the same seed, another split for another seed."""
        ids = patients_with([2, 3] * 10)
        what = "split_by_patient(patient_ids, seed=seed)"

        def split(seed):
            return as_lists(submission.split_by_patient(ids, seed=seed), len(ids), what)

        def by_patient(seed):
            return [
                sorted(set(few[part].tolist()))
                for part in as_lists(submission.split_by_patient(few, seed=seed), 20, what)
            ]

        require_seeded(submission, split, what)
        few = patients_with([1, 3] * 5)
        require_random_choice(by_patient, what, "patient")

    @pytest.mark.points(0.25)
    @pytest.mark.hint("Count the patients in each split, not the images.")
    def test_uneven(self, submission):
        """The number of patients a split is right for any number of them, also when one has most of the images."""
        what = "split_by_patient(patient_ids, fractions)"
        for counts in (
            [200] + [1] * 19,
            [1] * 10 + [30] * 10,
            [50, 1, 1],
            [5, 5],
            [7],
            [1] * 9,
            *([2] * n for n in (4, 9, 13)),
        ):
            for fractions in (DEFAULT, (0.25, 0.25, 0.5)):
                ids = patients_with(counts)
                lists = as_lists(submission.split_by_patient(ids, fractions), len(ids), what)
                patients = patients_of(lists, ids, what)
                require_shares([len(part) for part in patients], fractions, what, "patients", OF_PATIENTS)

    @pytest.mark.points(0.25)
    @pytest.mark.hint("An id is a name, not a place: what is the largest one, and how many different ones are there?")
    def test_ids(self, submission):
        """The ids may be any numbers, with gaps, in any order; images of a patient need not be next to each other."""
        what = "split_by_patient(patient_ids)"
        for ids in (
            patients_with([2, 1, 4] * 5, first=1000, step=17),
            patients_with([2, 3] * 8, first=-7, step=3),
            patients_with([1, 2] * 10, first=2**40, step=12_345),
            torch.arange(20).repeat(3),
            torch.arange(15, 0, -1).repeat_interleave(2),
            patients_with([4] * 12, step=5)[::2],
        ):
            lists = as_lists(submission.split_by_patient(ids), len(ids), what)
            patients = patients_of(lists, ids, what)
            require_shares([len(part) for part in patients], DEFAULT, what, "patients", OF_PATIENTS)

    @pytest.mark.points(0.25)
    def test_fractions(self, submission):
        """Fractions that do not sum to 1 raise ValueError; those that do but for rounding are accepted."""
        ids = patients_with([2] * 20)
        require_refusal(submission.split_by_patient, ids, "split_by_patient")
        try:
            splits = submission.split_by_patient(ids, (0.7, 0.2, 0.1))
        except ValueError:
            fail(
                "split_by_patient refuses fractions that sum to 1.",
                cause="sums of floats are rounded: compare them with a tolerance, not with `==` or `!=`",
            )
        as_lists(splits, 40, "split_by_patient(patient_ids, fractions)")

    @pytest.mark.points(0.25)
    def test_purity(self, submission):
        """The ids and the global random states of PyTorch, NumPy and Python stay as they are."""
        ids = patients_with([3, 1, 2] * 5, first=4, step=3)
        with unchanged(ids, what="split_by_patient"), global_randomness_kept(submission, "split_by_patient"):
            splits = submission.split_by_patient(ids, seed=5)
        as_lists(splits, len(ids), "split_by_patient(patient_ids)")


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


@pytest.mark.question("normalisation_statistics")
@pytest.mark.hints(
    "Which images may be looked at? And how many numbers are there at the end?",
    "The mean over samples, rows and columns leaves the channels: `dim=(0, 2, 3)`.",
)
class TestNormalisationStatistics:
    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_training_only(self, submission):
        """Only the training images have a say."""
        images = torch.rand(20, 1, 12, 12) * 0.3 + torch.linspace(0, 0.7, 20)[:, None, None, None]
        check_statistics(submission, images, torch.tensor([17, 3, 12, 9, 16, 14]))

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_channels(self, submission):
        """Each channel has its own mean and standard deviation."""
        images = torch.rand(12, 3, 10, 14) * torch.tensor([0.2, 0.5, 0.9])[:, None, None]
        images += torch.tensor([0.7, 0.1, 0.0])[:, None, None]
        check_statistics(submission, images, torch.tensor([1, 4, 6, 7, 8, 11]))

    @pytest.mark.points(0.25)
    @pytest.mark.hint("Two images, one all 0 and one all 1: what is the standard deviation of their pixels?")
    def test_different_images(self, submission):
        """The deviation is that of all pixels, also where images differ much in brightness."""
        images = torch.rand(16, 2, 9, 11) * 0.1 + 0.9 * torch.rand(16, 1, 1, 1)
        check_statistics(submission, images, torch.randperm(16)[:10])

    @pytest.mark.points(0.25)
    def test_other_shapes(self, submission):
        """Any number of images and channels is right, also when the images are not contiguous."""
        for n, channels, height, width, chosen in ((5, 1, 24, 20, 1), (4, 4, 15, 9, 4), (9, 3, 20, 7, 5)):
            check_statistics(submission, torch.rand(n, channels, height, width), torch.randperm(n)[:chosen])
        images = torch.rand(8, 12, 18, 3).permute(0, 3, 1, 2)[..., :13:2]
        check_statistics(submission, images, torch.tensor([6, 0, 5, 2]))

    @pytest.mark.points(0.25)
    def test_inputs(self, submission):
        """The inputs stay as they are, and float64 images give float64 statistics."""
        images, indices = torch.rand(7, 2, 12, 10).double(), torch.tensor([5, 1, 2, 6])
        with unchanged(images, indices, what="normalisation_statistics"):
            found = submission.normalisation_statistics(images, indices)
        compare_statistics(found, images, indices)


# --- ImageDataset ------------------------------------------------------------------------------------------------


def is_dataset(value):
    """Whether PyTorch takes a value for a dataset; runs on the student's side."""
    return isinstance(value, torch.utils.data.Dataset)


def length_of(value):
    """Return the length, or None where there is none; runs on the student's side."""
    return len(value) if hasattr(value, "__len__") else None


def counting_transform():
    """Return a transform that adds the number of its calls, and notes what it got; runs on the student's side."""
    seen = []

    def transform(image):
        seen.append(image.clone() if torch.is_tensor(image) else None)
        return image + len(seen)

    transform.seen = seen
    return transform


def transform_to_corner():
    """Return a transform that leaves two by two pixels; runs on the student's side."""
    return lambda image: image[:, :2, :2]


def batches_of(dataset, batch_size):
    """Return the batches of a plain loader; runs on the student's side."""
    return [list(batch) for batch in torch.utils.data.DataLoader(dataset, batch_size=batch_size)]


def stored_images_stay(make, images, labels):
    """Return whether reading items leaves the arrays as they were; runs on the student's side."""
    before = images.copy(), labels.copy()
    dataset = make(images, labels)
    for index in range(len(labels)):
        dataset[index]
    return bool((images == before[0]).all() and (labels == before[1]).all())


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


@pytest.mark.question("ImageDataset")
@pytest.mark.hints(
    "Three methods are asked for: what is kept, how many there are, and what one item is.",
    (
        "Pixels from 0 to 255 become floats from 0 to 1, and channels come first. Convert in `__getitem__`, not "
        "all at once."
    ),
)
class TestImageDataset:
    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_grey(self, submission):
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
    @pytest.mark.public
    def test_labels(self, submission):
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
    @pytest.mark.public
    def test_colour(self, submission):
        """The image of a colour item is (C, H, W): the channels come first."""
        images = random_pixels(3, 5, 4, 3)
        dataset = new_dataset(submission, images, np.array([1, 0, 1]))
        for index in (0, 2):
            check_image(item_of(dataset, index)[0], images[index], "the image of dataset[i], in colour,")

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("grey")
    def test_transform(self, submission):
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

    @pytest.mark.points(0.25)
    def test_scale(self, submission):
        """The scale is the same for all images: a dark one stays dark, a uniform one uniform."""
        dark, bright = random_pixels(1, 4, 5) // 5, 200 + random_pixels(1, 4, 5) // 8
        images = np.concatenate([dark, bright, np.full((1, 4, 5), 255, dtype=np.uint8), np.zeros_like(dark)])
        for pixels in (images, np.stack([images, images // 2, images], axis=-1), images[..., None]):
            dataset = new_dataset(submission, pixels, np.array([0, 1, 0, 1]))
            for index in range(4):
                check_image(item_of(dataset, index)[0], pixels[index], "the image of dataset[i]")

    @pytest.mark.points(0.25)
    def test_loader(self, submission):
        """PyTorch's loader makes batches of it: images (N, C, H, W) and labels (N,), both float32."""
        what = "a DataLoader of the dataset"
        labels = np.array([1, 0, 1, 1, 0])
        for images in (random_pixels(5, 4, 6), random_pixels(5, 4, 6, 3)):
            dataset = new_dataset(submission, images, labels)
            try:
                batches = send_function(submission, batches_of)(dataset, 3)
            except NotImplementedError:
                raise
            except Exception as error:  # whatever PyTorch says of items that do not fit together
                fail(f"{what} raises {type(error).__name__}.", cause="`__len__`, or items that cannot be stacked")
            if [len(batch) for batch in batches] != [2, 2]:
                fail(f"{what} does not give two batches of images and labels, as five items in threes must.")
            values = torch.from_numpy(images).float() / 255
            values = values[:, None] if values.ndim == 3 else values.permute(0, 3, 1, 2)
            for batch, places in zip(batches, (slice(0, 3), slice(3, 5)), strict=True):
                assert_tensor(batch[0], values[places], what=f"a batch of images of {what}")
                assert_tensor(batch[1], torch.from_numpy(labels[places]).float(), what=f"a batch of labels of {what}")

    @pytest.mark.points(0.25)
    @pytest.mark.after("transform")
    def test_purity(self, submission):
        """The transform gets a float32 image (C, H, W) from 0 to 1, what it returns counts, and the arrays stay."""
        for images in (random_pixels(3, 4, 5), random_pixels(3, 4, 5, 3)):
            labels = np.array([0, 1, 1])
            transform = send_function(submission, counting_transform)()
            item_of(new_dataset(submission, images, labels, transform=transform), 2)
            check_image(transform.seen[0], images[2], "what the transform is called with,")
            corner = send_function(submission, transform_to_corner)()
            image, _ = item_of(new_dataset(submission, images, labels, transform=corner), 1)
            values = torch.from_numpy(images[1]).float() / 255
            values = values.permute(2, 0, 1) if values.ndim == 3 else values[None]
            assert_tensor(
                image,
                values[:, :2, :2],
                what="the image of an item whose transform makes it smaller",
                cause="what the transform returns is the item's image, whatever its shape",
            )
            stays = send_function(submission, stored_images_stay)(submission.ImageDataset, images, labels)
            assert_true(stays, "Reading items changes the images or labels that the dataset was made of.")


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


@pytest.mark.question("make_loaders")
@pytest.mark.hints(
    "`Subset` picks samples, `DataLoader` makes batches of them. Which of the three shuffles?",
    "A loader that has a generator of its own gives the same epochs again, whatever else is drawn.",
)
class TestMakeLoaders:
    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_batches(self, submission):
        """There are three loaders, and each hands out each sample of its split once, in batches."""
        splits = some_splits(11, 7, 7)
        dataset = send_function(submission, numbered_samples)(25)
        what = "make_loaders(dataset, splits, batch_size=4)"
        check_batches(submission, splits, 4, submission.make_loaders(dataset, splits, batch_size=4), what)

    @pytest.mark.points(0.25)
    @pytest.mark.public
    @pytest.mark.after("batches")
    def test_order(self, submission):
        """Only training is shuffled, anew in each epoch; validation and test keep the order of their indices."""
        splits = some_splits(40, 12, 12)
        dataset = send_function(submission, numbered_samples)(64)
        what = "make_loaders(dataset, splits, batch_size=8)"
        loaders = submission.make_loaders(dataset, splits, batch_size=8)
        require_loaders(submission, loaders, what)
        epochs = [numbers_in(epoch_of(submission, loaders["train"], f'{what}["train"]')) for _ in range(3)]
        if splits[0].tolist() in epochs or sorted(epochs[0]) == epochs[0]:
            fail(f'{what}["train"] is not shuffled.', cause="`shuffle`, or a sampler, is missing for training")
        if epochs[0] == epochs[1] or epochs[1] == epochs[2]:
            fail(
                f'{what}["train"] comes in the same order in each epoch.',
                cause="the samples are shuffled once, when the loader is made, or the generator is seeded anew",
            )
        for name, indices in (("val", splits[1]), ("test", splits[2])):
            if numbers_in(epoch_of(submission, loaders[name], f'{what}["{name}"]')) != indices.tolist():
                fail(
                    f'{what}["{name}"] does not keep the order of its indices.',
                    cause="only the training loader shuffles, and none of them sorts",
                )

    @pytest.mark.points(0.25)
    @pytest.mark.after("batches")
    def test_seed(self, submission):
        """The same seed gives the same series of epochs, and making loaders leaves the global random states alone."""
        splits = some_splits(30, 5, 5)
        dataset = send_function(submission, numbered_samples)(40)
        elsewhere = send_function(submission, draw_elsewhere)
        what = "make_loaders(dataset, splits, seed=seed)"

        def series(seed, other):
            elsewhere(other)
            with global_randomness_kept(submission, "make_loaders"):
                loaders = submission.make_loaders(dataset, splits, batch_size=7, seed=seed)
            require_loaders(submission, loaders, what)
            elsewhere(other + 1)
            return [numbers_in(epoch_of(submission, loaders["train"], what)) for _ in range(2)]

        first = series(0, 21)
        if series(0, 31) != first:
            fail(
                f"{what} with the same seed gives different epochs.",
                cause="the training loader draws from the global generator; a DataLoader takes one of its own",
            )
        if series(1, 21) == first:
            fail(f"{what} with another seed gives the same epochs.", cause="the seed is not used")

    @pytest.mark.points(0.25)
    @pytest.mark.after("batches")
    def test_items(self, submission):
        """Every loader hands out the dataset's own items, unchanged, for any batch size."""
        dataset = send_function(submission, numbered_samples)(230)
        what = "make_loaders(dataset, splits)"
        splits = some_splits(150, 70, 10)
        loaders = submission.make_loaders(dataset, splits)
        check_batches(submission, splits, 64, loaders, what)
        check_batches(
            submission,
            splits,
            30,
            submission.make_loaders(dataset, splits, 30),
            "make_loaders(dataset, splits, batch_size)",
        )
        for name in KEYS:
            for images, labels in epoch_of(submission, loaders[name], what):
                assert_tensor(
                    images,
                    labels[:, None, None, None] / 230 + torch.arange(4.0).reshape(1, 1, 2, 2),
                    what=f'a batch of images of {what}["{name}"]',
                    cause="images are changed on their way, or do not belong to their labels; augmentation is the "
                    "business of the dataset, and validation and test images stay as they are",
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


def likeness(image, changed):
    """Return how well a changed image correlates with the image, or its mirror images, at the best shift."""
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


@pytest.mark.question("augmentation")
@pytest.mark.hints(
    "A flip, a small shift, a little noise or contrast: draw how much each time the function is called.",
    (
        "Keep a generator in the function that you return, draw only from it, work on a copy, and clamp to 0 … 1 "
        "at the end."
    ),
)
class TestAugmentation:
    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_same_kind(self, submission):
        """A changed image has the shape, the dtype and the range of the image, grey or in colour."""
        for n_channels in (1, 3):
            augment = submission.augmentation(seed=1)
            for _ in range(20):
                augmented(augment, chest(n_channels), "augmentation(seed=1)")

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_random(self, submission):
        """The image is changed, differently from call to call."""
        for seed, call in ((1, "augmentation(seed=1)"), (None, "augmentation()")):
            augment = submission.augmentation(seed)
            draws = [augmented(augment, chest(), call) for _ in range(30)]
            if all(torch.equal(draw, chest()) for draw in draws):
                fail(f"{call}(image) is the image itself, in each of 30 calls.", cause="nothing random is applied")
            if all(torch.equal(draw, draws[0]) for draw in draws):
                fail(
                    f"{call}(image) is the same in each of 30 calls.",
                    cause="the change is drawn once, or the generator is seeded again in each call",
                )

    @pytest.mark.points(0.25)
    @pytest.mark.hint("Two functions with the same seed, called in turn: does one disturb the other?")
    def test_seed(self, submission):
        """The same seed gives the same sequence, whatever is drawn in between; other seeds, and None, give others."""
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
            fail(
                "Two functions made by augmentation with the same seed give different sequences.",
                cause="they draw from a common generator; each needs one of its own, with this seed",
            )
        first, second = sequences(3, 4)
        if torch.equal(first, second):
            fail("augmentation with different seeds gives the same sequence.", cause="the seed is not used")
        first, second = sequences(None, None)
        if torch.equal(first, second):
            fail("augmentation(None) gives the same sequence each time.", cause="without a seed, each one is different")

    @pytest.mark.points(0.125)
    @pytest.mark.hint("Put the global state back after each call.")
    def test_global_state(self, submission):
        """With a seed, neither making nor calling it touches the global random states."""
        with global_randomness_kept(submission, "augmentation(seed)"):
            augment = submission.augmentation(seed=2)
        with global_randomness_kept(submission, "a function made by augmentation(seed)"):
            for _ in range(5):
                augmented(augment, chest(), "augmentation(seed)")

    @pytest.mark.points(0.125)
    @pytest.mark.after("same_kind")
    def test_gentle(self, submission):
        """A changed image still shows the same chest, at about the same brightness, and the image itself stays."""
        what = "augmentation(seed)"
        for seed, n_channels in ((5, 1), (6, 3)):
            augment = submission.augmentation(seed=seed)
            alike, shifts, negatives = [], [], 0
            for draw in range(24):
                image = chest(n_channels, draw % 6)
                with unchanged(image, what=f"{what}(image)"):
                    changed = augmented(augment, image, what)
                alike.append(likeness(image, changed))
                negatives += likeness(1 - image, changed) > alike[-1] + 0.2
                shifts.append(abs(float(changed.mean() - image.mean())))
            if negatives > 1:
                fail(f"{what} makes negatives of images.", cause="dark and bright are swapped (inverted, solarised)")
            # Small turns, shifts and noise leave 0.7 to 1, a large crop or any rotation below 0.5, pure noise 0.1.
            if sum(alike) / len(alike) < 0.53:
                fail(
                    f"What {what} makes of a chest has little in common with it, so that its label may be lost.",
                    cause="the changes are too strong (large crops or rotations, much noise), or unlike any X-ray",
                )
            if sum(shifts) / len(shifts) > 0.25:
                fail(f"{what} changes the brightness of the images too much.", cause="a brightness factor far from 1")
