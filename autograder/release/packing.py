"""Put files into a zip, also what one exercise is graded by: the same files give the same bytes on every machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from autograder.course import CONFIG_NAME, Exercise
from autograder.release.stubs import stub_module

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def packed_course(exercise: Exercise) -> dict[str, bytes]:
    """Return a course of one exercise, with all its checks, below ``course/``: name → content.

    The stub stands in the place of the solution: grading reads from it only which cells are locked, which only
    illustrate, and what is imported.
    """
    optional = [exercise.name] if exercise.optional else []
    config = f"c = get_config()\nc.Course.exercises = {[exercise.name]!r}\nc.Course.optional = {optional!r}\n"
    files = {
        f"course/{CONFIG_NAME}": config.encode(),
        f"course/solutions/{exercise.name}.py": stub_module(exercise).encode(),
    }
    return files | {f"course/tests/checks/{name}": content for name, content in exercise.check_files.files}


def write_zip(path: Path, files: Mapping[str, bytes], *, programs: Collection[str] = ()) -> None:
    """Write files into a zip, those that are ``programs`` executable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(files, programs=programs))


def zipped(files: Mapping[str, bytes], *, programs: Collection[str] = ()) -> bytes:
    """Return a zip of files: name → content.

    Nothing is compressed: what zlib makes differs from version to version.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.create_system = 3  # Unix, on every system: modes are read
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(entry, content)
    return made.getvalue()
