"""Public checks of `receptive_field`: layers with stride 1, and pooling between convolutions."""

import pytest

from autograder.checking import assert_equal

from .receptive_fields import field_mistakes

pytestmark = pytest.mark.hints(
    "Keep two numbers: the field so far, and the distance of two neighbours in image pixels.",
    "A layer adds (k − 1) times the current distance; only then does its stride multiply the distance.",
)


@pytest.mark.points(0.5)
def test_stride_one(submission):
    """Layers with stride 1: one 3×3 convolution sees 3 pixels, two see 5, three see 7."""
    for depth in (1, 2, 3):
        layers = [(3, 1)] * depth
        result = submission.receptive_field(layers)
        assert_equal(result, 2 * depth + 1, what=f"receptive_field({layers})", mistakes=field_mistakes(layers))


@pytest.mark.points(0.5)
@pytest.mark.hint("Write down how far apart two neighbours in a layer's input are in the image.")
def test_pooling_between(submission):
    """2×2 pooling between two 3×3 convolutions gives 8 pixels; two pairs of convolution and pooling give 10."""
    for layers, expected in (([(3, 1), (2, 2), (3, 1)], 8), ([(3, 1), (2, 2), (3, 1), (2, 2)], 10)):
        result = submission.receptive_field(layers)
        assert_equal(result, expected, what=f"receptive_field({layers})", mistakes=field_mistakes(layers))
