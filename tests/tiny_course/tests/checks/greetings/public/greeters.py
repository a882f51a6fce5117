"""A student's greeter."""

from autograder.checking import assert_has


def new_greeter(submission, *arguments):
    """Return a student's greeter; fail unless it has the required attributes."""
    greeter = submission.Greeter(*arguments)
    assert_has(greeter, "greet", "greeted", what="Greeter(word)")
    return greeter
