"""The most common wrong answers: groups of submissions of which the checks say the same, with the known mistake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.mistakes import Mistake, Said, said_of
from autograder.results import Outcome, QuestionResult, Result

AT_MOST = 8
"""So many groups of a question are listed, the largest first."""

_SILENT = {Outcome.PASSED, Outcome.NOT_RUN}
_NO_ANSWER = {Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN}


@dataclass(frozen=True)
class Group:
    """Students whose answers to a question fail alike; ``failed`` says how, as (check, outcome, words)."""

    question: str
    students: tuple[str, ...]
    failed: tuple[tuple[str, Outcome, str], ...]
    mistakes: tuple[str, ...]
    """Known mistakes of which the checks say the same, the likeliest first."""


def wrong_answers(results: Sequence[Result], known: Sequence[Mistake]) -> dict[str, list[Group]]:
    """Return the groups of each question of one exercise that somebody answered wrongly."""
    alike: dict[str, dict[tuple[tuple[str, Said], ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        for question in result.questions:
            if _is_wrong(question):
                alike[question.name][tuple(said_of(question.checks).items())].append(result.student)
    return {question: _largest(question, groups, known) for question, groups in alike.items()}


def _is_wrong(question: QuestionResult) -> bool:
    """Whether there is an answer, and a check that does not like it."""
    outcomes = {check.outcome for check in question.checks}
    return not outcomes <= _SILENT and not outcomes <= _NO_ANSWER and Outcome.GRADER_ERROR not in outcomes


def _largest(
    question: str, groups: dict[tuple[tuple[str, Said], ...], list[str]], known: Sequence[Mistake]
) -> list[Group]:
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[1]))
    return [
        Group(
            question,
            tuple(students),
            tuple((name, outcome, text) for name, (outcome, text) in said if outcome not in _SILENT),
            _explanations(question, dict(said), known),
        )
        for said, students in ordered[:AT_MOST]
    ]


def _explanations(question: str, said: dict[str, Said], known: Sequence[Mistake]) -> tuple[str, ...]:
    fitting = [mistake for mistake in known if mistake.question == question and mistake.explains(said)]
    best = max((mistake.likeness(said) for mistake in fitting), default=0)
    return tuple(mistake.label for mistake in fitting if mistake.likeness(said) == best)[:3]
