"""Hidden checks of `add`."""

import math
from itertools import chain, repeat

import pytest

from autograder.checking import assert_equal

from ..public.counting import INVITATIONS, guests

# Counted by hidden checks only.
CROWD = list(chain(INVITATIONS, repeat(1, 40)))


# A hidden remark about crowds.
@pytest.mark.points(1)
@pytest.mark.after("two_invitations")
def test_large_crowd(submission):
    """A crowd is counted to the last guest."""
    assert_equal(guests(submission, CROWD), 45, what="add(invitations)")
    # the end of a hidden check


@pytest.mark.points(1)
def test_nobody_invited(submission):
    """No invitations give 0 guests."""
    assert_equal(submission.add([]), 0, what="add([])")
    assert_equal(submission.add([0.1, 0.2]), math.fsum([0.1, 0.2]), atol=1e-9, what="add(fractions)")
