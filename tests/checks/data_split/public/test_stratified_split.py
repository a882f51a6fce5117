"""Stratified splits: complete, in proportion within each class, shuffled and reproducible."""

import pytest

from autograder.checking import fail

from .cohorts import quarter_sick
from .splits import DEFAULT, NAMES, as_lists, require_random_choice, require_random_order, require_seeded

pytestmark = [
    pytest.mark.uses("split_indices"),
    pytest.mark.hints(
        "Apply `split_indices` to each class separately; which indices belong to a class?",
        "Joined parts are ordered by class: shuffle once more. Different classes need different shuffles.",
    ),
]


@pytest.mark.points(0.25)
def test_complete(submission):
    """Each sample is in exactly one of the three splits."""
    for n in (100, 41):
        as_lists(submission.stratified_split(quarter_sick(n)), n, f"stratified_split of {n} labels")


@pytest.mark.points(0.75)
def test_balance(submission):
    """If one in four of 100 samples is sick, 15, 5 and 5 of the 25 sick ones are in the three splits."""
    for fractions in (DEFAULT, (0.4, 0.2, 0.4)):
        labels = quarter_sick(100)
        what = f"stratified_split(labels, {fractions})"
        lists = as_lists(submission.stratified_split(labels, fractions), 100, what)
        for label in (1, 0):
            counts = [int((labels[part] == label).sum()) for part in lists]
            shares = [fraction * (25 if label else 75) for fraction in fractions]
            if any(abs(count - share) > 1 + 1e-6 for count, share in zip(counts, shares, strict=True)):
                problem = f"{what} does not split the samples with label {label} in proportion."
                fail(
                    problem,
                    details=f"Expected {', '.join(f'{share:g}' for share in shares)} (each within one) of them in "
                    f"training, validation and test; got {', '.join(map(str, counts))}.",
                    cause="the samples are split regardless of their class; split each class separately",
                )


@pytest.mark.points(0.25)
@pytest.mark.after("complete")
def test_shuffled(submission):
    """The samples of each class are chosen at random, and the classes are mixed in each split."""
    labels = quarter_sick(400)
    lists = as_lists(submission.stratified_split(labels), 400, "stratified_split(labels)")
    for name, part in zip(NAMES, lists, strict=True):
        changes = int((labels[part].diff() != 0).sum())
        if changes < 10:  # about 30 in the smaller splits if random
            problem = f"The {name} split of stratified_split(labels) lists one class after the other."
            details = f"Of {len(part)} samples, the label changes {changes} times from one to the next."
            fail(problem, details=details, cause="the indices of the classes are joined but not shuffled afterwards")
    require_random_order(lists, "stratified_split(labels)")
    few = quarter_sick(20)

    def split(seed):
        return as_lists(submission.stratified_split(few, seed=seed), 20, "stratified_split(labels, seed=seed)")

    require_random_choice(split, "stratified_split(labels, seed=seed)")


@pytest.mark.points(0.25)
def test_seed(submission):
    """The same seed gives the same split, another seed another one."""
    labels = quarter_sick(48)

    def split(seed):
        return as_lists(submission.stratified_split(labels, seed=seed), 48, "stratified_split(labels, seed=seed)")

    require_seeded(submission, split, "stratified_split(labels, seed=seed)")
