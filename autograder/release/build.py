"""Build a release: make, package, scan, publish.

Each step takes the output of the one before, and none calls back. Everything happens in a scratch folder until all
files for students have been scanned for leaks, so a build that fails changes nothing. The scan comes after the
packaging, so it reads the very files that go out.
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
    """A file in ``exercises/`` that is missing, outdated or left over; ``problem`` completes a sentence about it."""

    path: Path
    problem: str


def find_drift(course: Course) -> list[Drift]:
    """Compare ``exercises/`` with the stubs of the solutions, without writing anything."""
    stubs = stubs_of(course)
    drift = []
    for name, text in stubs.items():
        path = course.root / "exercises" / name
        if not path.is_file():
            drift.append(Drift(path, "is missing"))
        elif path.read_text("utf-8", "replace") != text:  # an editor may have saved other bytes
            drift.append(Drift(path, f"is not up to date with solutions/{name}"))
    for path in sorted((course.root / "exercises").glob("*.py")):
        if path.name not in stubs:
            drift.append(Drift(path, f"has no solution: delete it, or write solutions/{path.name}"))
    return drift


def stubs_of(course: Course) -> dict[str, str]:
    """Return the files of ``exercises/``: name → text."""
    return {f"{exercise.name}.py": stub_module(exercise) for exercise in course.exercises}


def build(course: Course, *, only: Collection[str] = ()) -> None:
    """Build the stubs and releases of a course; after an error nothing has changed.

    With ``only``, the releases of the other exercises do not change; all stubs are made, because that is cheap.

    Raises `CourseError` if the course's files are wrong, and its subclass `LeakError` if the student release would
    contain a secret.
    """
    stubs = stubs_of(course)
    with _scratch(course) as scratch:
        chosen = [exercise for exercise in course.exercises if not only or exercise.name in only]
        made = make(course, chosen, UNRELEASED, scratch / "work", scratch / "made")
        package_for_platforms(made)
        keep_others(course, made)  # before the scan, which reads every exercise that students would get
        require_no_leaks(_handed_out(course, made, stubs), collect_secrets(course))
        publish(course, made, stubs, scratch)


def build_version(course: Course, version: str, course_id: str) -> bool:
    """Build ``release/<version>/`` with ``release/<version>.json`` beside it; return whether it is new.

    Raises `CourseError` if others could not build it again (uncommitted changes, other packages than in the lock), or
    if the version was released before with other bytes; then nothing has changed.
    """
    if not is_version(version):
        raise CourseError(f"{version!r} cannot be a version. Use numbers with dots between them, such as 2026.1.")
    # First, because making takes minutes and these fail at once.
    commit, packages = clean_commit(course.root), require_pinned(course.root)
    stubs = stubs_of(course)
    with _scratch(course) as scratch:
        made = make(course, course.exercises, version, scratch / "work", scratch / "made")
        package_for_platforms(made)
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
    """Make a scratch folder on the course's file system, because publishing renames folders."""
    target = course.root / FOLDER
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".build-") as folder:
        yield Path(folder)
