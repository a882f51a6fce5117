"""Who gains or loses points when a submission is graded again, and by which checks."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.results import Result


@dataclass(frozen=True)
class Move:
    """A submission whose score differs from the one that is stored; ``checks`` by how many points each moved it."""

    student: str
    exercise: str
    before: float
    after: float
    checks: tuple[tuple[str, float], ...]

    @property
    def lowers(self) -> bool:
        """Whether the student would lose points."""
        return self.after < self.before


def move_between(stored: Result | None, result: Result) -> Move | None:
    """Say how a result differs in score from the stored one, if it does."""
    if stored is None or stored.score == result.score:
        return None
    old, new = _points(stored), _points(result)
    changes = {name: round(new.get(name, 0.0) - old.get(name, 0.0), 6) for name in old | new}
    checks = tuple((name, change) for name, change in sorted(changes.items()) if change)
    return Move(result.student, result.exercise, stored.score, result.score, checks)


def _points(result: Result) -> dict[str, float]:
    return {f"{question.name}.{check.name}": check.points for question in result.questions for check in question.checks}
