"""The pointing game: a few maps that can be checked by hand."""

import pytest
import torch

from autograder.checking import assert_equal

from .inputs import single_maximum

pytestmark = pytest.mark.hints(
    "Flatten each map: `argmax` gives one index per sample. What does the mask say there?",
    "Drop samples without a finding before you average; if none is left, the answer is NaN.",
)


@pytest.mark.points(0.75)
def test_three_maps(submission):
    """If two of three maps have their maximum inside the finding, the result is 2/3."""
    heatmaps = torch.tensor(
        [
            [[0.1, 0.9, 0.2], [0.0, 0.3, 0.1]],  # inside
            [[0.4, 0.4, 0.4], [0.4, 0.4, 0.8]],  # inside
            [[0.7, 0.6, 0.6], [0.1, 0.6, 0.6]],  # outside, by a pixel
        ]
    )
    masks = torch.zeros(3, 2, 3, dtype=torch.bool)
    masks[0, :, 1] = masks[1, 1, 2] = True
    masks[2, :, 1:] = True
    result = submission.pointing_game(heatmaps, masks)
    call = "pointing_game(heatmaps, masks)"
    mistakes = {
        "this is the number of hits, not their share": 2,
        "this is the number of hits as a float, not their share": 2.0,
        "a map counts as a hit if any large value is inside; only the largest counts": 1.0,
        "this is the share of misses": 1 / 3,
        "the maximum over all maps is taken; each map has its own": 1 / 3,
    }
    assert_equal(result, 2 / 3, what=call, rtol=1e-6, mistakes=mistakes, cause="work through the three maps by hand")


@pytest.mark.points(0.5)
def test_without_finding(submission):
    """Samples without a finding do not count."""
    heatmaps = single_maximum(4, (3, 3), [(0, 0), (1, 2), (2, 2), (1, 1)])
    masks = torch.zeros(4, 3, 3, dtype=torch.bool)
    masks[0, :2, :2] = masks[1, 0, 0] = True  # a hit and a miss, and two samples without a finding
    call = "pointing_game where two of four samples have no finding"
    mistakes = {"samples without a finding count as misses": 0.25, "samples without a finding count as hits": 0.75}
    assert_equal(submission.pointing_game(heatmaps, masks), 0.5, what=call, rtol=1e-6, mistakes=mistakes)
