"""Fractions that sum to 1 except for rounding."""

from autograder.checking import fail


def split_in(function, first, fractions, what):
    """Return ``function(first, fractions)``; fail where it refuses the fractions."""
    try:
        return function(first, fractions)
    except ValueError:
        fail(
            f"{what} refuses fractions that sum to 1.",
            cause="sums of floats are rounded: compare them with a tolerance, not with `==` or `!=`",
        )
