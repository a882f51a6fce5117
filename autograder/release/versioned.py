"""Build a version: the bundles that go out, and the manifest by which anybody can build and check them again."""

from __future__ import annotations

import functools
import json
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.course import Course, Exercise
from autograder.course.cells import interface_of
from autograder.course.check_files import RECORD_NAME
from autograder.course.digests import check_digests
from autograder.course.manifest import FOLDER, CheckRecord, ExerciseRecord, Manifest, is_version, path_of
from autograder.errors import CourseError
from autograder.files import write_zip
from autograder.release.build import GRADESCOPE, build
from autograder.release.comparison import differing, digests_of, sha256
from autograder.release.nbgrader_run import SOLUTION, STUDENT
from autograder.release.pins import clean_commit, core_needs, require_pinned
from autograder.release.scan import require_no_leaks_in_bundle
from autograder.release.student_bundle import JUPYTER, bundle_name, solution_bundle, student_bundle


def build_version(course: Course, version: str, course_id: str) -> bool:
    """Build ``release/<version>/`` with ``release/<version>.json`` beside it; return whether it is new.

    Raises `CourseError` where that cannot be built again by others (changes that are not committed, other packages
    than those of the lock), and where the version was released before with other bytes; then nothing has changed.
    """
    if not is_version(version):
        raise CourseError(f"{version!r} cannot be a version: use numbers with dots between them, such as 2026.1.")
    commit, packages = clean_commit(course.root), require_pinned(course.root)
    target = course.root / FOLDER
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".version-") as folder:
        scratch = Path(folder, version)
        manifest = functools.partial(_manifest, course, version, course_id, commit, packages)
        known = path_of(course.root, version)

        def complete(made: Path) -> None:
            _write_bundles(course, version, packages, made, scratch)
            data = manifest(made, scratch).to_bytes()
            if known.is_file() and known.read_bytes() != data:
                raise CourseError(_released_before(version, known.read_bytes(), data))
            Path(folder, known.name).write_bytes(data)

        build(course, version, complete=complete)
        is_new = not known.is_file()
        if (target / version).exists():
            (target / version).rename(Path(folder, "old"))
        scratch.rename(target / version)
        Path(folder, known.name).replace(known)
    return is_new


def _write_bundles(course: Course, version: str, packages: Mapping[str, str], made: Path, folder: Path) -> None:
    """Write what goes out; raise `LeakError` where students would get what they must not have."""
    pins = {name: packages[name] for name in (*core_needs(), JUPYTER)}
    student = student_bundle(course, version, made, pins)
    require_no_leaks_in_bundle(student, course)
    write_zip(folder / f"{bundle_name(version, STUDENT)}.zip", student)
    write_zip(folder / f"{bundle_name(version, SOLUTION)}.zip", solution_bundle(course, version, made, pins))
    for exercise in course.exercises:
        bundle = Path(GRADESCOPE, f"{exercise.name}.zip")
        (folder / bundle).parent.mkdir(exist_ok=True)
        (folder / bundle).write_bytes((made / bundle).read_bytes())


def _manifest(
    course: Course, version: str, course_id: str, commit: str, packages: Mapping[str, str], made: Path, folder: Path
) -> Manifest:
    return Manifest(
        version=version,
        course=course_id,
        commit=commit,
        python=".".join(platform.python_version_tuple()[:2]),
        packages=packages,
        exercises={exercise.name: _exercise_record(exercise, made) for exercise in course.exercises},
        calibration=_calibration(course),
        files=digests_of(folder),
    )


def _exercise_record(exercise: Exercise, made: Path) -> ExerciseRecord:
    digests = check_digests(exercise)
    questions = {
        question.name: {
            check.name: CheckRecord(check.title, check.points, check.public, digests[question.name, check.name])
            for check in question.checks
        }
        for question in exercise.questions
    }
    notebook = json.loads((made / STUDENT / exercise.name / f"{exercise.name}.ipynb").read_bytes())
    cells = {cell["id"]: sha256("".join(cell["source"]).encode()) for cell in notebook["cells"]}
    return ExerciseRecord(exercise.optional, interface_of(exercise), questions, cells)


def _calibration(course: Course) -> dict[str, dict[str, Any]]:
    """Return thresholds and data of the experiments, by exercise."""
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
        f"{version} was released before, and this would be another ({parts}). Take a new version; or check out commit "
        f"{old['commit'][:12]} to build {version} again.{listed}"
    )
