"""Choose the checks for a submission: the current ones or, for an accepted older release, those of that release.

The current checks grade every submission whose release had the same questions and locked code, so that a corrected
check reaches everybody. If these have changed since, they still do, and a teacher is told: a submission must not choose
what it is graded by. Only the releases in ``c.Course.accepted_releases`` are graded by their own checks, which are
unpacked from ``release/<version>/``.
"""

from __future__ import annotations

import functools
import hashlib
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from autograder.course import Course, Exercise, load_course, manifest
from autograder.course.cells import interface_of
from autograder.course.manifest import UNRELEASED, ManifestError, read_manifest
from autograder.errors import CourseError

_COURSE = "course/"
_OLD = "This notebook was made from another release of the exercise, and graded by the current checks."


class ReleaseMissing(Exception):
    """The files of an accepted release are missing or changed; the message tells teachers how to restore them."""


@dataclass(frozen=True, slots=True)
class ChosenChecks:
    """The exercise to grade a submission by, a note for the student, and what a teacher should know."""

    exercise: Exercise
    note: str = ""
    review: str = ""


class Releases:
    """The releases of a course, as a context manager: old checks stay unpacked while it is open."""

    def __init__(self, course: Course) -> None:
        self._root = course.root
        self._accepted = course.accepted_releases
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._choose = functools.cache(self._choice)  # a class asks the same for every student

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def checks_for(self, exercise: Exercise, version: str) -> ChosenChecks:
        """Return what to grade a submission by that names this release.

        Raises `ReleaseMissing` if the release's own checks are needed but cannot be read.
        """
        if version in ("", UNRELEASED):
            return ChosenChecks(exercise)
        return self._choose(exercise, version)

    def _choice(self, exercise: Exercise, version: str) -> ChosenChecks:
        current = f"Made from release {version}, but graded by the current checks, because "
        try:
            record = read_manifest(self._root, version).exercises.get(exercise.name)
        except ManifestError:
            return ChosenChecks(exercise, _OLD, f"{current}that release is not known here.")
        if record is not None and record.interface == interface_of(exercise):
            return ChosenChecks(exercise)
        if version not in self._accepted:
            return ChosenChecks(exercise, _OLD, f"{current}c.Course.accepted_releases does not list it.")
        if record is None:
            return ChosenChecks(exercise, _OLD, f"{current}that release has no {exercise.name}.")
        return ChosenChecks(self._unpacked(exercise, version), f"Graded by the checks of its release, {version}.")

    def _unpacked(self, exercise: Exercise, version: str) -> Exercise:
        """Return the exercise as it was in a release, unpacked from its Gradescope bundle."""
        # That bundle is the one file of a release with everything that grades an exercise, hidden checks included.
        bundle = f"gradescope/{exercise.name}.zip"
        path = self._root / manifest.FOLDER / version / bundle
        if not path.is_file():
            raise ReleaseMissing(f"{path} is missing. {_how_to_rebuild(self._root, version)}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != read_manifest(self._root, version).files.get(bundle):
            raise ReleaseMissing(f"{path} is not what was released. {_how_to_rebuild(self._root, version)}")
        if self._folder is None:  # in the course, which student code cannot see
            self._folder = tempfile.TemporaryDirectory(dir=self._root / manifest.FOLDER, prefix=".grading-")
        folder = Path(self._folder.name, f"{version}-{exercise.name}")
        # Safe to extract, because its digest is the one in the manifest.
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(_COURSE)])
        try:
            return load_course(folder / _COURSE).exercise(exercise.name)
        except CourseError as error:
            raise ReleaseMissing(
                f"The checks of release {version} need another version of the autograder ({error}) "
                "Grade these submissions with the version that built the release."
            ) from None


def _how_to_rebuild(root: Path, version: str) -> str:
    commit = read_manifest(root, version).commit
    return (
        f"Rebuild it: run git worktree add ../{version} {commit}, run autograder build --version {version} there, and "
        f"copy its release/{version} here."
    )
