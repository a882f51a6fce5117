"""The pointing game: a few maps that can be followed by hand."""

import pytest
import torch

from autograder.checking import assert_equal

from .inputs import single_maximum

pytestmark = pytest.mark.hints(
    "Flatten each map: `argmax` gives one place a sample. What does the mask say there?",
    "Leave out samples without a finding before you average; without any sample the answer is NaN.",
)


@pytest.mark.points(0.75)
def test_three_maps(submission):
    """Of three maps, two have their maximum inside the finding: 2/3."""
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
    assert_equal(
        submission.pointing_game(heatmaps, masks),
        2 / 3,
        what="pointing_game(heatmaps, masks)",
        rtol=1e-6,
        mistakes={
            "the number of hits is returned; it is their share": 2,
            "the number of hits is returned; it is their share (a float)": 2.0,
            "a map counts as a hit where any large value lies inside; it is the largest": 1.0,
            "the share of misses is returned": 1 / 3,
            "the maximum over all maps is taken; each map has its own": 1 / 3,
        },
        cause="follow the three maps by hand",
    )


@pytest.mark.points(0.5)
def test_without_finding(submission):
    """Samples without a finding do not count."""
    heatmaps = single_maximum(4, (3, 3), [(0, 0), (1, 2), (2, 2), (1, 1)])
    masks = torch.zeros(4, 3, 3, dtype=torch.bool)
    masks[0, :2, :2] = masks[1, 0, 0] = True  # a hit and a miss, and two samples without a finding
    assert_equal(
        submission.pointing_game(heatmaps, masks),
        0.5,
        what="pointing_game where two of four samples have no finding",
        rtol=1e-6,
        mistakes={
            "samples without a finding count as misses": 0.25,
            "samples without a finding count as hits": 0.75,
        },
    )
