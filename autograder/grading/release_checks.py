"""Choose the checks for a submission: the current ones, or those of the release that it was made from.

The current checks grade every submission whose release had the same questions and locked code, so that a corrected
check reaches everybody. If these have changed since, the release's own checks are unpacked from ``release/<version>/``.
"""

from __future__ import annotations

import functools
import hashlib
import tempfile
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self

from autograder.course import Exercise, load_course, manifest
from autograder.course.cells import interface_of
from autograder.course.manifest import UNRELEASED, ManifestError, read_manifest
from autograder.errors import CourseError

_COURSE = "course/"


class ReleaseMissing(Exception):
    """The files of a release that is needed are missing or changed; the message says how to restore them."""


class Releases:
    """The releases of a course, as a context manager: old checks stay unpacked while it is open."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._choose = functools.cache(self._choice)  # a class asks the same for every student

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def exercise_for(self, exercise: Exercise, version: str) -> tuple[Exercise, str]:
        """Return the exercise to grade by, and a note for the student unless it is the current one.

        Raises `ReleaseMissing` if the release's own checks are needed but cannot be read.
        """
        if version in ("", UNRELEASED):
            return exercise, ""
        return self._choose(exercise, version)

    def _choice(self, exercise: Exercise, version: str) -> tuple[Exercise, str]:
        try:
            record = read_manifest(self._root, version).exercises.get(exercise.name)
        except ManifestError:  # any student can name any release, so this must not stop the class
            return exercise, f"Made from release {version}, which is not known here: graded by the current checks."
        if record is None or record.interface == interface_of(exercise):
            return exercise, ""
        note = f"Made from release {version}, whose questions differ: graded by the checks of that release."
        return self._unpacked(exercise, version), note

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
