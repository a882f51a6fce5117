"""Where to put a threshold between right and wrong answers, and how sure one may be of it.

An answer passes when the best of three fixed seeds reaches the threshold. How often a right answer fails is
bounded in two ways, because neither is enough alone, and the worse one counts:

- by counting, without any assumption on the distribution: the upper 95 % limit of Clopper and Pearson
  for the share of runs that fall short; of the answer's own runs, or where these are too few to show anything
  of those of all right answers together;
- by Student's t: the chance that one more run falls short, given mean and deviation of the runs seen. Its
  tails are heavier than a Gaussian's, and it sees a threshold that lies close below many runs.

Seeds are independent, so three in a row fail with the third power of either.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from autograder.checking.experiments import SEEDS

MAX_FAILURE = 1e-3
"""How often a right answer may fail."""

CONFIDENCE = 0.95

FEWEST_SEEDS = 29
"""From fewer runs, none of which failed, counting alone cannot show that a right answer fails so rarely."""

FEWEST_RUNS = 10
"""Runs of a right answer from which on its mean and deviation are good enough for Student's t."""


class NoThreshold(Exception):
    """Right and wrong answers cannot be told apart by this number; the message says which are in the way."""


@dataclass(frozen=True)
class Choice:
    """A threshold. ``highest`` is the largest one that right answers allow, ``lowest`` what wrong ones reach."""

    threshold: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Summary:
    """What a bound is computed from: runs, how many of them fell short, mean and standard deviation."""

    n: int
    failures: int
    mean: float
    std: float

    @classmethod
    def of(cls, values: Sequence[float], threshold: float) -> Self:
        """Summarise results, one a seed."""
        deviation = statistics.stdev(values) if len(values) > 1 else math.nan
        return cls(len(values), sum(not value >= threshold for value in values), statistics.fmean(values), deviation)


def failure_bounds(answers: Mapping[str, Summary], threshold: float) -> dict[str, float]:
    """Return for each right answer how often it fails a check with this threshold, at most."""
    counted = _counted(answers)
    return {label: max(counted[label], shortfall(each, threshold)) ** len(SEEDS) for label, each in answers.items()}


def _counted(answers: Mapping[str, Summary]) -> dict[str, float]:
    together = clopper_pearson(sum(a.failures for a in answers.values()), sum(a.n for a in answers.values()))
    return {
        label: clopper_pearson(each.failures, each.n) if each.n >= FEWEST_SEEDS else together
        for label, each in answers.items()
    }


@functools.lru_cache(maxsize=1024)
def clopper_pearson(failures: int, n: int) -> float:
    """Return the upper 95 % limit of a probability of which ``failures`` of ``n`` were seen (one-sided)."""
    from scipy.stats import beta

    return 1.0 if failures >= n else float(beta.ppf(CONFIDENCE, failures + 1, n - failures))


def shortfall(summary: Summary, threshold: float) -> float:
    """Return the chance that one more run is below ``threshold``: the predictive distribution of normal data."""
    distance, deviation = summary.mean - threshold, summary.std
    if not math.isfinite(distance) or not math.isfinite(deviation):
        return 1.0
    if not deviation:
        return 0.0 if distance >= 0 else 1.0
    from scipy.stats import t

    return float(t.sf(distance / (deviation * math.sqrt(1 + 1 / summary.n)), summary.n - 1))


def highest_threshold(rights: Mapping[str, Sequence[float]]) -> float:
    """Return the largest threshold of two decimals that each right answer fails at most once in 1 000.

    Raises `NoThreshold` when there is none above 0.
    """

    def refused(threshold: float) -> list[str]:
        answers = {label: Summary.of(values, threshold) for label, values in rights.items()}
        by_counting = [label for label, each in _counted(answers).items() if each ** len(SEEDS) > MAX_FAILURE]
        if by_counting:  # which decides most cases, and takes no time
            return by_counting
        return [label for label, bound in failure_bounds(answers, threshold).items() if bound > MAX_FAILURE]

    for hundredths in range(100, 0, -1):
        if not refused(hundredths / 100):
            return hundredths / 100
    raise NoThreshold(f"no threshold at all is low enough for {', '.join(f'“{label}”' for label in refused(0.01))}")


def choose_threshold(rights: Mapping[str, Sequence[float]], wrongs: Mapping[str, Collection[float]]) -> Choice:
    """Return the middle between what right answers allow and the best run of what must fall below.

    ``rights`` and ``wrongs`` are label → results, one a seed; a wrong one without results never gets any.
    In the middle, right answers in a style that nobody thought of and mistakes that nobody thought of have the
    same room. Raises `NoThreshold` when there is no room.
    """
    highest = highest_threshold(rights)
    best = {label: max(values, default=0.0) for label, values in wrongs.items()}
    in_the_way = {label: value for label, value in best.items() if value >= highest}
    if in_the_way:
        named = ", ".join(f"“{label}” reaches {value:.3f}" for label, value in in_the_way.items())
        worst = min(rights, key=lambda label: min(rights[label]))
        raise NoThreshold(
            f"{named}; but the right answer “{worst}” gets down to {min(rights[worst]):.3f}, "
            f"so that nothing above {highest:.2f} can be asked"
        )
    lowest = max(best.values(), default=0.0)
    above = math.floor(lowest * 100 + 1e-9) + 1
    middle = math.floor((lowest + highest) * 50 + 0.5)
    return Choice(max(above, middle) / 100, lowest, highest)
