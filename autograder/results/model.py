"""What grading produces: outcomes, points and messages, and the one JSON form that they are stored in.

Everything here is plain data, so that the same work gives the same bytes: what checks cost is kept in a
sibling of the result (``write_result``), never in it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from autograder.results.pictures import Picture, read_picture, to_record


class Outcome(StrEnum):
    """What became of one check, or of one cell of the notebook."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    NOT_RUN = "not_run"
    GRADER_ERROR = "grader_error"


class Status(StrEnum):
    """What became of one submission."""

    GRADED = "graded"
    UNREADABLE = "unreadable"
    GRADER_ERROR = "grader_error"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one submission. ``message`` is safe to show to the student; ``digest`` tells what it was made of.

    Only public checks have ``pictures``.
    """

    name: str
    title: str
    visibility: str
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    hint: str = ""
    digest: str = ""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """The checks of one question; its score is the sum of their points."""

    name: str
    checks: tuple[CheckResult, ...]

    @property
    def score(self) -> float:
        """Points reached."""
        return round(sum(check.points for check in self.checks), 6)

    @property
    def max_score(self) -> float:
        """Points that can be reached."""
        return round(sum(check.max_points for check in self.checks), 6)

    @property
    def needs_review(self) -> bool:
        """Whether a fault of the grader left a check undecided."""
        return any(check.outcome is Outcome.GRADER_ERROR for check in self.checks)


class Cost(NamedTuple):
    """What a check took: seconds by the clock, and by how many MiB the student's process grew at most."""

    seconds: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class CellResult:
    """How one cell of the notebook ran."""

    id: str
    outcome: Outcome
    message: str = ""


@dataclass(frozen=True)
class Result:
    """One submission, graded. ``costs`` are by check and stay out of the stored bytes."""

    student: str
    exercise: str
    release: str
    submission_digest: str
    checks_digest: str
    environment: str
    tier: str
    status: Status
    questions: tuple[QuestionResult, ...] = ()
    cells: tuple[CellResult, ...] = ()
    message: str = ""
    optional: bool = False
    costs: dict[str, Cost] = field(default_factory=dict, compare=False)

    @property
    def score(self) -> float:
        """Points reached in all questions."""
        return round(sum(question.score for question in self.questions), 6)

    @property
    def max_score(self) -> float:
        """Points that can be reached in all questions."""
        return round(sum(question.max_score for question in self.questions), 6)

    @property
    def bonus(self) -> float:
        """Points that count beyond the course's total: those of an optional exercise."""
        return self.score if self.optional else 0.0

    def to_json(self) -> bytes:
        """Return the canonical bytes of this result: the same work gives the same bytes."""
        record = {
            "student": self.student,
            "exercise": self.exercise,
            "release": self.release,
            "submission_digest": self.submission_digest,
            "checks_digest": self.checks_digest,
            "environment": self.environment,
            "tier": self.tier,
            "status": self.status,
            "message": self.message,
            "score": self.score,
            "max_score": self.max_score,
            "bonus": self.bonus,
            "optional": self.optional,
            "cells": [_as_dict(cell) for cell in self.cells],
            "questions": [
                {
                    "name": question.name,
                    "score": question.score,
                    "max_score": question.max_score,
                    "checks": [_check_as_dict(check) for check in question.checks],
                }
                for question in self.questions
            ],
        }
        body = json.dumps(record, indent=1, ensure_ascii=False).removesuffix("\n}").encode()
        return body + _SEAL + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'

    @classmethod
    def from_json(cls, data: bytes) -> Result:
        """Read what `to_json` wrote; raise ``ValueError`` when it is something else, or has been changed since."""
        body, _, seal = data.rpartition(_SEAL)
        if seal[:64] != hashlib.sha256(body).hexdigest().encode():
            raise ValueError("not a result file, or not as it was written")
        try:
            record = json.loads(data)
            return cls(
                **{key: record[key] for key in _PLAIN_FIELDS},
                status=Status(record["status"]),
                optional=record["optional"],
                cells=tuple(
                    CellResult(cell["id"], Outcome(cell["outcome"]), cell["message"]) for cell in record["cells"]
                ),
                questions=tuple(
                    QuestionResult(question["name"], tuple(_read_check(check) for check in question["checks"]))
                    for question in record["questions"]
                ),
            )
        except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a result file: {type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class ByHand:
    """What teachers entered for one submission: by question, the points that count and a comment; and a penalty."""

    scores: Mapping[str, float] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    penalty: float = 0.0


def _as_dict(record: CellResult | CheckResult) -> dict[str, Any]:
    """Return a record's fields in order; `dataclasses.asdict` copies them deeply, ten times as slowly."""
    return {name: getattr(record, name) for name in record.__slots__}


def _check_as_dict(check: CheckResult) -> dict[str, Any]:
    """Return a check's fields; hardly any has pictures, so those that have none do not say so."""
    record = _as_dict(check)
    pictures = record.pop("pictures")
    return record | {"pictures": [to_record(picture) for picture in pictures]} if pictures else record


_SEAL = b',\n "checksum": "'
"""What a result's bytes end with, before the SHA-256 of all that stands above: what a disk or a hand changed shows."""

_PLAIN_FIELDS = (
    "student",
    "exercise",
    "release",
    "submission_digest",
    "checks_digest",
    "environment",
    "tier",
    "message",
)


def _read_check(record: dict[str, Any]) -> CheckResult:
    # What is the same for every student is held once.
    shared = {name: sys.intern(record[name]) for name in ("name", "title", "visibility", "hint", "digest")}
    pictures = tuple(read_picture(picture) for picture in record.get("pictures", ()))
    return CheckResult(**{**record, **shared, "outcome": Outcome(record["outcome"]), "pictures": pictures})
