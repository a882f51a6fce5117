# %% right="Python sets"
import random

import torch


def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    ids = patient_ids.tolist()
    patients = sorted(set(ids))
    random.Random(seed).shuffle(patients)
    a, b = round(fractions[0] * len(patients)), round((fractions[0] + fractions[1]) * len(patients))
    groups = set(patients[:a]), set(patients[a:b]), set(patients[b:])
    return tuple(
        torch.tensor([i for i, patient in enumerate(ids) if patient in group], dtype=torch.int64) for group in groups
    )


# %% right="NumPy's isin"
import numpy as np
import torch


def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if not np.isclose(sum(fractions), 1):
        raise ValueError("the fractions must sum to 1")
    ids = patient_ids.numpy()
    patients = np.random.default_rng(seed).permutation(np.unique(ids))
    borders = np.round(np.cumsum(fractions)[:-1] * len(patients)).astype(int)
    return tuple(torch.from_numpy(np.flatnonzero(np.isin(ids, group))) for group in np.split(patients, borders))


# %% right="the split of each patient looked up, samples shuffled"
import torch


def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    patients, number = torch.unique(patient_ids, return_inverse=True)
    split_of = torch.zeros(len(patients), dtype=torch.int64)
    for k, members in enumerate(split_indices(len(patients), fractions, seed)):
        split_of[members] = k
    order = torch.randperm(len(patient_ids), generator=torch.Generator().manual_seed(seed))
    return tuple(order[split_of[number[order]] == k] for k in range(3))


# %% right="comparison of all with all"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    patients = patient_ids.unique()
    splits = []
    for chosen in split_indices(len(patients), fractions, seed):
        belongs = (patient_ids[:, None] == patients[chosen][None, :]).any(dim=1)
        splits.append(torch.where(belongs)[0])
    return tuple(splits)


# %% right="patients shuffled, borders rounded"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    patients = patient_ids.unique()
    patients = patients[torch.randperm(len(patients), generator=torch.Generator().manual_seed(seed))]
    a, b = round(fractions[0] * len(patients)), round((fractions[0] + fractions[1]) * len(patients))
    groups = patients[:a], patients[a:b], patients[b:]
    return tuple(torch.isin(patient_ids, group).nonzero().flatten() for group in groups)


# %% wrong="the samples are split" caught_by="apart"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    return split_indices(len(patient_ids), fractions, seed)


# %% wrong="the samples are split in the order of their patients" caught_by="apart"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    order = patient_ids.argsort()
    a, b = round(fractions[0] * len(order)), round((fractions[0] + fractions[1]) * len(order))
    return order[:a], order[a:b], order[b:]


# %% wrong="patients are added until the share of the images is reached" caught_by="uneven"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    patients = patient_ids.unique()
    patients = patients[torch.randperm(len(patients), generator=torch.Generator().manual_seed(seed))]
    splits, k, so_far = ([], [], []), 0, 0
    borders = [fractions[0] * len(patient_ids), (fractions[0] + fractions[1]) * len(patient_ids), float("inf")]
    for patient in patients:
        while so_far >= borders[k]:
            k += 1
        members = (patient_ids == patient).nonzero().flatten()
        splits[k].extend(members.tolist())
        so_far += len(members)
    return tuple(torch.tensor(split, dtype=torch.int64) for split in splits)


# %% wrong="the largest id is taken for the number of patients" caught_by="ids"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    n_patients = int(patient_ids.max()) + 1
    return tuple(
        torch.isin(patient_ids, chosen).nonzero().flatten() for chosen in split_indices(n_patients, fractions, seed)
    )


# %% wrong="numbers of patients are taken for ids" from="the largest id is taken for the number of patients" caught_by="ids"
# -     n_patients = int(patient_ids.max()) + 1
# +     n_patients = len(patient_ids.unique())


# %% wrong="neighbours only are taken for the same patient" caught_by="apart, ids"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    _, number = patient_ids.unique_consecutive(return_inverse=True)
    splits = split_indices(int(number.max()) + 1, fractions, seed)
    return tuple(torch.isin(number, chosen).nonzero().flatten() for chosen in splits)


