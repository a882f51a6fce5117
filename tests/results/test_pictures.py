"""Pictures of checks: their limits, their stored form, the functions that checks call, and how they are drawn."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

from autograder.checking import CheckFailure, assert_tensor, show_confusion, show_curves, show_images
from autograder.results import rendering
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status
from autograder.results.pictures import (
    MAX_PICTURES,
    MAX_SIDE,
    Picture,
    make_picture,
    read_picture,
    take_shown,
    to_record,
)
from autograder.results.rendering import as_html, as_text

SQUARE = [[0.0, 1.0], [2.0, 3.0]]
IMAGES = make_picture("images", "What it is", [("an image", SQUARE), ("another", [[1.0]])])
DIFFERENCE = make_picture("difference", "Both", [("expected", SQUARE), ("yours", SQUARE), ("wrong", SQUARE)])
CURVES = make_picture("curves", "The loss", [("yours", [[1.0, 0.5, math.nan]]), ("reference", [[2.0]])])
CONFUSION = make_picture("confusion", "At the end", [("yours", [[8, 2], [1, 9]])])
ALL = [IMAGES, DIFFERENCE, CURVES, CONFUSION]


@pytest.fixture(autouse=True)
def nothing_shown_before():
    take_shown()


def shown() -> Picture:
    (picture,) = take_shown()
    return picture


@pytest.mark.parametrize("picture", ALL, ids=lambda picture: picture.kind)
def test_a_picture_is_stored_and_read(picture):
    again = read_picture(to_record(picture))
    assert to_record(again) == to_record(picture)
    assert (again.kind, again.title) == (picture.kind, picture.title)


def test_numbers_have_three_digits():
    picture = make_picture("images", "It", [("it", [[1 / 3, 123456.0, 1e-12]])])
    assert to_record(picture)[2] == [["it", ["0.333 1.23e+05 1e-12"]]]
    assert picture.parts[0].rows == ((0.333, 123000.0, 1e-12),)


def test_titles_and_labels_are_made_printable():
    picture = make_picture("images", "a\nb\x1b[31m" + "x" * 500, [("\u202eyours", [[1.0]])])
    assert not {"\x1b", "\n"} & set(picture.title)
    assert len(picture.title) <= 60
    assert picture.parts[0].label == "\N{REPLACEMENT CHARACTER}yours"


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("film", [("it", [[1.0]])]),
        ("images", []),
        ("images", [("it", [[1.0]])] * 7),
        ("images", [("it", [])]),
        ("images", [("it", [[]])]),
        ("images", [("it", [[1.0], [1.0, 2.0]])]),
        ("images", [("it", [[1.0]] * (MAX_SIDE + 1))]),
        ("images", [("it", [[1.0] * (MAX_SIDE + 1)])]),
        ("curves", [("it", [[1.0], [2.0]])]),
        ("confusion", [("it", [[1.0, 2.0]])]),
        ("confusion", [("it", [[1.0, 2.0], [3.0, -1.0]])]),
        ("confusion", [("it", [[1.0, 2.0], [3.0, math.nan]])]),
        ("difference", [("it", [[1.0]])] * 2),
        ("difference", [("it", [[1.0]]), ("it", [[1.0]]), ("it", [[1.0, 2.0]])]),
    ],
)
def test_invalid_pictures_are_refused(kind, parts):
    with pytest.raises(ValueError, match=r"."):
        make_picture(kind, "It", parts)


# --- Functions that checks call ---------------------------------------------------------------------------------


def test_a_wrong_value_is_shown_beside_the_right_one():
    want = torch.arange(18.0).reshape(2, 3, 3)
    got = want.clone()
    got[1, 0, 2] = -1
    with pytest.raises(CheckFailure):
        assert_tensor(got, want)
    picture = shown()
    assert (picture.kind, picture.title) == ("difference", "Expected and yours at [1]")
    assert [part.rows for part in picture.parts] == [
        tuple(tuple(row) for row in tensor.tolist()) for tensor in (want[1], got[1], (got != want)[1].float())
    ]


@pytest.mark.parametrize("shape", [(), (5,), (1, 5), (5, 1), (2, MAX_SIDE + 1)])
def test_no_picture_for_shapes_that_a_message_describes_better(shape):
    with pytest.raises(CheckFailure):
        assert_tensor(torch.ones(shape), torch.zeros(shape))
    assert take_shown() == ()


def test_what_passes_shows_nothing():
    assert_tensor(torch.ones(3, 3), torch.ones(3, 3))
    assert take_shown() == ()


def test_images_curves_and_counts():
    show_images("Maps", {"image": torch.ones(2, 3), "map": np.eye(2, dtype=bool)})
    assert [part.rows for part in shown().parts] == [((1.0,) * 3,) * 2, ((1.0, 0.0), (0.0, 1.0))]
    show_curves("Loss", {"yours": [1.0, 0.5], "reference": (2, 1)})
    assert [part.rows for part in shown().parts] == [((1.0, 0.5),), ((2.0, 1.0),)]
    show_confusion("End", torch.tensor([1.0, 1, 0, 1]), torch.tensor([1, 0, 0, 1]))
    assert [part.rows for part in shown().parts] == [((1.0, 1.0), (0.0, 2.0))]


def test_what_cannot_be_drawn_does_not_fail_a_check():
    for wrong in (None, "text", torch.ones(3), torch.ones(100, 100), object(), [["a", "b"]], [[1], [1, 2]]):
        show_images("It", {"it": wrong})
    show_curves("It", {"it": [None]})
    show_curves("It", {"it": [10**400]})
    show_confusion("It", torch.ones(2, 2), torch.ones(2))
    assert take_shown() == ()


def test_the_number_of_pictures_per_check_is_limited():
    for _ in range(MAX_PICTURES + 2):
        show_images("It", {"it": torch.ones(2, 2)})
    assert len(take_shown()) == MAX_PICTURES


# --- Results, and how they are drawn ----------------------------------------------------------------------------


def with_pictures(*pictures: Picture) -> QuestionResult:
    check = CheckResult("it", "It.", "public", Outcome.FAILED, 0.0, 1.0, "Wrong.", pictures=pictures)
    return QuestionResult("q", (check,))


def test_results_store_pictures_only_if_there_are_any():
    result = Result("ann", "e", "1", "d", "c", "env", "A", Status.GRADED, (with_pictures(IMAGES, DIFFERENCE),))
    assert Result.from_json(result.to_json()) == result
    without = Result("ann", "e", "1", "d", "c", "env", "A", Status.GRADED, (with_pictures(),))
    assert b"pictures" not in without.to_json()
    assert Result.from_json(without.to_json()) == without


@pytest.mark.parametrize("picture", ALL, ids=lambda picture: picture.kind)
def test_a_table_draws_it_and_plain_text_goes_without(picture):
    html = as_html("q", with_pictures(picture))
    assert picture.title in html
    assert all(part.label in html for part in picture.parts if picture.kind != "difference")
    assert picture.title not in as_text("q", with_pictures(picture))


def test_titles_and_labels_are_escaped():
    for kind, rows in (("images", SQUARE), ("curves", [[1.0, 2.0]]), ("confusion", [[1, 0], [0, 1]])):
        html = rendering.picture_as_html(make_picture(kind, "<b>&", [('"><script>', rows)]))
        assert "<script" not in html
        assert "<b>" not in html


def test_odd_numbers_are_drawn():
    odd = [[math.nan, math.inf], [-math.inf, 1.0]]
    for picture in (
        make_picture("images", "It", [("nothing but", [[math.nan]]), ("some", odd), ("constant", [[2.0, 2.0]])]),
        make_picture("difference", "It", [("a", odd), ("b", odd), ("c", odd)]),
        make_picture("difference", "It", [(name, [[math.nan] * 20] * 20) for name in "abc"]),
        make_picture("curves", "It", [("a", [[math.nan, math.inf]]), ("b", [[1.0]])]),
    ):
        assert "<figure" in rendering.picture_as_html(picture)
    points = re.findall(r'points="([^"]*)"', rendering.picture_as_html(picture))
    assert points[0] == ""
    assert "nan" not in points[1]


def test_small_differences_are_numbers_and_large_ones_images():
    def pieces(side: int) -> tuple[int, int]:
        parts = [(name, np.eye(side).tolist()) for name in ("expected", "yours", "wrong")]
        html = rendering.picture_as_html(make_picture("difference", "It", parts))
        return html.count("<table"), html.count("<img")

    assert pieces(8) == (2, 0)
    assert pieces(9) == (0, 3)
