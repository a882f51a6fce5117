"""Guests that checks of `add` count."""

# Two invitations, for two guests and for three.
INVITATIONS = [2, 3]


def guests(submission, invitations):
    """Return how many guests the student's code counts."""
    return submission.add(invitations)
