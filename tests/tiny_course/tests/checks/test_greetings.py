"""Checks of the greetings: the hidden ones try generators and what is remembered."""

import math
from itertools import chain, repeat

import pytest

from autograder.checking import assert_equal, assert_has, assert_raises

# Two invitations, for two and for three.
INVITATIONS = [2, 3]

# What only hidden checks count.
CROWD = list(chain(INVITATIONS, repeat(1, 40)))


def guests(submission, invitations):
    """Return how many guests the student's code counts."""
    return submission.add(invitations)


def crowd_of(submission):
    """Return the size of the crowd."""
    return guests(submission, CROWD)


@pytest.mark.question("add")
class TestAdd:
    @pytest.mark.public
    @pytest.mark.points(1)
    @pytest.mark.hint("Go through the numbers, and keep what you have so far.")
    def test_two_invitations(self, submission):
        """Invitations for two and three make five guests."""
        # The sum is 2 + 3.
        assert_equal(guests(submission, INVITATIONS), 5, what="add([2, 3])")

    # A hidden remark about crowds.
    @pytest.mark.points(1)
    @pytest.mark.after("two_invitations")
    def test_large_crowd(self, submission):
        """A crowd is counted to the last guest."""
        assert_equal(crowd_of(submission), 45, what="add(invitations)")
        # the end of a hidden check

    @pytest.mark.points(1)
    def test_nobody_invited(self, submission):
        """Nobody invited, nobody comes."""
        assert_equal(submission.add([]), 0, what="add([])")
        assert_equal(submission.add([0.1, 0.2]), math.fsum([0.1, 0.2]), atol=1e-9, what="add(fractions)")


@pytest.mark.question("Greeter")
class TestGreeter:
    WORD = "Welcome"
    SECRET_WORD = "Salve"

    @pytest.mark.points(1)
    def test_remembers_everybody(self, submission):
        """The greeter remembers whom it greeted, in order."""
        greeter = self._greeter(submission, self.SECRET_WORD)
        for name in ("Emmy", "Sofja"):
            greeter.greet(name)
        assert_equal(greeter.greeted, ["Emmy", "Sofja"], what="greeter.greeted")

    @pytest.mark.public
    @pytest.mark.points(1)
    def test_word(self, submission):
        """The greeting has the word, the name and an exclamation mark."""
        assert_equal(self._greeting(submission, "Ada"), "Welcome, Ada!", what='Greeter("Welcome").greet("Ada")')

    @pytest.mark.public
    @pytest.mark.points(0.5)
    def test_empty_name(self, submission):
        """An empty name raises ValueError."""
        assert_raises(ValueError, self._greeter(submission).greet, "", what='greet("")')

    def _greeting(self, submission, name):
        return self._greeter(submission, self.WORD).greet(name)

    def _greeter(self, submission, *arguments):
        greeter = submission.Greeter(*arguments)
        assert_has(greeter, "greet", "greeted", what="Greeter(word)")
        return greeter
