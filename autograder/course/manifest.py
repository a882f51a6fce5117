"""What a release consists of: ``release/<version>.json``, from which it can be rebuilt, compared and graded.

The same sources and packages give the same bytes. A manifest names hidden checks, so it is for teachers only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import FileError, reading

FOLDER = "release"
"""Where a course keeps its releases: ``<version>.json`` beside a folder ``<version>`` of what it names."""

UNRELEASED = "unreleased"
"""What notebooks carry that were built without a version."""

_FORMAT = 1
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}")


class ManifestError(FileError):
    """There is no such manifest, or it cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One check: ``digest`` tells what it is made of."""

    title: str
    points: float
    public: bool
    digest: str


@dataclass(frozen=True, slots=True)
class ExerciseRecord:
    """One exercise. ``cells`` are digests of what students are given, by cell id, in order."""

    optional: bool
    interface: str
    questions: Mapping[str, Mapping[str, CheckRecord]]
    cells: Mapping[str, str]

    @property
    def points(self) -> dict[str, float]:
        """The points of each question."""
        return {name: round(sum(one.points for one in checks.values()), 6) for name, checks in self.questions.items()}


@dataclass(frozen=True, slots=True)
class Manifest:
    """One release. All digests are SHA-256 in hexadecimal.

    ``packages`` are the versions that it was built with and is graded with; ``calibration`` has, by record, its digest
    and for each experiment the threshold and the digest of the data behind it; ``files`` are those in
    ``release/<version>/`` and, after a ``!``, those inside of its zips.
    """

    version: str
    course: str
    commit: str
    python: str
    packages: Mapping[str, str]
    exercises: Mapping[str, ExerciseRecord]
    calibration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the file's bytes. Questions, checks and cells keep their order; all else is sorted by name."""
        data = {"format": _FORMAT, **asdict(self)}
        for name in ("packages", "calibration", "files"):
            data[name] = dict(sorted(data[name].items()))
        for name, record in self.exercises.items():
            data["exercises"][name]["points"] = record.points
        return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def is_version(text: str) -> bool:
    """Whether this can name a release: numbers with dots between them, such as 2026.1."""
    return _VERSION.fullmatch(text) is not None


def path_of(root: Path, version: str) -> Path:
    """Return where the manifest of a version lies in a course."""
    return root / FOLDER / f"{version}.json"


def versions(root: Path) -> list[str]:
    """Return the versions of which a course has manifests, oldest first."""
    found = [path.stem for path in (root / FOLDER).glob("*.json") if is_version(path.stem) and path.is_file()]
    return sorted(found, key=lambda version: [int(part) for part in version.split(".")])


def read_manifest(root: Path, version: str) -> Manifest:
    """Return the manifest of a version of a course."""
    path = path_of(root, version)
    if not is_version(version) or not path.is_file():
        known = ", ".join(versions(root)) or "none yet"
        raise ManifestError(f"There is no release {version} here; there are: {known}.")
    try:
        with reading(path):
            content = path.read_bytes()
        return _manifest_from(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(
            f"{path} is damaged ({type(error).__name__}: {error}). Take it from version control, or build it again."
        ) from None


def _manifest_from(data: dict[str, Any]) -> Manifest:
    if data.pop("format") != _FORMAT:
        raise ValueError("a format that this version of the autograder does not know")
    exercises = {name: _exercise_from(record) for name, record in data.pop("exercises").items()}
    for name in ("packages", "calibration", "files"):
        data[name].items()  # a mapping, or what is raised here says that it is not
    return Manifest(**data, exercises=exercises)


def _exercise_from(record: dict[str, Any]) -> ExerciseRecord:
    record.pop("points")  # for who reads the file
    questions = {
        question: {name: CheckRecord(**check) for name, check in checks.items()}
        for question, checks in record.pop("questions").items()
    }
    return ExerciseRecord(**record, questions=questions)
