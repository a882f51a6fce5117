"""Splits by patient: no patient in two splits, the fractions those of the patients."""

import pytest

from .cohorts import OF_PATIENTS, patients_of, patients_with
from .splits import DEFAULT, as_lists, require_random_choice, require_seeded, require_shares

pytestmark = [
    pytest.mark.uses("split_indices"),
    pytest.mark.hints(
        "Do not split the samples. What do `torch.unique` and `torch.isin` give you?",
        "Split the patients, then collect the samples of each group of patients.",
    ),
]


@pytest.mark.points(0.5)
def test_apart(submission):
    """All samples are assigned, and no patient is in two splits."""
    ids = patients_with([3, 1, 6, 2, 4] * 4)
    lists = as_lists(submission.split_by_patient(ids), len(ids), "split_by_patient(patient_ids)")
    patients_of(lists, ids, "split_by_patient(patient_ids)")


@pytest.mark.points(0.25)
@pytest.mark.after("apart")
def test_shares(submission):
    """Of 20 patients, 12, 4 and 4 are in the three splits, each within one; other fractions work too."""
    for fractions in (DEFAULT, (0.5, 0.25, 0.25), (0.1, 0.2, 0.7)):
        what = f"split_by_patient(patient_ids, {fractions})"
        ids = patients_with([3, 1, 6, 2, 4] * 4)
        lists = as_lists(submission.split_by_patient(ids, fractions), len(ids), what)
        counts = [len(patients) for patients in patients_of(lists, ids, what)]
        require_shares(counts, fractions, what, "patients", OF_PATIENTS)


@pytest.mark.points(0.25)
@pytest.mark.after("apart")
def test_seed(submission):
    """Patients are split at random: the same seed gives the same split, another seed another one."""
    ids = patients_with([2, 3] * 10)
    what = "split_by_patient(patient_ids, seed=seed)"

    def split(seed):
        return as_lists(submission.split_by_patient(ids, seed=seed), len(ids), what)

    def by_patient(seed):
        return [
            sorted(set(few[part].tolist())) for part in as_lists(submission.split_by_patient(few, seed=seed), 20, what)
        ]

    require_seeded(submission, split, what)
    few = patients_with([1, 3] * 5)
    require_random_choice(by_patient, what, "patient")
