"""Hidden checks of `fit`."""

import pytest

from .experiments import NARROW


@pytest.mark.points(2)
@pytest.mark.after("three_weights")
def test_separates_the_clouds(submission):
    """The line separates points that it was not trained on."""
    NARROW.check(submission, what="The accuracy of what fit returns", cause="labels mixed up, or no step made")
