"""Public checks of `EarlyStopping`: when it stops, and which loss is the best so far."""

import pytest

from .early_stopping import assert_stops

pytestmark = pytest.mark.hints(
    "What do you have to remember from one step to the next? Two things.",
    "An improvement resets the count. NaN never is one: ask if the loss is lower, not if it is not higher.",
)


@pytest.mark.points(0.5)
def test_patience(submission):
    """With a patience of 2, it stops at the second step in a row without improvement."""
    off_by_one = "with a patience of 2, two steps without improvement are enough, one is not"
    reset = "the count restarts from 0 after an improvement"
    assert_stops(
        submission,
        [1.0, 0.8, 0.9, 0.7, 0.75, 0.72],
        [False, False, False, False, False, True],
        [1.0, 0.8, 0.8, 0.7, 0.7, 0.7],
        " with a patience of 2",
        mistakes={
            (2, True): off_by_one,
            (4, True): reset,
            (5, False): off_by_one,
            (0, True): "the first loss is an improvement",
        },
        patience=2,
    )
