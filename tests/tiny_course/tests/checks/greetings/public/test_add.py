"""Public checks of `add`."""

import pytest

from autograder.checking import assert_equal

from .counting import INVITATIONS, guests

pytestmark = pytest.mark.hints("Begin with the empty list.")


@pytest.mark.points(1)
@pytest.mark.hint("Go through the numbers and keep the sum so far.")
def test_two_invitations(submission):
    """Invitations for two and three make five guests."""
    # The sum is 2 + 3.
    assert_equal(guests(submission, INVITATIONS), 5, what="add([2, 3])")
