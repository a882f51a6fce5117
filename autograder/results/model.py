"""Results of grading, down to the outcome of each check, and the JSON that stores them.

The same submission, checks and environment give the same bytes. So the cost of checks, which differs from run to run,
is stored beside the result (`autograder.results.store.write_result`), never in it.
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
    """The outcome of one check, or of one cell of the notebook; see docs/grading.md."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    NOT_RUN = "not_run"
    GRADER_ERROR = "grader_error"


class Status(StrEnum):
    """Whether a submission was graded, could not be read, or met a grader error."""

    GRADED = "graded"
    UNREADABLE = "unreadable"
    GRADER_ERROR = "grader_error"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check for one submission.

    ``message`` is safe to show to the student. ``digest`` is that of the check (`autograder.course.digests`). Only
    public checks have ``pictures``.
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
    """The results of the checks of one question; its score is the sum of their points."""

    name: str
    checks: tuple[CheckResult, ...]

    @property
    def score(self) -> float:
        """The points reached."""
        return round(sum(check.points for check in self.checks), 6)  # 0.1 + 0.2 must be stored as 0.3

    @property
    def max_score(self) -> float:
        """The points that can be reached."""
        return round(sum(check.max_points for check in self.checks), 6)

    @property
    def needs_review(self) -> bool:
        """Whether a grader error left a check undecided."""
        return any(check.outcome is Outcome.GRADER_ERROR for check in self.checks)


VOID = "This question earns nothing, because another check found what this exercise does not allow."
"""The message of a check that passed in a question whose points are taken."""


class Cost(NamedTuple):
    """The cost of a check: wall time in seconds, and the largest growth of the student's process in MiB."""

    seconds: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class CellResult:
    """The outcome of running one cell of the notebook."""

    id: str
    outcome: Outcome
    message: str = ""


@dataclass(frozen=True)
class Result:
    """The result of one submission. ``costs`` (by check) is not part of the stored bytes.

    ``message`` is for the student; ``review`` says what a teacher should look at, and is never shown to students.
    """

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
    review: str = ""
    optional: bool = False
    costs: dict[str, Cost] = field(default_factory=dict, compare=False)

    @property
    def score(self) -> float:
        """The points reached in all questions."""
        return round(sum(question.score for question in self.questions), 6)

    @property
    def max_score(self) -> float:
        """The points that can be reached in all questions."""
        return round(sum(question.max_score for question in self.questions), 6)

    @property
    def needs_review(self) -> bool:
        """Whether a person should look at it, for whatever reason."""
        undecided = any(question.needs_review for question in self.questions)
        return self.status is not Status.GRADED or undecided or bool(self.review)

    @property
    def remarks(self) -> str:
        """What teachers read about it: the student's message, and the reason for a review unless that is in it."""
        return self.message if self.review in self.message else f"{self.message} {self.review}".strip()

    @property
    def bonus(self) -> float:
        """The points beyond the course's total: those of an optional exercise."""
        return self.score if self.optional else 0.0

    def to_json(self) -> bytes:
        """Return the canonical bytes of this result, which end with a checksum."""
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
            "review": self.review,
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
        # Without the closing bracket, because the checksum follows as the last field.
        body = json.dumps(record, indent=1, ensure_ascii=False).removesuffix("\n}").encode()
        return body + _CHECKSUM + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'

    @classmethod
    def from_json(cls, data: bytes) -> Result:
        """Read the bytes that `to_json` wrote; raise ``ValueError`` for anything else, edited bytes included."""
        body, _, checksum = data.rpartition(_CHECKSUM)
        if checksum[:64] != hashlib.sha256(body).hexdigest().encode():
            raise ValueError("not a result file, or changed since it was written")
        try:
            record = json.loads(data)  # scores are not read: they follow from the checks
            return cls(
                **{key: record[key] for key in _PLAIN_FIELDS},
                review=record.get("review", ""),  # 0.1.0 wrote none
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
    """What teachers entered for one submission: scores and comments by question, and a penalty in points."""

    scores: Mapping[str, float] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    penalty: float = 0.0


def _as_dict(record: CellResult | CheckResult) -> dict[str, Any]:
    """Return a record's fields in order."""
    # Not `dataclasses.asdict`: it copies every value deeply and takes ten times as long.
    return {name: getattr(record, name) for name in record.__slots__}


def _check_as_dict(check: CheckResult) -> dict[str, Any]:
    """Return a check's fields, ``pictures`` only if it has any: few checks do."""
    record = _as_dict(check)
    pictures = record.pop("pictures")
    return record | {"pictures": [to_record(picture) for picture in pictures]} if pictures else record


_CHECKSUM = b',\n "checksum": "'
"""The last field of a result: the SHA-256 of all bytes above it, which reveals edits and damage."""

_PLAIN_FIELDS = (
    *("student", "exercise", "release", "submission_digest"),
    *("checks_digest", "environment", "tier", "message"),
)


def _read_check(record: dict[str, Any]) -> CheckResult:
    # These texts are the same for every student: interned, a class of thousands has them in memory once.
    shared = {name: sys.intern(record[name]) for name in ("name", "title", "visibility", "hint", "digest")}
    pictures = tuple(read_picture(picture) for picture in record.get("pictures", ()))
    return CheckResult(**{**record, **shared, "outcome": Outcome(record["outcome"]), "pictures": pictures})
