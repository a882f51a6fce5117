"""Replace the releases and stubs of a course with new ones: all of them or none.

This is the last step of a build (`autograder.release.build`). It only renames, so it can hardly fail halfway.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from autograder.course import Course
from autograder.course.manifest import FOLDER, path_of
from autograder.release.make import GENERATED, Made
from autograder.release.nbgrader_run import SOLUTION, SOURCE, STUDENT
from autograder.release.platform_bundles import GRADESCOPE, OTTER

KINDS = (SOURCE, STUDENT, SOLUTION, GRADESCOPE, OTTER)


def keep_others(course: Course, made: Made) -> None:
    """Copy the present releases of the exercises that were not made beside the new ones."""
    target = course.root / FOLDER
    for exercise in course.exercises:
        bundle = Path(GRADESCOPE, f"{exercise.name}.zip")
        for inside in (bundle, *(Path(kind, exercise.name) for kind in KINDS if kind != GRADESCOPE)):
            if not (made.folder / inside).exists() and (target / inside).exists():
                # Gradescope's bundle is a zip, all others are folders.
                copy = shutil.copyfile if inside == bundle else shutil.copytree
                copy(target / inside, made.folder / inside)


def publish(course: Course, made: Made, stubs: Mapping[str, str], scratch: Path) -> None:
    """Replace ``release/<kind>/`` and the stubs in ``exercises/``; ``scratch`` must be on the same file system."""
    written = _write_stubs(stubs, scratch / "exercises")  # before anything moves: a full disk then changes nothing
    _move_into_place(made.folder, course.root / FOLDER, scratch / "old")
    _install_stubs(written, course.root / "exercises")


def publish_version(course: Course, version: str, made: Path, manifest: bytes, scratch: Path) -> bool:
    """Replace ``release/<version>/`` and the manifest beside it; return whether the version is new."""
    target, known = course.root / FOLDER / version, path_of(course.root, version)
    is_new = not known.is_file()
    (scratch / known.name).write_bytes(manifest)
    if target.exists():
        target.rename(scratch / "old-version")  # a rename cannot replace a folder that holds files
    made.rename(target)
    (scratch / known.name).replace(known)  # last: with its manifest, a version counts as released
    return is_new


def _move_into_place(made: Path, target: Path, old: Path) -> None:
    """Replace the releases in ``target``; after an error put the old ones back."""
    old.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for kind in KINDS:
            if (target / kind).exists():
                moved.append(((target / kind).rename(old / kind), target / kind))
            moved.append(((made / kind).rename(target / kind), made / kind))
    except OSError:
        for now, before in reversed(moved):  # the new ones first: they are in the way of the old
            now.rename(before)
        raise


def _write_stubs(stubs: Mapping[str, str], folder: Path) -> list[Path]:
    folder.mkdir()
    for name, text in stubs.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in stubs]


def _install_stubs(written: list[Path], folder: Path) -> None:
    """Move new stubs into place, and remove those whose solution is gone."""
    folder.mkdir(exist_ok=True)
    for path in written:
        path.replace(folder / path.name)
    current = {path.name for path in written}
    for path in folder.glob("*.py"):
        if path.name not in current and path.read_text("utf-8").startswith(GENERATED):
            path.unlink()
