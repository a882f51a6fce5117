"""The statistics behind thresholds, against published tables and simulated answers."""

from __future__ import annotations

import random

import pytest

from autograder.checking.experiments import SEEDS
from autograder.proving.threshold import (
    FEWEST_SEEDS,
    MAX_FAILURE,
    NoThreshold,
    Summary,
    choose_threshold,
    clopper_pearson,
    failure_bounds,
    highest_threshold,
    shortfall,
)


@pytest.mark.parametrize(
    ("failures", "n", "limit"), [(0, 30, 0.0950), (1, 30, 0.1486), (0, 240, 0.0124), (3, 20, 0.3437), (30, 30, 1.0)]
)
def test_clopper_pearson_agrees_with_tables(failures, n, limit):
    assert clopper_pearson(failures, n) == pytest.approx(limit, abs=1e-4)


def test_fewest_seeds_is_the_smallest_number_that_can_show_max_failure():
    assert clopper_pearson(0, FEWEST_SEEDS) ** len(SEEDS) <= MAX_FAILURE
    assert clopper_pearson(0, FEWEST_SEEDS - 1) ** len(SEEDS) > MAX_FAILURE


def test_without_deviation_the_shortfall_is_certain():
    assert shortfall(Summary.of([0.9] * 30, 0.9), 0.9) == 0
    assert shortfall(Summary.of([0.9] * 30, 0.91), 0.91) == 1


def runs(mean, deviation, n=30, seed=0):
    generator = random.Random(seed)
    return [min(1.0, generator.gauss(mean, deviation)) for _ in range(n)]


def test_one_failure_in_thirty_is_too_many_and_in_sixty_it_is_not():
    values = [0.5, *[0.9] * 29]
    assert highest_threshold({"a": values}) == 0.5
    assert highest_threshold({"a": [*values, *[0.9] * 30]}) == 0.82  # by Student's t: counting would allow 0.90


def test_the_threshold_lies_between_with_room_on_both_sides():
    rights = {"a": runs(0.93, 0.01), "b": runs(0.95, 0.005, seed=1)}
    choice = choose_threshold(rights, {"inverted": [0.1, 0.2], "linear": [0.76, 0.74], "crashes": []})
    assert (choice.lowest, choice.highest, choice.threshold) == (0.76, 0.90, 0.83)
    summaries = {label: Summary.of(values, choice.threshold) for label, values in rights.items()}
    assert max(failure_bounds(summaries, choice.threshold).values()) <= MAX_FAILURE


@pytest.mark.parametrize("best_wrong", [0.8, 0.85, 0.87, 0.889, 0.8999])
def test_a_wrong_answer_never_reaches_the_threshold(best_wrong):
    choice = choose_threshold({"a": [0.905] * 30}, {"wrong": [best_wrong, 0.1]})
    assert best_wrong < choice.threshold <= 0.9


@pytest.mark.parametrize("best_wrong", [0.9, 0.95])
def test_without_room_there_is_no_threshold_and_the_message_names_both_sides(best_wrong):
    with pytest.raises(NoThreshold, match=rf"“linear” reaches {best_wrong:.3f}; but .* “loops” falls to 0.905"):
        choose_threshold({"loops": [0.905] * 30, "fast": [0.99] * 30}, {"linear": [best_wrong], "other": [0.1]})


def test_a_right_answer_that_often_fails_is_named():
    with pytest.raises(NoThreshold, match=r"is low enough for “dies”$"):
        choose_threshold({"dies": [*[0.0] * 10, *[0.9] * 20], "b": [0.9] * 30}, {"linear": [0.5]})


def test_the_promise_holds_where_the_distribution_is_known():
    """In nearly all calibrations, answers with normally distributed results fail less often than the bound says."""
    generator = random.Random(7)
    broken = 0
    for trial in range(100):
        values = runs(0.9, 0.02, seed=trial)
        threshold = highest_threshold({"a": values})
        falls = sum(generator.gauss(0.9, 0.02) < threshold for _ in range(2000)) / 2000
        broken += falls ** len(SEEDS) > MAX_FAILURE
    assert broken <= 0.05 * 100


def test_few_runs_count_together_but_each_answers_deviation_counts_for_itself():
    steady = {"solution": [0.95] * 30, **{f"style {n}": [0.93] * 10 for n in range(4)}}
    assert highest_threshold(steady) == 0.93
    assert highest_threshold({"only": [0.93] * 29}) == 0.93
    with pytest.raises(NoThreshold, match="“only”"):
        highest_threshold({"only": [0.93] * 10})
    assert highest_threshold(steady | {"swings": [0.95, 0.75] * 5}) == 0.69
