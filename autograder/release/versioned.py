"""Package a version: its bundles, and the manifest that lets others build and verify them."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Course, Exercise
from autograder.course.cells import interface_of
from autograder.course.check_files import RECORD_NAME
from autograder.course.digests import check_digests
from autograder.course.manifest import CheckRecord, ExerciseRecord, Manifest
from autograder.errors import CourseError
from autograder.files import write_zip
from autograder.release.comparison import differing, digests_of, sha256
from autograder.release.make import Made
from autograder.release.nbgrader_run import SOLUTION, STUDENT
from autograder.release.pins import core_needs
from autograder.release.platform_bundles import GRADESCOPE
from autograder.release.student_bundle import JUPYTER, bundle_name, solution_bundle, student_bundle


@dataclass(frozen=True)
class Packaged:
    """The bundles of a version in a scratch folder; ``student`` is the content of the students' zip: name → bytes."""

    version: str
    made: Made
    folder: Path
    student: Mapping[str, bytes]
    packages: Mapping[str, str]

    def manifest(self, course: Course, course_id: str, commit: str) -> Manifest:
        """Return the version's manifest."""
        return Manifest(
            version=self.version,
            course=course_id,
            commit=commit,
            python=".".join(platform.python_version_tuple()[:2]),
            packages=self.packages,
            exercises={exercise.name: _exercise_record(exercise, self.made) for exercise in course.exercises},
            calibration=_calibration(course),
            files=digests_of(self.folder),
        )


def package_version(course: Course, version: str, made: Made, packages: Mapping[str, str], folder: Path) -> Packaged:
    """Write the bundles of a version into ``folder``; ``packages`` are the installed versions by name."""
    pins = {name: packages[name] for name in (*core_needs(), JUPYTER)}
    student = student_bundle(course, version, made.folder, pins)
    write_zip(folder / f"{bundle_name(version, STUDENT)}.zip", student)
    solution = solution_bundle(course, version, made.folder, pins)
    write_zip(folder / f"{bundle_name(version, SOLUTION)}.zip", solution)
    shutil.copytree(made.folder / GRADESCOPE, folder / GRADESCOPE)
    return Packaged(version, made, folder, student, packages)


def require_unchanged(known: Path, version: str, manifest: bytes) -> None:
    """Raise `CourseError` if the version was released before with another manifest."""
    if known.is_file() and known.read_bytes() != manifest:
        raise CourseError(_released_before(version, known.read_bytes(), manifest))


def _exercise_record(exercise: Exercise, made: Made) -> ExerciseRecord:
    digests = check_digests(exercise)
    questions = {
        question.name: {
            check.name: CheckRecord(check.title, check.points, check.public, digests[question.name, check.name])
            for check in question.checks
        }
        for question in exercise.questions
    }
    notebook = json.loads((made.student(exercise) / f"{exercise.name}.ipynb").read_bytes())
    cells = {cell["id"]: sha256("".join(cell["source"]).encode()) for cell in notebook["cells"]}
    return ExerciseRecord(exercise.optional, interface_of(exercise), questions, cells)


def _calibration(course: Course) -> dict[str, dict[str, Any]]:
    """Return thresholds and data digests of the experiments, by exercise."""
    found: dict[str, dict[str, Any]] = {}
    for exercise in course.exercises:
        content = exercise.check_files.contents.get(f"{exercise.name}/{RECORD_NAME}")
        if content is not None:
            experiments = {
                experiment: {"threshold": entry["threshold"], "dataset": entry["dataset"], "data": entry["data"]}
                for experiment, entry in json.loads(content)["experiments"].items()
            }
            found[exercise.name] = {"sha256": sha256(content), "experiments": experiments}
    return found


def _released_before(version: str, before: bytes, now: bytes) -> str:
    old, new = json.loads(before), json.loads(now)
    parts = ", ".join(name for name in new if old.get(name) != new[name])
    files = list(differing(old["files"], new["files"]))
    listed = "".join(f"\n  {line}" for line in files[:5]) + (f"\n  and {len(files) - 5} more" if files[5:] else "")
    return (
        f"{version} was released before with other content ({parts}). Choose a new version, or check out commit "
        f"{old['commit'][:12]} to build {version} again.{listed}"
    )
