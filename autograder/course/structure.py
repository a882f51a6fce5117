"""The parts of a course: exercises, their questions, and the checks with their points.

`autograder.course.reader` reads them once, contents included, so an edit during a run changes nothing.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import UsageError


@dataclass(frozen=True)
class Check:
    """One check of a question, as its marks declare it.

    ``after`` are the names of the checks that must pass before this one runs. ``timeout_s`` is in seconds of CPU time,
    ``memory_mb`` in MiB; None means the grader's default.
    """

    name: str
    question: str
    title: str
    points: float
    public: bool
    hint: str = ""
    after: tuple[str, ...] = ()
    timeout_s: float | None = None
    memory_mb: int | None = None

    @property
    def visibility(self) -> str:
        """``public`` or ``hidden``."""
        return "public" if self.public else "hidden"


@dataclass(frozen=True)
class Question:
    """One function or class that students write, with its checks (public ones first) and its hints.

    ``uses`` are the questions whose functions an answer calls: a wrong one of these does not cost this one's points.
    """

    name: str
    checks: tuple[Check, ...]
    hints: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()

    @property
    def max_score(self) -> float:
        """The points of all its checks."""
        return round(sum(check.points for check in self.checks), 6)  # 0.1 + 0.2 must be shown, and compare, as 0.3


@dataclass(frozen=True)
class CheckFiles:
    """The check files of an exercise with everything that they import and load: name → content.

    Names are relative to the folder ``checks``: ``cnn/public/test_conv_block.py``, ``shared/hidden/training.py``,
    ``cnn/calibration.json``. ``tests`` are the names of the files with checks: public ones first, each in the order of
    the questions.
    """

    # No slots: the cached properties below are stored in `__dict__`.
    files: tuple[tuple[str, bytes], ...]
    tests: tuple[str, ...]

    def public(self) -> CheckFiles:
        """Return the files that students get: those in a folder ``public``."""
        return CheckFiles(
            tuple(file for file in self.files if is_public(file[0])),
            tuple(name for name in self.tests if is_public(name)),
        )

    def write_to(self, folder: Path) -> None:
        """Write all files below ``folder``."""
        for name, content in self.files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    @functools.cached_property
    def contents(self) -> Mapping[str, bytes]:
        """The files by name."""
        return dict(self.files)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of all files, stored with each result that they graded."""
        digest = hashlib.sha256()
        for name, content in self.files:
            # The length marks the end of the content, which may contain anything.
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


def is_public(name: str) -> bool:
    """Whether students get a check file: its folder decides."""
    return name.split("/")[1] == "public"


@dataclass(frozen=True)
class Exercise:
    """One exercise of the lecture: the path and the text of its solution, and its checks."""

    name: str
    solution: Path
    source: str
    check_files: CheckFiles
    questions: tuple[Question, ...]
    optional: bool = False
    secret: bytes = field(default=b"", repr=False)

    def key_for(self, submission: str) -> str:
        """Return the key of a submission with this digest, in hexadecimal: nobody without the course's secret has it.

        A course without one uses its check files, which are as secret as its hidden checks.
        """
        return hmac.digest(self.secret or self.check_files.digest.encode(), submission.encode(), "sha256").hex()

    @property
    def checks_folder(self) -> Path:
        """The folder of the exercise's checks, in the course."""
        return self.solution.parents[1] / "tests" / "checks" / self.name  # parents: solutions/, then the course

    @property
    def test_paths(self) -> list[Path]:
        """The paths of the files with checks, in the course."""
        return [self.checks_folder.parent / name for name in self.check_files.tests]

    @property
    def max_score(self) -> float:
        """The points of all its questions."""
        return round(sum(question.max_score for question in self.questions), 6)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of all its questions."""
        return tuple(check for question in self.questions for check in question.checks)

    def question(self, name: str) -> Question:
        """Return one question; raise `UsageError`, listing the known ones, for an unknown name."""
        for question in self.questions:
            if question.name == name:
                return question
        known = ", ".join(question.name for question in self.questions)
        raise UsageError(f"{self.name} has no question {name!r}. Choose one of: {known}.")


@dataclass(frozen=True)
class Course:
    """All exercises of a course, in the order of the lecture.

    ``accepted_releases`` are older releases whose submissions are graded by the checks of that release.
    """

    root: Path
    exercises: tuple[Exercise, ...]
    accepted_releases: tuple[str, ...] = ()

    def exercise(self, name: str) -> Exercise:
        """Return one exercise; raise `UsageError`, listing the known ones, for an unknown name."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        known = ", ".join(exercise.name for exercise in self.exercises)
        raise UsageError(f"There is no exercise {name!r}. Choose one of: {known}.")
