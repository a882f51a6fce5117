"""Make a greeter and see what it can do."""

from autograder.checking import assert_has


def new_greeter(submission, *arguments):
    """Return a greeter that has all that is asked for."""
    greeter = submission.Greeter(*arguments)
    assert_has(greeter, "greet", "greeted", what="Greeter(word)")
    return greeter
