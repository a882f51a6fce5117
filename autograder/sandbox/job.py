"""What a checker is told to do: the one message from the grader to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from autograder.sandbox.limits import Limits


@dataclass(frozen=True)
class Job:
    """What a checker is told to do. ``questions`` empty means all."""

    check_file: str
    files: dict[str, bytes]
    cells: list[tuple[str, str]]
    limits: Limits
    questions: list[str]

    def to_message(self) -> list[Any]:
        """Return the job as it crosses the wire."""
        files = [[name, content] for name, content in sorted(self.files.items())]
        limits = [[name, value] for name, value in asdict(self.limits).items()]
        return [self.check_file, files, [list(cell) for cell in self.cells], limits, self.questions]

    @classmethod
    def from_message(cls, message: list[Any]) -> Self:
        """Read what `to_message` wrote."""
        check_file, files, cells, limits, questions = message
        return cls(check_file, dict(files), [(i, s) for i, s in cells], Limits(**dict(limits)), questions)
