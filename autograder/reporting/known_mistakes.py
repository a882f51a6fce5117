"""Group a class's wrong answers by what the checks say about them, and name the known mistake that each group matches.

What the checks say about known mistakes is recorded by ``autograder prove``.
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
"""A folder of the course, rewritten by every proof, and never released."""

Symptom = tuple[Outcome, str]
"""What a check says about an answer, without values: its outcome and its `summary`."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer of the collection, and the symptoms of the checks that were run on it."""

    question: str
    label: str
    checks: Mapping[str, Symptom]

    def explains(self, symptoms: Mapping[str, Symptom]) -> bool:
        """Whether every check of this mistake has the same outcome for an answer with these symptoms."""
        return all(name in symptoms and symptoms[name][0] is outcome for name, (outcome, _) in self.checks.items())

    def likeness(self, symptoms: Mapping[str, Symptom]) -> int:
        """Return how many failed checks have not only the same outcome but the same summary."""
        failed = {name: own for name, own in self.checks.items() if own[0] is not Outcome.PASSED}
        return sum(symptoms.get(name) == own for name, own in failed.items())


def symptoms_of(checks: Iterable[CheckResult]) -> dict[str, Symptom]:
    """Return the symptoms of an answer by check."""
    return {check.name: (check.outcome, summary(check)) for check in checks}


def summary(check: CheckResult) -> str:
    """Return the likely cause that a check names, else its problem, without values, which differ between students."""
    lines = check.message.split("\n")
    causes = [line for line in lines if line.startswith("Likely cause: ")]
    # An exception's text follows ": ", the place in the student's code follows " (line ".
    return causes[0].removeprefix("Likely cause: ") if causes else lines[0].partition(": ")[0].partition(" (line ")[0]


def write_mistakes(root: Path, exercise: str, checks_digest: str, mistakes: Iterable[Mistake]) -> None:
    """Record the symptoms of an exercise's mistakes, with the digest of the checks that they come from."""
    record = {
        "checks_digest": checks_digest,
        "mistakes": [
            {
                "question": each.question,
                "label": each.label,
                "checks": {name: list(symptom) for name, symptom in each.checks.items()},
            }
            for each in mistakes
        ],
    }
    write_atomic(root / FOLDER / f"{exercise}.json", (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


def read_mistakes(root: Path, exercise: str, checks_digest: str) -> list[Mistake] | None:
    """Return the recorded mistakes; None if there is no readable record, or if it comes from other checks."""
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
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # a damaged record is as good as none
        return None


# --- Common wrong answers -----------------------------------------------------------------------------------------
AT_MOST = 8
"""The most groups listed per question."""

_SILENT = {Outcome.PASSED, Outcome.NOT_RUN}
_NO_ANSWER = {Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN}


@dataclass(frozen=True)
class Group:
    """Students whose answers to a question fail alike; ``failed`` holds (check, outcome, summary)."""

    question: str
    students: tuple[str, ...]
    failed: tuple[tuple[str, Outcome, str], ...]
    mistakes: tuple[str, ...]
    """Labels of the known mistakes that match best, at most three."""


def wrong_answers(results: Sequence[Result], known: Sequence[Mistake]) -> dict[str, list[Group]]:
    """Return the groups of wrong answers by question, for one exercise, the largest group first."""
    alike: dict[str, dict[tuple[tuple[str, Symptom], ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        for question in result.questions:
            if _is_wrong(question):
                alike[question.name][tuple(symptoms_of(question.checks).items())].append(result.student)
    return {question: _largest(question, groups, known) for question, groups in alike.items()}


def _is_wrong(question: QuestionResult) -> bool:
    """Whether there is an answer that a check rejected; a grader error leaves that open."""
    outcomes = {check.outcome for check in question.checks}
    return not outcomes <= _SILENT and not outcomes <= _NO_ANSWER and Outcome.GRADER_ERROR not in outcomes


def _largest(
    question: str, groups: dict[tuple[tuple[str, Symptom], ...], list[str]], known: Sequence[Mistake]
) -> list[Group]:
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[1]))  # equal sizes: by students
    return [
        Group(
            question,
            tuple(students),
            tuple((name, outcome, text) for name, (outcome, text) in symptoms if outcome not in _SILENT),
            _explanations(question, dict(symptoms), known),
        )
        for symptoms, students in ordered[:AT_MOST]
    ]


def _explanations(question: str, symptoms: dict[str, Symptom], known: Sequence[Mistake]) -> tuple[str, ...]:
    matching = [mistake for mistake in known if mistake.question == question and mistake.explains(symptoms)]
    best = max((mistake.likeness(symptoms) for mistake in matching), default=0)
    return tuple(mistake.label for mistake in matching if mistake.likeness(symptoms) == best)[:3]
