"""Labels and patients to split, and the patients of each split."""

import torch

from autograder.checking import fail, phrase

from .splits import NAMES


def quarter_sick(n):
    """Return n labels in random order, one in four of which is 1."""
    labels = (torch.arange(n) % 4 == 0).float()
    return labels[torch.randperm(n)]


OF_PATIENTS = "the fractions are those of the patients, not of the images or of the largest id"


def patients_with(counts, first=0, step=1):
    """Return the ids of patients with these numbers of images, in random order."""
    ids = first + step * torch.arange(len(counts))
    return torch.repeat_interleave(ids, torch.tensor(counts))[torch.randperm(sum(counts))]


def patients_of(lists, ids, what):
    """Return the patients of each split as a set; fail if a patient is in two of them."""
    patients = [set(ids[part].tolist()) for part in lists]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        both = patients[one] & patients[other]
        if both:
            problem = phrase(
                "{what} puts images of the same patient into the {one} and the {other} split.",
                what=what,
                one=NAMES[one],
                other=NAMES[other],
            )
            cause = "the samples are split; split the patients, each with all their samples"
            fail(problem, details=f"The patient with id {min(both)}, for instance.", cause=cause)
    return patients
