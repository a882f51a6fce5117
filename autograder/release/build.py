"""Build what is handed out from what authors write: make, package, scan, publish.

Each step takes what the one before it made, and none calls back. Everything happens in a scratch folder until all that
students would get has been scanned for leaks; a build that fails leaves the course as it was. The scan comes after the
packaging, so that what is scanned is what goes out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course
from autograder.course.manifest import FOLDER, UNRELEASED, is_version, path_of
from autograder.errors import CourseError
from autograder.release.make import Made, make, stub_module
from autograder.release.pins import clean_commit, require_pinned
from autograder.release.platform_bundles import package_for_platforms, students_of_otter
from autograder.release.publish import keep_others, publish, publish_version
from autograder.release.scan import HandedOut, collect_secrets, files_in, require_no_leaks, unpacked
from autograder.release.versioned import package_version, require_unchanged


@dataclass(frozen=True)
class Drift:
    """A file in ``exercises/`` that is not what the solutions make: where, and what is the matter."""

    path: Path
    problem: str


def find_drift(course: Course) -> list[Drift]:
    """Compare ``exercises/`` with what the solutions make; nothing is written."""
    stubs = stubs_of(course)
    drift = []
    for name, text in stubs.items():
        path = course.root / "exercises" / name
        if not path.is_file():
            drift.append(Drift(path, "is missing"))
        elif path.read_text("utf-8", "replace") != text:
            drift.append(Drift(path, f"is not what solutions/{name} makes"))
    for path in sorted((course.root / "exercises").glob("*.py")):
        if path.name not in stubs:
            drift.append(Drift(path, f"has no solution: delete it, or write solutions/{path.name}"))
    return drift


def stubs_of(course: Course) -> dict[str, str]:
    """Return what belongs in ``exercises/``: file name → text."""
    return {f"{exercise.name}.py": stub_module(exercise) for exercise in course.exercises}


def build(course: Course, *, only: Collection[str] = ()) -> None:
    """Build the stubs and releases of a course; on any error nothing has changed.

    With ``only``, the releases of the other exercises stay as they are; the stubs, which cost nothing, are all made.

    Raises `CourseError` where the course's files are not as they must be, and its kind `LeakError` where the student
    release would hold what students must not have.
    """
    stubs = stubs_of(course)
    with _scratch(course) as scratch:
        chosen = [exercise for exercise in course.exercises if not only or exercise.name in only]
        made = make(course, chosen, UNRELEASED, scratch / "work", scratch / "made")
        package_for_platforms(made, stubs)
        keep_others(course, made)
        require_no_leaks(_handed_out(course, made, stubs), collect_secrets(course))
        publish(course, made, stubs, scratch)


def build_version(course: Course, version: str, course_id: str) -> bool:
    """Build ``release/<version>/`` with ``release/<version>.json`` beside it; return whether it is new.

    Raises `CourseError` where that cannot be built again by others (changes that are not committed, other packages
    than those of the lock), and where the version was released before with other bytes; then nothing has changed.
    """
    if not is_version(version):
        raise CourseError(f"{version!r} cannot be a version: use numbers with dots between them, such as 2026.1.")
    commit, packages = clean_commit(course.root), require_pinned(course.root)
    stubs = stubs_of(course)
    with _scratch(course) as scratch:
        made = make(course, course.exercises, version, scratch / "work", scratch / "made")
        package_for_platforms(made, stubs)
        packaged = package_version(course, version, made, packages, scratch / version)
        manifest = packaged.manifest(course, course_id, commit).to_bytes()
        require_unchanged(path_of(course.root, version), version, manifest)
        students = [*_handed_out(course, made, stubs), *unpacked(packaged.student, course)]
        require_no_leaks(students, collect_secrets(course))
        publish(course, made, stubs, scratch)
        return publish_version(course, version, packaged.folder, manifest, scratch)


def _handed_out(course: Course, made: Made, stubs: dict[str, str]) -> Iterator[HandedOut]:
    """Yield every file that students get."""
    for exercise in course.exercises:
        yield from files_in(made.student(exercise), exercise.name)
        yield from files_in(students_of_otter(made, exercise), exercise.name)
    for name, text in stubs.items():
        yield HandedOut(name.removesuffix(".py"), name, text.encode())


@contextmanager
def _scratch(course: Course) -> Iterator[Path]:
    """Make a scratch folder on the course's file system, so that publishing is renaming."""
    target = course.root / FOLDER
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".build-") as folder:
        yield Path(folder)
