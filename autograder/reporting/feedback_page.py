"""A student's feedback page: what to look at first, the score per question, and pictures beside the solution's.

Of a hidden check it shows no more than a notebook would: the title and the likely cause.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.reporting.html_page import render
from autograder.results import rendering
from autograder.results.model import VOID, ByHand, CellResult, CheckResult, Outcome, QuestionResult, Result, Status
from autograder.results.pictures import MAX_PARTS, Part, Picture
from autograder.results.rendering import WORDS, explanations

_UNTOUCHED = {Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN}
_LABELS = {
    "images": ("{}", "{}, reference"),
    "curves": ("{}, yours", "{}, reference"),
    "confusion": ("yours", "reference"),
}
"""Kind of picture → labels of the student's parts and of the reference's."""


NOTHING = ByHand()


@dataclass(frozen=True)
class FirstLook:
    """The question to fix first, its most telling check, and what to do; points are missing points."""

    question: str
    lost: float
    total_lost: float
    check: CheckResult | None
    texts: tuple[str, ...]
    advice: str


def feedback_page(result: Result, reference: Result | None = None, by_hand: ByHand = NOTHING) -> str:
    """Return one submission's page as HTML.

    ``reference`` is the result of the solution, for its pictures; ``by_hand`` is what teachers entered in nbgrader.
    """
    theirs = {(q.name, c.name): c for q in (reference.questions if reference else ()) for c in q.checks}
    return render(
        "feedback",
        result=result,
        score=round(sum(_counts(question, by_hand) for question in result.questions) - by_hand.penalty, 6),
        penalty=by_hand.penalty,
        first=first_look(result, by_hand),
        questions=[_question(question, theirs, by_hand) for question in result.questions],
        cells=[cell for cell in result.cells if cell.outcome is not Outcome.PASSED and cell.message],
    )


def needs_reference(result: Result) -> bool:
    """Whether this result has pictures to compare with the solution's; a difference shows the expected value itself."""
    checks = (check for question in result.questions for check in question.checks)
    return any(picture.kind != "difference" for check in checks for picture in check.pictures)


def first_look(result: Result, by_hand: ByHand = NOTHING) -> FirstLook | None:
    """Return what to look at first: the cause of the most missing points, else the first question.

    A question whose message names another incomplete one fails because of that, as far as anybody can tell, and a name
    that is not defined is missing because of the first cell that failed. None if no points are missing, or if
    nothing was answered in what the page's message says is the wrong notebook.
    """
    incomplete = {question.name: question for question in result.questions if _lost(question, by_hand) > 0}
    if not incomplete:
        return None
    lost: defaultdict[str, float] = defaultdict(float)
    for question in incomplete.values():
        if any(check.outcome not in _UNTOUCHED for check in question.checks):
            lost[_cause(question, incomplete)] += _lost(question, by_hand)
    if not lost and result.review:
        return None
    name = max(lost, key=lambda name: lost[name]) if lost else next(iter(incomplete))
    check = _telling(incomplete[name])
    cell = _failed_before(check, result.cells) if check else None
    return FirstLook(
        name,
        _lost(incomplete[name], by_hand),
        round(sum(_lost(question, by_hand) for question in incomplete.values()), 6),
        check,
        ((f"The cell `{cell.id}` failed first: {cell.message}",) if cell else ())
        + tuple(explanations(check) if check else ()),
        _advice(result, incomplete[name], check, cell),
    )


_NAMED = re.compile(r"[`'\"](\w+)[`'\"(]")
_NAME_ERRORS = ("is not defined", "NameError")


def _cause(question: QuestionResult, incomplete: Mapping[str, QuestionResult]) -> str:
    """Return the question that a question's message blames, and that one's in turn; else the question itself."""
    seen = [question.name]
    while True:
        check = _telling(incomplete[seen[-1]])
        named = _NAMED.findall(check.message) if check else []
        blamed = next((name for name in named if name in incomplete and name not in seen), None)
        if blamed is None:
            return seen[-1]
        seen.append(blamed)


