"""Choose a threshold between right and wrong answers, and bound how often a right answer fails it.

An answer passes when the best of three fixed seeds reaches the threshold. The chance that one run of a right answer
falls short is bounded in two ways, because neither is enough alone; the larger bound counts:

- by counting, with no assumption about the distribution: the one-sided 95 % limit of Clopper and Pearson for the
  share of runs that fall short, from the answer's own runs or, if these are too few, from those of all right answers;
- by Student's t: the chance that one more run falls short, given mean and standard deviation of the runs seen. Its
  tails are heavier than a Gaussian's, and it notices a threshold just below many runs.

Seeds are independent, so the chance that all three fall short is the cube of that bound.
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
"""The largest acceptable chance that a right answer fails."""

CONFIDENCE = 0.95

FEWEST_SEEDS = 29  # the smallest n whose limit without a failure, 1 − 0.05 ** (1 / n), has a cube below 1e-3
"""With fewer runs, counting cannot show a chance below `MAX_FAILURE` even if none of them failed."""

FEWEST_RUNS = 10
"""The fewest runs of a right answer whose mean and standard deviation are good enough for Student's t."""


class NoThreshold(Exception):
    """No threshold separates right from wrong answers; the message names those in the way."""


@dataclass(frozen=True)
class Choice:
    """A threshold. ``highest`` is the largest that right answers allow, ``lowest`` the best result of a wrong one."""

    threshold: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Summary:
    """What a bound is computed from: the number of runs and of those that fell short, mean and standard deviation."""

    n: int
    failures: int
    mean: float
    std: float

    @classmethod
    def of(cls, values: Sequence[float], threshold: float) -> Self:
        """Summarise results, one per seed."""
        deviation = statistics.stdev(values) if len(values) > 1 else math.nan
        failures = sum(not value >= threshold for value in values)  # not `<`, which is false for NaN
        return cls(len(values), failures, statistics.fmean(values), deviation)


def failure_bounds(answers: Mapping[str, Summary], threshold: float) -> dict[str, float]:
    """Return for each right answer an upper bound on its chance to fail a check with this threshold."""
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
    """Return the one-sided upper 95 % limit of a probability, given ``failures`` in ``n`` runs."""
    from scipy.stats import beta

    return 1.0 if failures >= n else float(beta.ppf(CONFIDENCE, failures + 1, n - failures))


def shortfall(summary: Summary, threshold: float) -> float:
    """Return the chance that one more run is below ``threshold``, by the predictive distribution of normal data."""
    distance, deviation = summary.mean - threshold, summary.std
    if not math.isfinite(distance) or not math.isfinite(deviation):  # a single run, or a result that is not a number
        return 1.0
    if not deviation:  # all runs are equal, and t divides by it
        return 0.0 if distance >= 0 else 1.0
    from scipy.stats import t

    return float(t.sf(distance / (deviation * math.sqrt(1 + 1 / summary.n)), summary.n - 1))


def highest_threshold(rights: Mapping[str, Sequence[float]]) -> float:
    """Return the largest threshold of two decimals that each right answer fails at most once in 1 000 times.

    Raises `NoThreshold` if there is none above 0.
    """

    def refused(threshold: float) -> list[str]:
        answers = {label: Summary.of(values, threshold) for label, values in rights.items()}
        by_counting = [label for label, each in _counted(answers).items() if each ** len(SEEDS) > MAX_FAILURE]
        if by_counting:  # decides most cases, and is cheap
            return by_counting
        return [label for label, bound in failure_bounds(answers, threshold).items() if bound > MAX_FAILURE]

    for hundredths in range(100, 0, -1):  # from the top: the first that holds is the highest
        if not refused(hundredths / 100):
            return hundredths / 100
    raise NoThreshold(f"no threshold is low enough for {', '.join(f'“{label}”' for label in refused(0.01))}")


def choose_threshold(rights: Mapping[str, Sequence[float]], wrongs: Mapping[str, Collection[float]]) -> Choice:
    """Return the middle between the highest threshold that right answers allow and the best run of a wrong one.

    ``rights`` and ``wrongs`` map labels to results, one per seed; a wrong answer that never gets a result has none.
    The middle leaves equal margins for unforeseen styles of right answers and for unforeseen mistakes. Raises
    `NoThreshold` if there is no margin.
    """
    highest = highest_threshold(rights)
    best = {label: max(values, default=0.0) for label, values in wrongs.items()}
    in_the_way = {label: value for label, value in best.items() if value >= highest}
    if in_the_way:
        named = ", ".join(f"“{label}” reaches {value:.3f}" for label, value in in_the_way.items())
        worst = min(rights, key=lambda label: min(rights[label]))
        raise NoThreshold(
            f"{named}; but the right answer “{worst}” falls to {min(rights[worst]):.3f}, "
            f"so the threshold cannot be above {highest:.2f}"
        )
    lowest = max(best.values(), default=0.0)
    above = math.floor(lowest * 100 + 1e-9) + 1  # in hundredths; 1e-9 absorbs binary rounding, as of 0.29
    middle = math.floor((lowest + highest) * 50 + 0.5)  # in hundredths, halves up
    return Choice(max(above, middle) / 100, lowest, highest)
