# %% right="NumPy, class by class"
import numpy as np
import torch


def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
    if not np.isclose(np.sum(fractions), 1):
        raise ValueError("fractions")
    rng = np.random.default_rng(seed)
    values = labels.numpy()
    parts = [[], [], []]
    for label in np.unique(values):
        members = rng.permutation(np.flatnonzero(values == label))
        borders = np.round(np.cumsum(fractions[:2]) * len(members)).astype(int)
        for part, chunk in zip(parts, np.split(members, borders)):
            part.extend(chunk.tolist())
    return tuple(torch.tensor(rng.permutation(part).astype(np.int64)) for part in parts)


# %% right="one shuffle, then places within each class"
import torch


def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-5:
        raise ValueError("the fractions must sum to 1")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    split_of = torch.empty(len(labels), dtype=torch.int64)
    for label in set(labels.tolist()):
        members = order[labels[order] == label]
        place = (torch.arange(len(members)) + 0.5) / len(members)
        borders = torch.tensor([fractions[0], fractions[0] + fractions[1]])
        split_of[members] = torch.bucketize(place, borders, right=True)
    return tuple(order[split_of[order] == k] for k in range(3))


# %% right="Python lists and dictionaries"
import random
from collections import defaultdict

import torch


def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("the fractions must sum to 1")
    rng = random.Random(seed)
    classes = defaultdict(list)
    for index, label in enumerate(labels.tolist()):
        classes[label].append(index)
    splits = [], [], []
    for members in classes.values():
        rng.shuffle(members)
        n_train = round(len(members) * fractions[0])
        n_val = round(len(members) * (fractions[0] + fractions[1])) - n_train
        splits[0].extend(members[:n_train])
        splits[1].extend(members[n_train : n_train + n_val])
        splits[2].extend(members[n_train + n_val :])
    for split in splits:
        rng.shuffle(split)
    return tuple(torch.tensor(split, dtype=torch.int64) for split in splits)


# %% right="samples dealt to the split that lacks most"
import torch


def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
    if not 1 - 1e-6 < sum(fractions) < 1 + 1e-6:
        raise ValueError("the fractions must sum to 1")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed)).tolist()
    taken, dealt, splits = {}, {}, ([], [], [])
    for index in order:
        label = labels[index].item()
        dealt[label] = dealt.get(label, 0) + 1
        counts = taken.setdefault(label, [0, 0, 0])
        lack = [fraction * dealt[label] - count for fraction, count in zip(fractions, counts)]
        k = lack.index(max(lack))
        counts[k] += 1
        splits[k].append(index)
    return tuple(torch.tensor(split, dtype=torch.int64) for split in splits)


# %% right="split_indices for each class, then one more shuffle"
def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
    parts = [[], [], []]
    for number, label in enumerate(labels.unique()):
        members = (labels == label).nonzero().flatten()
        for part, places in zip(parts, split_indices(len(members), fractions, seed + number)):
            part.append(members[places])
    generator = torch.Generator().manual_seed(seed)
    joined = [torch.cat(part) for part in parts]
    return tuple(part[torch.randperm(len(part), generator=generator)] for part in joined)


# %% right="borders rounded in each class"
def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    generator = torch.Generator().manual_seed(seed)
    parts = [[], [], []]
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=generator)]
        a, b = round(fractions[0] * len(members)), round((fractions[0] + fractions[1]) * len(members))
        for part, chunk in zip(parts, (members[:a], members[a:b], members[b:])):
            part.append(chunk)
    joined = [torch.cat(part) for part in parts]
    return tuple(part[torch.randperm(len(part), generator=generator)] for part in joined)


# %% wrong="not stratified at all" caught_by="balance, small_classes"
def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
    return split_indices(len(labels), fractions, seed)


# %% wrong="two sizes of each class are rounded down" from="borders rounded in each class" caught_by="small_classes"
# -         a, b = round(fractions[0] * len(members)), round((fractions[0] + fractions[1]) * len(members))
# -         for part, chunk in zip(parts, (members[:a], members[a:b], members[b:])):
# +         a, b = int(fractions[0] * len(members)), int(fractions[1] * len(members))
# +         for part, chunk in zip(parts, (members[:a], members[a : a + b], members[a + b :])):

# %% wrong="all sizes of each class are rounded down, samples are lost" from="borders rounded in each class" caught_by="complete"
# -         a, b = round(fractions[0] * len(members)), round((fractions[0] + fractions[1]) * len(members))
# -         for part, chunk in zip(parts, (members[:a], members[a:b], members[b:])):
# +         a, b, c = (int(fraction * len(members)) for fraction in fractions)
# +         for part, chunk in zip(parts, (members[:a], members[a : a + b], members[a + b : a + b + c])):

# %% wrong="only the classes 0 and 1 are known" from="split_indices for each class, then one more shuffle" caught_by="other_labels, small_classes"
# -     for number, label in enumerate(labels.unique()):
# +     for label in (0, 1):
#           members = (labels == label).nonzero().flatten()
# -         for part, places in zip(parts, split_indices(len(members), fractions, seed + number)):
# +         for part, places in zip(parts, split_indices(len(members), fractions, seed + label)):

