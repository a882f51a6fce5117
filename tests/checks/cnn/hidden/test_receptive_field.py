"""Hidden checks of `receptive_field`: no layers, and strides that multiply."""

import pytest

from autograder.checking import assert_equal

from ..public.receptive_fields import field_mistakes, right_field


@pytest.mark.points(0.25)
def test_no_layers(submission):
    """Without layers the receptive field is 1."""
    call = "receptive_field of no layers"
    assert_equal(submission.receptive_field([]), 1, what=call, cause="a pixel sees itself")
    assert_equal(submission.receptive_field([(1, 1)]), 1, what="receptive_field of a 1×1 convolution")


@pytest.mark.points(0.75)
@pytest.mark.hint("Work out a stack with two strides by hand, from one value of the last layer back to the image.")
def test_strides_accumulate(submission):
    """The strides of all earlier layers multiply, in stacks of any depth and order, also in a tuple."""
    stacks = (
        [(7, 2), (3, 2), (3, 1), (3, 1), (3, 2)],
        [(3, 2)] * 4,
        [(5, 3), (2, 2), (4, 1)],
        [(1, 2), (3, 1), (1, 3), (5, 2)],
        [(2, 2), (3, 1), (2, 2), (3, 1), (2, 2)],
        [(3, 1), (2, 2)] * 12,
    )
    for layers in stacks:
        result = submission.receptive_field(tuple(layers))
        assert_equal(result, right_field(layers), what="receptive_field(layers)", mistakes=field_mistakes(layers))
