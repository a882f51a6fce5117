"""Checks of a split: complete, disjoint, in proportion, in random order, and reproducible."""

from itertools import pairwise

import torch

from autograder.checking import assert_raises, fail, phrase, send_function

from .randomness import draw_elsewhere

NAMES = ("training", "validation", "test")
DEFAULT = (0.6, 0.2, 0.2)


def require_indices(indices, what):
    """Fail unless this is a one-dimensional tensor that can hold indices."""
    if not isinstance(indices, torch.Tensor):
        problem = phrase("{what} must be a tensor of indices.", what=what)
        fail(problem, details=f"Got {type(indices).__name__}.")
    if indices.ndim != 1:
        problem = phrase("{what} must have one dimension.", what=what)
        fail(problem, details=f"Got the shape {tuple(indices.shape)}.")
    if indices.numel() and indices.dtype != torch.int64:
        cause = "this is a mask, or these are not indices: PyTorch's indices are int64"
        problem = phrase("{what} must be of dtype int64.", what=what)
        fail(problem, details=f"Got {indices.dtype}.", cause=cause)


def as_lists(splits, n, what):
    """Return the splits as three lists; fail unless they hold each of 0, …, n − 1 exactly once."""
    if splits is None:
        fail(phrase("{what} returned None.", what=what), cause="is a `return` missing?")
    if not isinstance(splits, tuple | list) or len(splits) != 3:
        problem = "{what} must return three tensors: the indices of the training, validation and test samples."
        fail(phrase(problem, what=what))
    for name, indices in zip(NAMES, splits, strict=True):
        require_indices(indices, phrase("the {name} split of {what}", name=name, what=what))
    found = sorted(index for indices in splits for index in indices.tolist())
    if found and not 0 <= found[0] <= found[-1] < n:
        problem = phrase("{what} returns numbers that are not indices of samples.", what=what)
        details = f"The indices are 0 to {n - 1}; got numbers from {found[0]} to {found[-1]}."
        fail(problem, details=details, cause="indices count from 0, and patient ids are not sample indices")
    if len(set(found)) < len(found):
        twice = next(index for index, following in pairwise(found) if index == following)
        cause = "the splits overlap, which is a leak, or positions within a class are used as sample indices"
        problem = phrase("{what} returns samples more than once.", what=what)
        fail(problem, details=f"Sample {twice} is one of them.", cause=cause)
    if len(found) < n:
        fail(
            phrase("{what} loses samples.", what=what),
            details=f"{n - len(found)} of {n} are in no split, for example sample {min(set(range(n)) - set(found))}.",
            cause="rounding all sizes down leaves some samples over"
            if n - len(found) < 10
            else "some samples, classes or patients are never used",
        )
    return [indices.tolist() for indices in splits]


def require_shares(counts, fractions, what, unit, otherwise=""):
    """Fail unless each count is within one of its share; ``otherwise`` is the cause of larger differences."""
    for name, count, fraction in zip(NAMES, counts, fractions, strict=True):
        if abs(count - fraction * sum(counts)) > 1 + 1e-6:
            fail(
                phrase(
                    "{what}: the number of {unit} in the {name} split is more than one away from its share.",
                    what=what,
                    unit=unit,
                    name=name,
                ),
                details=f"The share is {fraction:g} · {sum(counts)} = {fraction * sum(counts):g}, got {count}.",
                cause="rounding: rounding two sizes down (or up) leaves too much (or too little) for the third"
                if abs(count - fraction * sum(counts)) < 2
                else otherwise,
            )


def require_random_order(lists, what):
    """Fail if the indices of a split are in the order of the samples."""
    for name, indices in zip(NAMES, lists, strict=True):
        steps = [after - before for before, after in pairwise(indices)]
        rising = sum(step > 0 for step in steps) / len(steps)
        if not 0.1 < rising < 0.9:  # about half of the steps, in random order
            problem = phrase(
                "The {name} split of {what} is in (nearly) the order of the samples: it is not shuffled.",
                name=name,
                what=what,
            )
            details = f"It starts {', '.join(map(str, indices[:8]))}, …"
            fail(problem, details=details, cause="the samples are not shuffled, or are sorted again afterwards")


def require_random_choice(split, what, unit="sample"):
    """Fail unless each sample (or patient) is in the test split for some seed."""
    chosen = [set(split(seed)[2]) for seed in range(60)]
    everything = set().union(*(part for seed in (0, 1) for part in map(set, split(seed))))
    missing = everything - set().union(*chosen)
    if missing:
        problem = phrase("For no seed does {what} put some {unit}s into the test split.", what=what, unit=unit)
        details = f"{unit.capitalize()} {min(missing)} is one of them."
        cause = phrase("the {unit}s are split in order and shuffled only afterwards", unit=unit)
        fail(problem, details=details, cause=cause)


def require_seeded(submission, split, what):
    """Fail unless the same seed gives the same split, whatever other code draws, and other seeds give other splits."""
    elsewhere = send_function(submission, draw_elsewhere)
    elsewhere(11)
    first = split(0)
    elsewhere(12)
    if split(0) != first:
        problem = phrase("{what} with the same seed gives different splits.", what=what)
        fail(problem, cause="the random numbers do not come from a generator with this seed")
    others = [split(seed) for seed in (1, 2, 3)]
    if any(other == first for other in others) or others[0] == others[1]:
        fail(phrase("{what} with different seeds gives the same split.", what=what), cause="the seed is not used")


def require_refusal(function, first, what):
    """Fail unless fractions that do not sum to 1 raise ValueError."""
    for total, fractions in (("0.9", (0.6, 0.2, 0.1)), ("1.1", (0.5, 0.3, 0.3))):
        assert_raises(
            ValueError,
            function,
            first,
            fractions,
            what=phrase("{what} with fractions that sum to {total}", what=what, total=total),
            cause="the sum of the fractions is not compared with 1",
        )
