"""The pointing game: any maps and masks, ties, and no finding at all."""

import math

import pytest
import torch

from autograder.checking import assert_equal, unchanged

from ..public.inputs import single_maximum


@pytest.mark.points(0.5)
def test_other_maps(submission):
    """The share is correct for maps of any size and sign, masks of any dtype, and maxima that occur twice."""
    places = [(0, 6), (4, 0), (2, 3), (3, 5), (1, 1)]
    for shift, dtype in ((0.0, torch.float32), (-3.0, torch.uint8), (7.0, torch.bool)):
        heatmaps = single_maximum(5, (5, 7), places) + shift
        masks = torch.zeros(5, 5, 7)
        for mask, (row, column) in zip(masks[:3], places, strict=False):
            mask[row, column] = 1  # three hits
        masks[2] = 1
        masks[3, 3, 4] = masks[3, 2, 5] = masks[3, 4, 6] = 1  # beside it
        result = submission.pointing_game(heatmaps.mT.contiguous().mT, masks.to(dtype))
        cause = "the index of the maximum runs over the whole map, row by row, or the sign of the map matters"
        assert_equal(result, 0.75, what="pointing_game of maps that are not square", rtol=1e-6, cause=cause)
    twice = torch.zeros(2, 4, 6)
    twice[:, 1, 4] = twice[:, 3, 0] = 2.0
    masks = torch.zeros(2, 4, 6, dtype=torch.bool)
    masks[0, 1, 4] = masks[1, 3, 0] = True
    cause = "of several equal maxima, the first counts, row by row"
    result = submission.pointing_game(twice, masks)
    assert_equal(result, 0.5, what="pointing_game of maps with two equal maxima", rtol=1e-6, cause=cause)


@pytest.mark.points(0.25)
def test_no_sample_left(submission):
    """If no sample has a finding, the share is NaN, and the inputs are not modified."""
    heatmaps, masks = torch.rand(3, 4, 4), torch.zeros(3, 4, 4, dtype=torch.bool)
    with unchanged(heatmaps, masks, what="pointing_game"):
        result = submission.pointing_game(heatmaps, masks)
    cause = "a share of nothing is neither 0 nor 1: return `float('nan')`"
    assert_equal(result, math.nan, what="pointing_game without any finding", cause=cause)
    masks = torch.ones(1, 4, 4)
    with unchanged(heatmaps, masks, what="pointing_game"):
        result = submission.pointing_game(heatmaps[:1], masks)
    assert_equal(result, 1.0, what="pointing_game of a single sample", rtol=1e-6)
