"""The class report: what needs review, scores, item analysis, common wrong answers, costs of checks, similar code.

Item analysis tells how hard questions and checks are, and whether they separate strong students from weak ones.
Difficulty is the mean share of the points, from 0 to 1, so 1 is easy (classical test theory calls it the item's
facility). Discrimination is the item-rest correlation: Pearson's correlation of an item's points with the points of the
rest of the exercise. See Ebel and Frisbie, Essentials of Educational Measurement, and
https://docs.moodle.org/en/Quiz_statistics_report
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.reporting.html_page import render
from autograder.reporting.known_mistakes import Group, Mistake, wrong_answers
from autograder.reporting.similarity import Pair, Side
from autograder.results.model import Cost, Outcome, QuestionResult, Result, Status
from autograder.results.rendering import WORDS

BINS = 10

Costs = Mapping[str, Cost]
"""Check → the time and memory that it took on one submission."""


@dataclass(frozen=True)
class Surroundings:
    """What goes into an exercise's report besides its results; None if it does not exist or was not requested."""

    mistakes: Sequence[Mistake] | None = None
    costs: Sequence[Costs] = ()
    pairs: Sequence[Pair] | None = None


def class_page(results: Sequence[Result], exercises: Sequence[str], around: Mapping[str, Surroundings]) -> str:
    """Return the report of a class as HTML, with the exercises in the order of ``exercises``."""
    by_exercise: dict[str, list[Result]] = {name: [] for name in exercises}
    for result in results:
        by_exercise.setdefault(result.exercise, []).append(result)  # one that the course no longer has comes last
    present = {name: found for name, found in by_exercise.items() if found}
    return render(
        "class",
        students=len({result.student for result in results}),
        submissions=len(results),
        attention=list(attention(results)),
        scores=_scores(results, list(present)),
        names=list(present),
        most={name: max(result.max_score for result in found) for name, found in present.items()},
        bonus={name for name, found in present.items() if any(result.optional for result in found)},
        exercises=[_exercise(name, found, around.get(name, Surroundings())) for name, found in present.items()],
    )


def _exercise(name: str, results: Sequence[Result], around: Surroundings) -> dict[str, Any]:
    graded = [result for result in results if result.status is Status.GRADED]
    scores = [result.score for result in graded]
    return {
        "name": name,
        "count": len(graded),
        "max_score": max(result.max_score for result in results),
        "mean": statistics.fmean(scores) if scores else None,  # perhaps none could be graded
        "median": statistics.median(scores) if scores else None,
        "bars": histogram(graded),
        "questions": analyse(results),
        "wrong": [
            _group(group) for groups in wrong_answers(graded, around.mistakes or ()).values() for group in groups
        ],
        "mistakes_known": around.mistakes is not None,
        "costs": costs(around.costs),
        "pairs": None if around.pairs is None else [_pair(pair) for pair in around.pairs],
    }


