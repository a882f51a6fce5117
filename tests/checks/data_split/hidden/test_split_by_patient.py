"""Splits by patient: uneven patients, any ids, sums of floats, and no side effects."""

import pytest
import torch

from autograder.checking import unchanged

from ..public.cohorts import OF_PATIENTS, patients_of, patients_with
from ..public.splits import DEFAULT, as_lists, require_refusal, require_shares
from .fractions import split_in
from .randomness import global_randomness_kept


@pytest.mark.points(0.25)
@pytest.mark.hint("Count the patients in each split, not the images.")
def test_uneven(submission):
    """The number of patients per split is correct for any number of them, even if one has most of the images."""
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
@pytest.mark.hint("An id is a name, not an index: what is the largest one, and how many different ones are there?")
def test_ids(submission):
    """Ids may be any numbers, with gaps, in any order; a patient's images need not be adjacent."""
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
def test_fractions(submission):
    """Fractions that do not sum to 1 raise ValueError; those that do up to rounding are accepted."""
    ids = patients_with([2] * 20)
    require_refusal(submission.split_by_patient, ids, "split_by_patient")
    splits = split_in(submission.split_by_patient, ids, (0.7, 0.2, 0.1), "split_by_patient")
    as_lists(splits, 40, "split_by_patient(patient_ids, fractions)")


@pytest.mark.points(0.25)
def test_purity(submission):
    """The ids and the global random states of PyTorch, NumPy and Python do not change."""
    ids = patients_with([3, 1, 2] * 5, first=4, step=3)
    with unchanged(ids, what="split_by_patient"), global_randomness_kept(submission, "split_by_patient"):
        splits = submission.split_by_patient(ids, seed=5)
    as_lists(splits, len(ids), "split_by_patient(patient_ids)")
