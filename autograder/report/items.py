"""Item analysis: how hard questions and checks are, and whether they tell strong students from weak ones.

Difficulty is the mean share of the points, from 0 to 1 (in classical test theory: the item's facility). Discrimination
is the item-rest correlation: Pearson's, of an item's points with the points of everything else in the exercise. See
Ebel and Frisbie, Essentials of Educational Measurement, and https://docs.moodle.org/en/Quiz_statistics_report
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.results import Outcome, QuestionResult, Result, Status

ENOUGH = 10
"""From so many submissions on, an item is remarked upon; a correlation of fewer says nothing."""


@dataclass(frozen=True)
class Item:
    """A question, or one of its checks, in all graded submissions of an exercise."""

    name: str
    title: str
    visibility: str
    max_score: float
    difficulty: float
    discrimination: float | None
    remark: str


@dataclass(frozen=True)
class QuestionItem:
    """A question with its checks."""

    item: Item
    checks: tuple[Item, ...]


def analyse(results: Sequence[Result]) -> list[QuestionItem]:
    """Return the questions of one exercise in order, over its graded submissions; what was not attempted counts."""
    graded = [result for result in results if result.status is Status.GRADED]
    if not graded:
        return []
    totals = [result.score for result in graded]
    return [_question(columns, totals) for columns in _columns(graded)]


def _columns(graded: Sequence[Result]) -> Iterator[list[QuestionResult]]:
    """Yield each question as all submissions have it; empty for those that were graded by other checks than most."""
    usual, _ = Counter(_checks_of(result) for result in graded).most_common(1)[0]
    for place, (name, _) in enumerate(usual):
        yield [
            result.questions[place] if _checks_of(result) == usual else QuestionResult(name, ()) for result in graded
        ]


def _checks_of(result: Result) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((question.name, tuple(check.name for check in question.checks)) for question in result.questions)


def _question(columns: Sequence[QuestionResult], totals: Sequence[float]) -> QuestionItem:
    known = [(question, total) for question, total in zip(columns, totals, strict=True) if question.checks]
    questions, totals = [question for question, _ in known], [total for _, total in known]
    first = questions[0]
    whole = _item(first.name, "", "", first.max_score, [question.score for question in questions], totals)
    checks = [
        _item(
            check.name, check.title, check.visibility, check.max_points,
            [question.checks[place].points for question in questions], totals,
            passed=[question.checks[place].outcome is Outcome.PASSED for question in questions],
        )
        for place, check in enumerate(first.checks)
    ]  # fmt: skip
    return QuestionItem(whole, tuple(checks))


def _item(
    name: str, title: str, visibility: str, most: float, points: list[float], totals: Sequence[float],
    passed: Sequence[bool] | None = None,
) -> Item:  # fmt: skip
    shares = [float(one) for one in passed] if passed is not None else [score / most if most else 1 for score in points]
    rest = [total - score for total, score in zip(totals, points, strict=True)]
    difficulty = statistics.fmean(shares)
    discrimination = correlation(shares, rest)
    return Item(
        name, title, visibility, most, difficulty, discrimination, _remark(len(points), difficulty, discrimination)
    )


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Pearson's correlation; None where one of the two does not vary."""
    try:
        return statistics.correlation(first, second)
    except statistics.StatisticsError:
        return None


def _remark(count: int, difficulty: float, discrimination: float | None) -> str:
    if count < ENOUGH:
        return ""
    if difficulty == 0:
        return "nobody passes"
    if difficulty == 1:
        return "everybody passes"
    if discrimination is not None and discrimination < 0:
        return "strong students fail more often"
    return ""
