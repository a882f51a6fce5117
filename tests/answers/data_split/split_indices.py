# %% right="NumPy's generator, cumulative borders"
import numpy as np
import torch


def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if not np.isclose(sum(fractions), 1.0):
        raise ValueError("the fractions must sum to 1")
    order = np.random.default_rng(seed).permutation(n_samples)
    borders = np.rint(np.cumsum(fractions)[:2] * n_samples).astype(int)
    return tuple(torch.from_numpy(part) for part in np.split(order, borders))


# %% right="Python's random, largest remainders"
import math
import random

import torch


def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if not math.isclose(math.fsum(fractions), 1, abs_tol=1e-9):
        raise ValueError(f"fractions sum to {sum(fractions)}")
    order = list(range(n_samples))
    random.Random(seed).shuffle(order)
    sizes = [math.floor(fraction * n_samples) for fraction in fractions]
    by_remainder = sorted(range(3), key=lambda k: sizes[k] - fractions[k] * n_samples)
    for k in by_remainder[: n_samples - sum(sizes)]:
        sizes[k] += 1
    train, val = sizes[0], sizes[0] + sizes[1]
    return (
        torch.tensor(order[:train], dtype=torch.int64),
        torch.tensor(order[train:val], dtype=torch.int64),
        torch.tensor(order[val:], dtype=torch.int64),
    )


# %% right="random_split of PyTorch with a generator"
import torch
from torch.utils.data import random_split


def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) >= 1e-6:
        raise ValueError("no")
    parts = random_split(range(n_samples), fractions, generator=torch.Generator().manual_seed(seed))
    return tuple(torch.tensor(part.indices, dtype=torch.long) for part in parts)


# %% right="the global state is put back"
import torch


def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    total = sum(fractions)
    if not (0.999 < total < 1.001):
        raise ValueError(total)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        order = torch.rand(n_samples).argsort()
    n_train, n_val = round(n_samples * fractions[0]), round(n_samples * fractions[1])
    n_train = min(n_train, n_samples)
    n_val = min(n_val, n_samples - n_train)
    return list(order.split([n_train, n_val, n_samples - n_train - n_val]))


# %% right="one permutation, borders rounded"
def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
    first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
    return order[:first], order[first:second], order[second:]


# %% wrong="two sizes are rounded down" from="one permutation, borders rounded" caught_by="rounding"
# -     first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
# -     return order[:first], order[first:second], order[second:]
# +     n_train, n_val = int(fractions[0] * n_samples), int(fractions[1] * n_samples)
# +     return order[:n_train], order[n_train : n_train + n_val], order[n_train + n_val :]


# %% wrong="two sizes are rounded up, so the test set is too small" caught_by="rounding"
import math


def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
    n_train, n_val = math.ceil(fractions[0] * n_samples), math.ceil(fractions[1] * n_samples)
    return order[:n_train], order[n_train : n_train + n_val], order[n_train + n_val :]


# %% wrong="all sizes are rounded down, samples are lost" from="one permutation, borders rounded" caught_by="complete, rounding"
# -     first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
# -     return order[:first], order[first:second], order[second:]
# +     a, b, c = (int(fraction * n_samples) for fraction in fractions)
# +     return order[:a], order[a : a + b], order[a + b : a + b + c]

# %% wrong="the global generator is seeded" from="one permutation, borders rounded" caught_by="global_state"
# -     order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
# +     torch.manual_seed(seed)
# +     order = torch.randperm(n_samples)


# %% wrong="NumPy's global generator is seeded" caught_by="global_state"
import numpy as np


def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    np.random.seed(seed)
    order = torch.from_numpy(np.random.permutation(n_samples))
    first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
    return order[:first], order[first:second], order[second:]


# %% wrong="Python's global generator is seeded" caught_by="global_state"
import random


def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    random.seed(seed)
    order = torch.tensor(random.sample(range(n_samples), n_samples))
    first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
    return order[:first], order[first:second], order[second:]


# %% wrong="not reproducible" from="one permutation, borders rounded" caught_by="seed"
# -     order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
# +     order = torch.randperm(n_samples)

# %% wrong="the seed is ignored" from="one permutation, borders rounded" caught_by="seed"
# -     order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
# +     order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(42))

# %% wrong="not shuffled" from="one permutation, borders rounded" caught_by="shuffled, seed"
# -     order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
# +     order = torch.arange(n_samples)


# %% wrong="divided first, shuffled afterwards" caught_by="shuffled"
def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    generator = torch.Generator().manual_seed(seed)
    first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
    order = torch.arange(n_samples)
    parts = order[:first], order[first:second], order[second:]
    return tuple(part[torch.randperm(len(part), generator=generator)] for part in parts)


# %% wrong="sorted again" from="one permutation, borders rounded" caught_by="shuffled"
# -     return order[:first], order[first:second], order[second:]
# +     return order[:first].sort().values, order[first:second].sort().values, order[second:].sort().values

# %% wrong="a random offset instead of shuffling" from="one permutation, borders rounded" caught_by="shuffled"
# -     order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
# +     order = torch.arange(n_samples).roll(7919 * (seed + 1))


# %% wrong="three independent draws, which overlap" caught_by="complete"
def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    generator = torch.Generator().manual_seed(seed)
    sizes = [round(fraction * n_samples) for fraction in fractions]
    return tuple(torch.randperm(n_samples, generator=generator)[:size] for size in sizes)


# %% wrong="the test samples are in validation too" from="one permutation, borders rounded" caught_by="complete"
# -     return order[:first], order[first:second], order[second:]
# +     return order[:first], order[first:], order[second:]

# %% wrong="indices from 1" from="one permutation, borders rounded" caught_by="complete"
# -     order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
# +     order = 1 + torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))

# %% wrong="the sum is not checked" from="one permutation, borders rounded" caught_by="wrong_fractions"
# -     if abs(sum(fractions) - 1) > 1e-6:
# -         raise ValueError("the fractions must sum to 1")

# %% wrong="only sums above 1 are refused" from="one permutation, borders rounded" caught_by="wrong_fractions"
# -     if abs(sum(fractions) - 1) > 1e-6:
# +     if sum(fractions) > 1 + 1e-6:

# %% wrong="an assertion instead of ValueError" from="one permutation, borders rounded" caught_by="wrong_fractions"
# -     if abs(sum(fractions) - 1) > 1e-6:
# -         raise ValueError("the fractions must sum to 1")
# +     assert abs(sum(fractions) - 1) < 1e-6

# %% wrong="floats are compared exactly" from="one permutation, borders rounded" caught_by="float_fractions"
# -     if abs(sum(fractions) - 1) > 1e-6:
# +     if sum(fractions) != 1:

# %% wrong="the sum is rounded to one digit" from="one permutation, borders rounded" caught_by="float_fractions"
# -     if abs(sum(fractions) - 1) > 1e-6:
# +     if round(sum(fractions), 1) != 1:

# %% wrong="the fractions are ignored" from="one permutation, borders rounded" caught_by="shares"
# -     first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
# +     first, second = round(0.6 * n_samples), round(0.8 * n_samples)

# %% wrong="training and test are swapped" from="one permutation, borders rounded" caught_by="shares"
# -     return order[:first], order[first:second], order[second:]
# +     return order[second:], order[first:second], order[:first]


# %% wrong="masks instead of indices" caught_by="complete"
def split_indices(n_samples, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    place = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
    first, second = round(fractions[0] * n_samples), round((fractions[0] + fractions[1]) * n_samples)
    return place < first, (place >= first) & (place < second), place >= second