def histogram(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return ten bars, each counting the submissions within a tenth of the points; full marks are in the last one."""
    counts = Counter(
        min(BINS - 1, math.floor(BINS * result.score / result.max_score)) for result in results if result.max_score
    )
    highest = max(counts.values(), default=1)
    step = 100 // BINS
    return [
        {
            "label": f"{step * place} to {step * (place + 1)} %",
            "count": counts[place],
            "height": 100 * counts[place] / highest,
        }
        for place in range(BINS)
    ]


def _group(group: Group) -> dict[str, Any]:
    failed = [(name, str(outcome), WORDS[outcome][1], text) for name, outcome, text in group.failed]
    return {"question": group.question, "students": group.students, "failed": failed, "mistakes": group.mistakes}


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "similarity": round(100 * pair.similarity),
        "sides": [{"student": side.student, "share": round(100 * side.share), "parts": list(_parts(side))}
                  for side in (pair.first, pair.second)],
    }  # fmt: skip


def _parts(side: Side) -> Iterator[tuple[bool, str]]:
    """Yield the code in consecutive pieces, each with whether it resembles the other student's code."""
    place = 0
    for start, stop in side.slices:
        start = max(start, place)  # slices may overlap
        if start < stop:
            yield False, side.code[place:start]
            yield True, side.code[start:stop]
            place = stop
    yield False, side.code[place:]


# --- Who needs review -----------------------------------------------------------------------------------------
_REASONS = {
    Outcome.GRADER_ERROR: "grader error",
    Outcome.CRASHED: "code crashed",
    Outcome.TIMED_OUT: "code took too long",
}


def attention(results: Sequence[Result]) -> Iterator[dict[str, str]]:
    """Yield the submissions that a teacher should look at, the most urgent first, with the reason."""
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for result in results:
        for urgency, reason, message in _reasons(result):
            row = {"student": result.student, "exercise": result.exercise, "reason": reason, "message": message}
            found[urgency].append(row)
    for urgency in sorted(found):
        yield from found[urgency]


def _reasons(result: Result) -> Iterator[tuple[int, str, str]]:
    """Yield (urgency, reason, message). Outcomes have urgencies 0, 2 and 4, so an unreadable file comes second."""
    if result.status is Status.UNREADABLE:
        yield 1, "the file cannot be read", result.message
        return
    for urgency, (outcome, reason) in enumerate(_REASONS.items()):
        checks = [f"{q.name}.{c.name}" for q in result.questions for c in q.checks if c.outcome is outcome]
        if checks:
            more = f" and {len(checks) - 3} more" if len(checks) > 3 else ""
            yield 2 * urgency, reason, ", ".join(checks[:3]) + more
    if result.review:
        yield 3, "needs review", result.remarks
    elif result.message:
        yield 5, "note from the grader", result.message


def _scores(results: Sequence[Result], exercises: Sequence[str]) -> list[tuple[str, list[float | None], float]]:
    """Return each student with the points in every exercise, None without a result, and the total."""
    of: dict[str, dict[str, float]] = defaultdict(dict)
    for result in results:
        of[result.student][result.exercise] = result.score
    return [
        (student, [scores.get(name) for name in exercises], round(sum(scores.values()), 6))
        for student, scores in sorted(of.items())
    ]


# --- What checks cost -------------------------------------------------------------------------------------------
def costs(each_submission: Sequence[Costs]) -> list[dict[str, Any]]:
    """Return each check's median, 95th percentile, maximum and total seconds and maximum MiB, the slowest first."""
    taken: dict[str, list[Cost]] = defaultdict(list)
    for one in each_submission:
        for check, cost in one.items():
            taken[check].append(cost)
    rows = [_cost(check, found) for check, found in taken.items()]
    return sorted(rows, key=lambda row: -float(row["all"]))


def _cost(check: str, found: Sequence[Cost]) -> dict[str, Any]:
    seconds = sorted(cost.seconds for cost in found)
    return {
        "check": check,
        "median": statistics.median(seconds),
        "high": seconds[math.ceil(0.95 * len(seconds)) - 1],  # nearest rank: a value that occurred
        "most": seconds[-1],
        "all": sum(seconds),
        "memory_mb": max(cost.memory_mb for cost in found),
    }


# --- Item analysis ------------------------------------------------------------------------------------------------
ENOUGH = 10
"""With fewer submissions items get no remark, as a correlation would mean nothing."""


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
    """Return the items of one exercise, over its graded submissions; answers that were not attempted count as 0."""
    graded = [result for result in results if result.status is Status.GRADED]
    if not graded:
        return []
    totals = [result.score for result in graded]
    return [_question(columns, totals) for columns in _columns(graded)]


def _columns(graded: Sequence[Result]) -> Iterator[list[QuestionResult]]:
    """Yield each question's results in all submissions, without checks where most were graded by other checks."""
    # After a change of the checks, some submissions may not have been graded again; their places do not match.
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
    # The rest of the exercise: with its own points included, every item would correlate with the total.
    rest = [total - score for total, score in zip(totals, points, strict=True)]
    difficulty = statistics.fmean(shares)
    discrimination = correlation(shares, rest)
    remark = _remark(len(points), difficulty, discrimination)
    return Item(name, title, visibility, most, difficulty, discrimination, remark)


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Pearson's correlation; None if either does not vary."""
    try:
        return statistics.correlation(first, second)
    except statistics.StatisticsError:  # all values are equal, or there is only one
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
