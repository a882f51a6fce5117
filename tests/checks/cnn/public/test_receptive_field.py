"""Public checks of `receptive_field`: layers with stride 1, and pooling between convolutions."""

import pytest

from autograder.checking import assert_equal

from .receptive_fields import field_mistakes

pytestmark = pytest.mark.hints(
    "Keep two numbers: the field so far, and how far apart two neighbours are, in pixels of the image.",
    "A layer adds (k − 1) times the distance so far; only after that its stride multiplies the distance.",
)


@pytest.mark.points(0.5)
def test_stride_one(submission):
    """Layers with stride 1: one 3×3 convolution sees 3 pixels, two see 5, three see 7."""
    for depth in (1, 2, 3):
        layers = [(3, 1)] * depth
        assert_equal(
            submission.receptive_field(layers),
            2 * depth + 1,
            what=f"receptive_field({layers})",
            mistakes=field_mistakes(layers),
        )


@pytest.mark.points(0.5)
@pytest.mark.hint("Write down how far apart two neighbours in a layer's input lie in the image.")
def test_pooling_between(submission):
    """A 2×2 pooling between two 3×3 convolutions gives 8 pixels; convolution and pooling in turn, twice, 10."""
    for layers, expected in (([(3, 1), (2, 2), (3, 1)], 8), ([(3, 1), (2, 2), (3, 1), (2, 2)], 10)):
        assert_equal(
            submission.receptive_field(layers),
            expected,
            what=f"receptive_field({layers})",
            mistakes=field_mistakes(layers),
        )