def _failed_before(check: CheckResult, cells: Iterable[CellResult]) -> CellResult | None:
    """Return the first cell that failed, if a check misses a name and does not say itself which cell failed."""
    if not any(words in check.message for words in _NAME_ERRORS):
        return None
    # A cell that calls what is not implemented yet is no cause.
    failed = (c for c in cells if c.outcome is not Outcome.PASSED and c.message and "mplemented" not in c.message)
    first = next(failed, None)
    return None if first is None or first.message in check.message else first


def _counts(question: QuestionResult, by_hand: ByHand) -> float:
    """Return the final points of a question: those entered by hand, else those of the checks."""
    return by_hand.scores.get(question.name, question.score)


def _lost(question: QuestionResult, by_hand: ByHand) -> float:
    return round(question.max_score - _counts(question, by_hand), 6)


def _telling(question: QuestionResult) -> CheckResult | None:
    """Return the first check that ran and did not pass, preferably a public one, which students can run themselves.

    One that passed, but whose points another one took, tells nothing.
    """
    wrong = [check for check in question.checks if check.outcome not in {Outcome.PASSED, *_UNTOUCHED}]
    return min(wrong, key=lambda check: (check.message == VOID, check.visibility != "public"), default=None)


def _advice(result: Result, question: QuestionResult, check: CheckResult | None, cell: CellResult | None) -> str:
    if result.status is Status.UNREADABLE:
        return "Your file could not be read, so nothing was graded. Do what the message above says, and submit again."
    if cell is not None:
        return f'Fix that cell first, then run `check("{question.name}")` in the notebook again.'
    if check is None:
        return f'No answer yet. Write one where it says “YOUR CODE HERE”, and run `check("{question.name}")`.'
    if check.outcome is Outcome.GRADER_ERROR:
        return "This is not your mistake; your teachers will look at it."
    if check.visibility == "public":
        return f'This check is public: run `check("{question.name}")` in the notebook to try again.'
    return "This check is hidden. Write a small test for what its title describes."


def _question(question: QuestionResult, theirs: dict[tuple[str, str], CheckResult], by_hand: ByHand) -> dict[str, Any]:
    checks = [_check(check, theirs.get((question.name, check.name))) for check in question.checks]
    comment = by_hand.comments.get(question.name, "")
    telling = any(check.pictures for check in question.checks) or comment or question.name in by_hand.scores
    return {
        "name": question.name,
        "score": _counts(question, by_hand),
        "max_score": question.max_score,
        "by_hand": question.name in by_hand.scores,
        "by_checks": question.score,
        "comment": comment,
        "checks": checks,
        "open": bool(telling) or question.score < question.max_score,
    }


def _check(check: CheckResult, reference: CheckResult | None) -> dict[str, Any]:
    from markupsafe import Markup

    mark, word, _ = WORDS[check.outcome]
    pictures = beside_reference(check.pictures, reference.pictures if reference else ())
    return {
        "title": check.title,
        "outcome": str(check.outcome),
        "mark": mark,
        "word": word,
        "points": check.points,
        "max_points": check.max_points,
        "hidden": check.visibility == "hidden",
        "texts": explanations(check),
        "pictures": [Markup(rendering.picture_as_html(picture)) for picture in pictures],
    }


def beside_reference(pictures: tuple[Picture, ...], references: tuple[Picture, ...]) -> Iterator[Picture]:
    """Yield a student's pictures, each with the parts of the reference's picture of the same kind and title.

    Of images, only parts that differ are added: inputs are the same for both.
    """
    known = {(picture.kind, picture.title): picture for picture in references}
    for picture in pictures:
        reference = known.get((picture.kind, picture.title))
        if picture.kind == "difference" or reference is None:
            yield picture
            continue
        own = [Part(_LABELS[picture.kind][0].format(part.label), part.rows) for part in picture.parts]
        theirs = [Part(_LABELS[picture.kind][1].format(part.label), part.rows) for part in reference.parts]
        if picture.kind == "images":
            theirs = [part for part in theirs if part.rows not in {mine.rows for mine in own}]
        # The student's parts come first, so that the bound on parts never cuts them off.
        yield Picture(picture.kind, picture.title, tuple([*own, *theirs][:MAX_PARTS]))
