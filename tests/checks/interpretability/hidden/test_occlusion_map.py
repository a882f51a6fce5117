"""Occlusion maps: every setting, uncovered pixels, model state, and findings of the frozen model."""

import math
from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor, assert_true, send_function

from ..public.model_state import leaves_model, train_all_but_dropout
from ..public.models import network, weighted_sum
from .comparisons import CLOSE, EVALUATION
from .experiments import CHANGES, FINDS, NOT_THE_MODEL, OCCLUSION_CHANGES, OCCLUSION_FINDS
from .model_changes import fill_gradients


def reference_occlusion(model, image, patch_size=4, stride=2, fill=0.0, *, mode="mean"):
    """Return the map, computed patch by patch; ``mode`` makes a typical mistake."""
    _, height, width = image.shape
    total, covered = torch.zeros(height, width), torch.zeros(height, width)
    with torch.no_grad():
        before = model(image[None])[0]
        over = mode == "over the border"
        for top in range(0, height if over else height - patch_size + 1, stride):
            for left in range(0, width if over else width - patch_size + 1, stride):
                rows, columns = slice(top, top + patch_size), slice(left, left + patch_size)
                changed = image.clone()
                changed[slice(0, 1) if mode == "first channel" else slice(None), rows, columns] = fill
                after = model(changed[None])[0]
                drop = before.sigmoid() - after.sigmoid() if mode == "probability" else before - after
                if mode == "maximum":
                    total[rows, columns] = torch.maximum(total[rows, columns], drop)
                elif mode == "last":
                    total[rows, columns] = drop
                else:
                    total[rows, columns] += drop
                covered[rows, columns] += 1
    return total / covered.clamp(min=1) if mode not in ("sum", "maximum", "last") else total


def occlusion_mistakes(model, image, patch_size=4, stride=2, fill=0.0):
    """Return what occlusion_map gives after each typical mistake: cause → value."""

    def after(mode="mean", **changed):
        settings = {"patch_size": patch_size, "stride": stride, "fill": fill} | changed
        return reference_occlusion(model, image, **settings, mode=mode)

    right = after()
    return {
        "the drop has the wrong sign: it is the original logit minus the occluded one": -right,
        "the drops are summed; a pixel gets their mean": after("sum"),
        "the largest drop is taken; a pixel gets the mean": after("maximum"),
        "a later patch overwrites an earlier one; a pixel gets the mean of all patches on it": after("last"),
        "patches cross the border of the image; they must be inside": after("over the border"),
        "this is the drop of the probability, not of the logit": after("probability"),
        "negative drops are cut off; keep them": right.relu(),
        "the absolute value is taken; keep the sign": right.abs(),
        "the map is scaled by its maximum; do not scale it": right / right.max(),
        "rows and columns are swapped": right.T,
        "`fill` is ignored: patches are filled with 0": after(fill=0.0),
        "the stride is ignored: the patches start at every pixel": after(stride=1),
        "the patches step by their own size, not by the stride": after(stride=patch_size),
        "only the first channel is occluded; a patch hides all channels": after("first channel"),
    }


@pytest.mark.points(0.5)
def test_settings(submission):
    """The map is correct for other sizes, strides, fills and channels, and for images that are not square."""
    model, ours = send_function(submission, network)(2, False), network(2, False)
    for image, settings in (
        (torch.rand(2, 12, 8), {}),
        (torch.rand(2, 9, 14), {"patch_size": 3, "stride": 1}),
        (torch.rand(2, 14, 8).mT, {"patch_size": 5, "stride": 3, "fill": 0.7}),
        (torch.rand(2, 8, 12), {"patch_size": 2, "stride": 3, "fill": -1.0}),
    ):
        result = submission.occlusion_map(model, image, **settings)
        expected = reference_occlusion(ours, image, **settings)
        mistakes = partial(occlusion_mistakes, ours, image, **settings)
        assert_tensor(result, expected, what="occlusion_map of a convolutional network", mistakes=mistakes, **CLOSE)


@pytest.mark.points(0.25)
def test_uncovered(submission):
    """Pixels that no patch covers are 0, even if no patch fits into the image."""
    image = torch.rand(1, 8, 11) + 0.5
    model = send_function(submission, weighted_sum)(torch.ones(1, 8, 11))
    for patch_size, stride in ((4, 3), (2, 4), (12, 2), (9, 1)):
        reached = reference_occlusion(weighted_sum(torch.ones(1, 8, 11)), image, patch_size, stride) != 0
        drops = submission.occlusion_map(model, image, patch_size=patch_size, stride=stride)
        call = "occlusion_map where some pixels are not covered"
        cause = "the mean over no patches is 0 / 0"
        assert_tensor(drops, torch.zeros(8, 11), what=call, atol=math.inf, cause=cause)
        cause = "a patch is partly outside the image, or an extra one is placed at the border"
        assert_tensor(drops[~reached], torch.zeros(int((~reached).sum())), what=call, cause=cause)


@pytest.mark.points(0.25)
def test_leaves_all_as_found(submission):
    """The map is computed in evaluation mode without a graph, and neither model nor image is modified."""
    build = send_function(submission, network)
    image, call = torch.rand(1, 8, 8), "occlusion_map of a model in training mode"
    expected = submission.occlusion_map(build(1, False), image)
    assert_tensor(expected, torch.zeros(8, 8), what="occlusion_map of a network", atol=math.inf)
    model = build(1, False)
    send_function(submission, fill_gradients)(model)
    send_function(submission, train_all_but_dropout)(model)
    drops = leaves_model(submission, model, image, call, submission.occlusion_map, model, image)
    assert_tensor(drops, expected.detach(), what=call, cause=EVALUATION, **CLOSE)
    cause = "no gradient is needed here; `torch.no_grad()` saves memory and time"
    assert_true(not drops.requires_grad, "occlusion_map is still part of a graph: it requires a gradient.", cause=cause)


@pytest.mark.points(0.25)
@pytest.mark.timeout(20)
def test_finds_the_opacity(submission):
    """In images that a trained model classifies correctly, the largest drop is nearly always at an opacity."""
    OCCLUSION_FINDS.check(submission, what=FINDS, cause="rows and columns swapped, or the sign of the drop")


@pytest.mark.points(0.25)
@pytest.mark.timeout(20)
def test_depends_on_the_weights(submission):
    """Randomising the weights changes the map."""
    OCCLUSION_CHANGES.check(submission, what=CHANGES, cause=NOT_THE_MODEL)
