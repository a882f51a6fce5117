"""The manifest of a release, ``release/<version>.json``: with it, a release can be rebuilt, compared and graded.

The same sources and packages give the same bytes. A manifest names hidden checks, so students must not get it.
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
"""The folder of a course's releases: each has ``<version>.json`` and beside it a folder ``<version>`` of its files."""

UNRELEASED = "unreleased"
"""The version in notebooks that were built without one."""

_FORMAT = 1
# Nothing but digits and single dots: a student's notebook names a version, and grading makes a path of it.
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}")


class ManifestError(FileError):
    """The manifest does not exist or cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One check; ``digest`` is that of `autograder.course.digests`."""

    title: str
    points: float
    public: bool
    digest: str


@dataclass(frozen=True, slots=True)
class ExerciseRecord:
    """One exercise. ``cells`` are digests of the cells that students get, by cell id, in order."""

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

    ``packages`` are the versions that it was built with and is graded with. ``calibration`` has one entry per record:
    its digest, and per experiment the threshold and the digest of the data behind it. ``files`` are those in
    ``release/<version>/`` and, after a ``!``, those inside its zips.
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
        """Return the bytes of the file. Questions, checks and cells keep their order; the rest is sorted by name."""
        data = {"format": _FORMAT, **asdict(self)}
        for name in ("packages", "calibration", "files"):
            data[name] = dict(sorted(data[name].items()))
        for name, record in self.exercises.items():
            data["exercises"][name]["points"] = record.points
        return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def is_version(text: str) -> bool:
    """Whether a text can name a release: numbers separated by dots, such as 2026.1."""
    return _VERSION.fullmatch(text) is not None


def path_of(root: Path, version: str) -> Path:
    """Return the path of the manifest of a version."""
    return root / FOLDER / f"{version}.json"


def versions(root: Path) -> list[str]:
    """Return the versions that a course has manifests of, oldest first."""
    found = [path.stem for path in (root / FOLDER).glob("*.json") if is_version(path.stem) and path.is_file()]
    # As numbers: 2026.10 is newer than 2026.9.
    return sorted(found, key=lambda version: [int(part) for part in version.split(".")])


def read_manifest(root: Path, version: str) -> Manifest:
    """Return the manifest of a version; raise `ManifestError` if it does not exist or is damaged."""
    path = path_of(root, version)
    if not is_version(version) or not path.is_file():
        known = ", ".join(versions(root)) or "none yet"
        raise ManifestError(f"There is no release {version} here. Known releases: {known}.")
    try:
        with reading(path):
            content = path.read_bytes()
        manifest = _manifest_from(json.loads(content))
        if manifest.version != version:  # a copied or renamed file: everything below would be about another release
            raise ValueError(f"it is the manifest of {manifest.version}")
        return manifest
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(
            f"{path} is damaged ({type(error).__name__}: {error}). Restore it from version control, or build it again."
        ) from None


def _manifest_from(data: dict[str, Any]) -> Manifest:
    if data.pop("format") != _FORMAT:  # popped, like the points below, because the rest goes to the constructors
        raise ValueError("a format that this version of the autograder does not know")
    exercises = {name: _exercise_from(record) for name, record in data.pop("exercises").items()}
    for name in ("packages", "calibration", "files"):
        data[name].items()  # raises AttributeError for what is not a mapping
    # Missing and unknown fields raise TypeError.
    return Manifest(**data, exercises=exercises)


def _exercise_from(record: dict[str, Any]) -> ExerciseRecord:
    record.pop("points")  # written for human readers; it follows from the checks
    questions = {
        question: {name: CheckRecord(**check) for name, check in checks.items()}
        for question, checks in record.pop("questions").items()
    }
    return ExerciseRecord(**record, questions=questions)
