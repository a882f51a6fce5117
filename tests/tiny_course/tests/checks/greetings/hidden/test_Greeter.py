"""Hidden checks of `Greeter`."""

import pytest

from autograder.checking import assert_equal

from ..public.greeters import new_greeter

SECRET_WORD = "Salve"


@pytest.mark.points(1)
def test_remembers_everybody(submission):
    """The greeter remembers whom it greeted, in order."""
    greeter = new_greeter(submission, SECRET_WORD)
    for name in ("Emmy", "Sofja"):
        greeter.greet(name)
    assert_equal(greeter.greeted, ["Emmy", "Sofja"], what="greeter.greeted")
