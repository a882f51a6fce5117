"""Known mistakes and what the checks say of them; the most common wrong answers of a class, explained by them.

What the checks say of known mistakes: written by ``autograder prove``, read where answers are explained.

The most common wrong answers: groups of submissions of which the checks say the same, with the known mistake.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.files import write_atomic
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result

FOLDER = ".proof"
"""In the course's folder; made again by every proof, and no part of a release."""

Symptom = tuple[Outcome, str]
"""What a check says of an answer, apart from values: its outcome, and the cause or problem that it names."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer of the collection, and what each check that was run on it says."""

    question: str
    label: str
    checks: Mapping[str, Symptom]

    def explains(self, said: Mapping[str, Symptom]) -> bool:
        """Whether every check of this mistake came out for an answer as it does for the mistake."""
        return all(name in said and said[name][0] is outcome for name, (outcome, _) in self.checks.items())

    def likeness(self, said: Mapping[str, Symptom]) -> int:
        """Return of how many failed checks the very words are the same."""
        failed = {name: told for name, told in self.checks.items() if told[0] is not Outcome.PASSED}
        return sum(said.get(name) == told for name, told in failed.items())


def symptoms_of(checks: Iterable[CheckResult]) -> dict[str, Symptom]:
    """Return what checks say of an answer."""
    return {check.name: (check.outcome, summary(check)) for check in checks}


def summary(check: CheckResult) -> str:
    """Return the likely cause that a check names, else its problem, without the values that differ by student."""
    lines = check.message.split("\n")
    causes = [line for line in lines if line.startswith("Likely cause: ")]
    return causes[0].removeprefix("Likely cause: ") if causes else lines[0].partition(": ")[0].partition(" (line ")[0]


def write_mistakes(root: Path, exercise: str, checks_digest: str, mistakes: Iterable[Mistake]) -> None:
    """Keep what the checks with this digest say of an exercise's mistakes."""
    record = {
        "checks_digest": checks_digest,
        "mistakes": [
            {
                "question": each.question,
                "label": each.label,
                "checks": {n: list(said) for n, said in each.checks.items()},
            }
            for each in mistakes
        ],
    }
    write_atomic(root / FOLDER / f"{exercise}.json", (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


def read_mistakes(root: Path, exercise: str, checks_digest: str) -> list[Mistake] | None:
    """Return what was kept; None where nothing was, or other checks said it."""
    try:
        record = json.loads((root / FOLDER / f"{exercise}.json").read_bytes())
        if record["checks_digest"] != checks_digest:
            return None
        return [
            Mistake(
                each["question"],
                each["label"],
                {name: (Outcome(outcome), text) for name, (outcome, text) in each["checks"].items()},
            )
            for each in record["mistakes"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


# --- Common wrong answers -----------------------------------------------------------------------------------------


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
    alike: dict[str, dict[tuple[tuple[str, Symptom], ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        for question in result.questions:
            if _is_wrong(question):
                alike[question.name][tuple(symptoms_of(question.checks).items())].append(result.student)
    return {question: _largest(question, groups, known) for question, groups in alike.items()}


def _is_wrong(question: QuestionResult) -> bool:
    """Whether there is an answer, and a check that does not like it."""
    outcomes = {check.outcome for check in question.checks}
    return not outcomes <= _SILENT and not outcomes <= _NO_ANSWER and Outcome.GRADER_ERROR not in outcomes


def _largest(
    question: str, groups: dict[tuple[tuple[str, Symptom], ...], list[str]], known: Sequence[Mistake]
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


def _explanations(question: str, said: dict[str, Symptom], known: Sequence[Mistake]) -> tuple[str, ...]:
    fitting = [mistake for mistake in known if mistake.question == question and mistake.explains(said)]
    best = max((mistake.likeness(said) for mistake in fitting), default=0)
    return tuple(mistake.label for mistake in fitting if mistake.likeness(said) == best)[:3]
