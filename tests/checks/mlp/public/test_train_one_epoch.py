"""Public checks of `train_one_epoch`: where its steps lead, and the loss that it returns."""

import pytest

from .epochs import assert_golden, assert_mean_loss

pytestmark = pytest.mark.hints(
    "For each batch: clear the gradients, forward, loss, backward, step.",
    "The loss is a mean over the batch: weight it by the batch size, as the last batch may be smaller.",
)


@pytest.mark.points(0.75)
@pytest.mark.timeout(20)
def test_steps(submission):
    """After four batches of eight, the parameters are those of four steps of gradient descent."""
    assert_golden(submission, 32, 8, 0.5)


@pytest.mark.points(0.5)
def test_mean_loss(submission):
    """The return value is the mean loss over the samples, as a float."""
    assert_mean_loss(submission, 24, 6)
