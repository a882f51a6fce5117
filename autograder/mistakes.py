"""What the checks say of known mistakes: written by ``autograder prove``, read where answers are explained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.results import CheckResult, Outcome, write_atomic

FOLDER = ".proof"
"""In the course's folder; made again by every proof, and no part of a release."""

Said = tuple[Outcome, str]
"""What a check says of an answer, apart from values: its outcome, and the cause or problem that it names."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer of the collection, and what each check that was run on it says."""

    question: str
    label: str
    checks: Mapping[str, Said]

    def explains(self, said: Mapping[str, Said]) -> bool:
        """Whether every check of this mistake came out for an answer as it does for the mistake."""
        return all(name in said and said[name][0] is outcome for name, (outcome, _) in self.checks.items())

    def likeness(self, said: Mapping[str, Said]) -> int:
        """Return of how many failed checks the very words are the same."""
        failed = {name: told for name, told in self.checks.items() if told[0] is not Outcome.PASSED}
        return sum(said.get(name) == told for name, told in failed.items())


def said_of(checks: Iterable[CheckResult]) -> dict[str, Said]:
    """Return what checks say of an answer."""
    return {check.name: (check.outcome, gist(check)) for check in checks}


def gist(check: CheckResult) -> str:
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