# %% wrong="one sample per patient" caught_by="apart"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    ids = patient_ids.tolist()
    first = torch.tensor([ids.index(patient) for patient in sorted(set(ids))])
    return tuple(first[chosen] for chosen in split_indices(len(first), fractions, seed))


# %% wrong="the ids of the patients are returned" caught_by="apart"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    patients = patient_ids.unique()
    return tuple(patients[chosen] for chosen in split_indices(len(patients), fractions, seed))


# %% wrong="the patients are not shuffled" from="patients shuffled, borders rounded" caught_by="seed"
# -     patients = patients[torch.randperm(len(patients), generator=torch.Generator().manual_seed(seed))]


# %% wrong="the patients are not shuffled, only their samples" caught_by="seed"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    generator = torch.Generator().manual_seed(seed)
    patients = patient_ids.unique()
    a, b = round(fractions[0] * len(patients)), round((fractions[0] + fractions[1]) * len(patients))
    splits = []
    for group in (patients[:a], patients[a:b], patients[b:]):
        members = torch.isin(patient_ids, group).nonzero().flatten()
        splits.append(members[torch.randperm(len(members), generator=generator)])
    return tuple(splits)


# %% wrong="the order of a Python set decides" from="patients shuffled, borders rounded" caught_by="seed"
# -     patients = patient_ids.unique()
# -     patients = patients[torch.randperm(len(patients), generator=torch.Generator().manual_seed(seed))]
# +     patients = torch.tensor(list(set(patient_ids.tolist())))

# %% wrong="not reproducible" from="patients shuffled, borders rounded" caught_by="seed, purity"
# -     patients = patients[torch.randperm(len(patients), generator=torch.Generator().manual_seed(seed))]
# +     patients = patients[torch.randperm(len(patients))]

# %% wrong="the global generator is seeded" from="patients shuffled, borders rounded" caught_by="purity"
# -     patients = patients[torch.randperm(len(patients), generator=torch.Generator().manual_seed(seed))]
# +     torch.manual_seed(seed)
# +     patients = patients[torch.randperm(len(patients))]

# %% wrong="two numbers of patients are rounded down" from="patients shuffled, borders rounded" caught_by="uneven"
# -     a, b = round(fractions[0] * len(patients)), round((fractions[0] + fractions[1]) * len(patients))
# -     groups = patients[:a], patients[a:b], patients[b:]
# +     a, b = int(fractions[0] * len(patients)), int(fractions[1] * len(patients))
# +     groups = patients[:a], patients[a : a + b], patients[a + b :]


# %% wrong="the fractions are ignored" caught_by="shares"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions must sum to 1")
    patients, number = patient_ids.unique(return_inverse=True)
    return tuple(torch.isin(number, chosen).nonzero().flatten() for chosen in split_indices(len(patients), seed=seed))


# %% wrong="floats are compared exactly" caught_by="fractions"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    if sum(fractions) != 1:
        raise ValueError("the fractions must sum to 1")
    patients, number = patient_ids.unique(return_inverse=True)
    splits = split_indices(len(patients), fractions, seed)
    return tuple(torch.isin(number, chosen).nonzero().flatten() for chosen in splits)


# %% wrong="the sum of the fractions is not checked" from="patients shuffled, borders rounded" caught_by="fractions"
# -     if abs(sum(fractions) - 1) > 1e-6:
# -         raise ValueError("the fractions must sum to 1")


# %% wrong="the ids are renumbered in place" caught_by="purity"
def split_by_patient(patient_ids, fractions=(0.6, 0.2, 0.2), seed=0):
    patients, number = patient_ids.unique(return_inverse=True)
    patient_ids.copy_(number)
    splits = split_indices(len(patients), fractions, seed)
    return tuple(torch.isin(patient_ids, chosen).nonzero().flatten() for chosen in splits)
