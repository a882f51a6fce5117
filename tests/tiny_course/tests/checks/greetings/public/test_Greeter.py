"""Public checks of `Greeter`."""

import pytest

from autograder.checking import assert_equal, assert_raises

from .greeters import new_greeter

WORD = "Welcome"


@pytest.mark.points(1)
def test_word(submission):
    """The greeting has the word, the name and an exclamation mark."""
    greeting = new_greeter(submission, WORD).greet("Ada")
    assert_equal(greeting, "Welcome, Ada!", what='Greeter("Welcome").greet("Ada")')


@pytest.mark.points(0.5)
def test_empty_name(submission):
    """An empty name raises ValueError."""
    assert_raises(ValueError, new_greeter(submission).greet, "", what='greet("")')
