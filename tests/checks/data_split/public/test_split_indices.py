"""Random splits of indices: complete, in proportion, shuffled and reproducible."""

import pytest

from autograder.checking import fail

from .splits import DEFAULT, as_lists, require_random_choice, require_random_order, require_refusal, require_seeded

pytestmark = pytest.mark.hints(
    "Shuffle all indices once, then cut the list in two places. Where are the cuts?",
    "Rounding sizes separately can lose a sample: round the cumulative sums. Use a generator of your own.",
)


@pytest.mark.points(0.5)
def test_complete(submission):
    """Each sample is in exactly one of the three splits."""
    for n in (100, 9, 33):
        as_lists(submission.split_indices(n), n, f"split_indices({n})")


@pytest.mark.points(0.25)
def test_shares(submission):
    """Of 100 samples, 60 are for training, 20 for validation and 20 for test; other fractions work too."""
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
@pytest.mark.after("complete")
def test_shuffled(submission):
    """The samples are shuffled: any sample can be in any split, and each split is in random order."""
    require_random_order(as_lists(submission.split_indices(100), 100, "split_indices(100)"), "split_indices(100)")

    def split(seed):
        return as_lists(submission.split_indices(20, seed=seed), 20, "split_indices(20, seed=seed)")

    require_random_choice(split, "split_indices(20, seed=seed)")


@pytest.mark.points(0.25)
def test_seed(submission):
    """The same seed gives the same split, another seed another one."""

    def split(seed):
        return as_lists(submission.split_indices(50, seed=seed), 50, "split_indices(50, seed=seed)")

    require_seeded(submission, split, "split_indices(50, seed=seed)")


@pytest.mark.points(0.25)
def test_wrong_fractions(submission):
    """Fractions that do not sum to 1 raise ValueError."""
    require_refusal(submission.split_indices, 100, "split_indices")