# %% wrong="classes are counted with bincount, which needs 0, 1, 2, …" from="split_indices for each class, then one more shuffle" caught_by="other_labels"
# -     for number, label in enumerate(labels.unique()):
# -         members = (labels == label).nonzero().flatten()
# -         for part, places in zip(parts, split_indices(len(members), fractions, seed + number)):
# +     for label in range(len(labels.long().bincount())):
# +         members = (labels.long() == label).nonzero().flatten()
# +         for part, places in zip(parts, split_indices(len(members), fractions, seed + label)):

# %% wrong="one class after the other" from="split_indices for each class, then one more shuffle" caught_by="shuffled"
# -     generator = torch.Generator().manual_seed(seed)
# -     joined = [torch.cat(part) for part in parts]
# -     return tuple(part[torch.randperm(len(part), generator=generator)] for part in joined)
# +     return tuple(torch.cat(part) for part in parts)

# %% wrong="the first samples of each class are for training" from="borders rounded in each class" caught_by="shuffled"
# -     generator = torch.Generator().manual_seed(seed)

# -         members = members[torch.randperm(len(members), generator=generator)]

#               part.append(chunk)
# +     generator = torch.Generator().manual_seed(seed)

# %% wrong="sorted at the end" from="split_indices for each class, then one more shuffle" caught_by="shuffled"
# -     generator = torch.Generator().manual_seed(seed)
# -     joined = [torch.cat(part) for part in parts]
# -     return tuple(part[torch.randperm(len(part), generator=generator)] for part in joined)
# +     return tuple(torch.cat(part).sort().values for part in parts)

# %% wrong="positions within a class are used as indices" from="split_indices for each class, then one more shuffle" caught_by="complete"
# -         members = (labels == label).nonzero().flatten()
# -         for part, places in zip(parts, split_indices(len(members), fractions, seed + number)):
# -             part.append(members[places])
# +         for part, places in zip(parts, split_indices(int((labels == label).sum()), fractions, seed + number)):
# +             part.append(places)

# %% wrong="the classes are balanced by leaving samples out" from="split_indices for each class, then one more shuffle" caught_by="complete"
# +     smallest = min(int((labels == label).sum()) for label in labels.unique())
#       for number, label in enumerate(labels.unique()):
# -         members = (labels == label).nonzero().flatten()
# +         members = (labels == label).nonzero().flatten()[:smallest]

# %% wrong="the global generator is seeded for the last shuffle" from="split_indices for each class, then one more shuffle" caught_by="purity"
# -     generator = torch.Generator().manual_seed(seed)
# +     torch.manual_seed(seed)
#       joined = [torch.cat(part) for part in parts]
# -     return tuple(part[torch.randperm(len(part), generator=generator)] for part in joined)
# +     return tuple(part[torch.randperm(len(part))] for part in joined)

# %% wrong="the last shuffle has no seed" from="split_indices for each class, then one more shuffle" caught_by="seed, purity"
# -     generator = torch.Generator().manual_seed(seed)
#       joined = [torch.cat(part) for part in parts]
# -     return tuple(part[torch.randperm(len(part), generator=generator)] for part in joined)
# +     return tuple(part[torch.randperm(len(part))] for part in joined)

# %% wrong="the seed is ignored" from="split_indices for each class, then one more shuffle" caught_by="seed"
# -         for part, places in zip(parts, split_indices(len(members), fractions, seed + number)):
# +         for part, places in zip(parts, split_indices(len(members), fractions, number)):
#               part.append(members[places])
# -     generator = torch.Generator().manual_seed(seed)
# +     generator = torch.Generator().manual_seed(0)

# %% wrong="the fractions are not handed on" from="split_indices for each class, then one more shuffle" caught_by="balance"
#   def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
# +     if abs(sum(fractions) - 1) > 1e-6:
# +         raise ValueError("the fractions must sum to 1")

# -         for part, places in zip(parts, split_indices(len(members), fractions, seed + number)):
# +         for part, places in zip(parts, split_indices(len(members), seed=seed + number)):

# %% wrong="the sum of the fractions is not checked" from="borders rounded in each class" caught_by="fractions"
# -     if abs(sum(fractions) - 1) > 1e-6:
# -         raise ValueError("the fractions must sum to 1")

# %% wrong="floats are compared exactly" from="split_indices for each class, then one more shuffle" caught_by="fractions"
#   def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
# +     if sum(fractions) != 1:
# +         raise ValueError("the fractions must sum to 1")

# %% wrong="the labels are sorted in place" from="split_indices for each class, then one more shuffle" caught_by="purity"
#   def stratified_split(labels, fractions=(0.6, 0.2, 0.2), seed=0):
# +     values, order = labels.sort()
# +     labels.copy_(values)

# -         members = (labels == label).nonzero().flatten()
# +         members = order[values == label]
