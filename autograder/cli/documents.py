"""What ``autograder grade --json`` prints: a document for scripts, whose keys stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.grading.collect import Collected
    from autograder.grading.moves import Move
    from autograder.grading.run import Run
    from autograder.results import Result


def of_grading(collected: Collected, run: Run, stored: Path | None) -> dict[str, object]:
    """Return what came of grading a class; ``stored`` is where, None for a dry run."""
    return {
        "stored": None if stored is None else str(stored),
        "submissions": [_submission(result) for result in run.results],
        "unchanged": run.reused,
        "moved": _moves(run.moves),
        "kept_higher": _moves(run.kept),
        "left_out": [{"path": str(stray.path), "why": stray.why} for stray in collected.strays],
    }


def _submission(result: Result) -> dict[str, object]:
    return {
        "student": result.student,
        "exercise": result.exercise,
        "status": str(result.status),
        "score": result.score,
        "max_score": result.max_score,
        "bonus": result.bonus,
        "needs_human": any(question.needs_human for question in result.questions),
        "message": result.message,
        "questions": {question.name: question.score for question in result.questions},
    }


def _moves(moves: Sequence[Move]) -> list[dict[str, object]]:
    return [
        {
            "student": move.student,
            "exercise": move.exercise,
            "from": move.before,
            "to": move.after,
            "checks": dict(move.checks),
        }
        for move in moves
    ]
