"""Edge detection: any image, float64, and gradients."""

from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from ..public.by_hand import by_hand
from ..public.lecture import EDGE_KERNEL
from ..public.mistakes import edge_mistakes
from ..public.reference import CLOSE, single, whole_numbers
from .gradients import check_gradients
from .precision import DOWNCAST, EXACT

pytestmark = pytest.mark.after("by_hand")


@pytest.mark.points(0.5)
def test_other_images(submission):
    """Images of any shape and contrast work, contiguous or not."""
    for image in (torch.rand(7, 4), torch.rand(3, 8), 50 * whole_numbers(6, 6), torch.rand(9, 5).T[:, ::2]):
        result = by_hand(submission, "detect_edges")(image)
        expected = single(image, EDGE_KERNEL, padding=1)
        assert_tensor(result, expected, what="detect_edges(image)", **CLOSE, mistakes=partial(edge_mistakes, image))


@pytest.mark.points(0.25)
def test_inputs(submission):
    """The image is not modified, and a float64 image gives a float64 output."""
    image = torch.rand(5, 6).double()
    with unchanged(image, what="detect_edges"):
        output = by_hand(submission, "detect_edges")(image)
    call = "detect_edges(image) of a float64 image"
    expected = single(image, EDGE_KERNEL.double(), padding=1)
    assert_tensor(output, expected, what=call, cause=DOWNCAST, **EXACT)


@pytest.mark.points(0.25)
@pytest.mark.hint("Use only tensor operations from input to output.")
def test_gradients(submission):
    """Gradients flow back to the image."""

    def reference(image):
        return single(image, EDGE_KERNEL, padding=1)

    inputs = {"image": torch.rand(5, 6)}
    check_gradients(by_hand(submission, "detect_edges"), reference, inputs, "detect_edges(image)")
