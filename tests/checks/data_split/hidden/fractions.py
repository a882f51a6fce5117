"""Fractions that sum to 1 up to rounding."""

from autograder.checking import fail, phrase


def split_in(function, first, fractions, what):
    """Return ``function(first, fractions)``; fail if it rejects the fractions."""
    try:
        return function(first, fractions)
    except ValueError:
        problem = phrase("{what} rejects fractions that sum to 1.", what=what)
        fail(problem, cause="sums of floats are rounded: compare them with a tolerance, not with `==` or `!=`")
