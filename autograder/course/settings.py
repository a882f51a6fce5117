"""Read nbgrader_config.py: which exercises the course has, and where it keeps its gradebook and submissions.

What nbgrader must agree on is read by running the file as nbgrader does, but without importing nbgrader, which takes
seconds. The list of exercises is read from the syntax tree, because every command needs it and none should run a file.
"""

from __future__ import annotations

import ast
import contextlib
import math
import os
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.check_files import parsed
from autograder.errors import CourseError, reading

CONFIG_NAME = "nbgrader_config.py"

_LAYOUT = "{nbgrader_step}/{student_id}/{assignment_id}"
_SQLITE = "sqlite:///"
_TEXTS = {"db_url", "root", "submitted_directory", "autograded_directory", "feedback_directory"}


@dataclass(frozen=True)
class Settings:
    """The settings on which nbgrader and the autograder must agree. Paths are absolute.

    ``submitted``, ``autograded`` and ``feedback`` contain ``<student>/<exercise>/``.
    """

    db_url: str
    course_id: str
    submitted: Path
    autograded: Path
    feedback: Path


def load_settings(root: Path) -> Settings:
    """Read ``nbgrader_config.py`` of the course; raise `CourseError` if it fails or sets something unsupported."""
    directory = _read_config(root)
    for name in _TEXTS & directory.keys():
        if not isinstance(directory[name], str):
            raise CourseError(
                f"{CONFIG_NAME} sets c.CourseDirectory.{name} to {directory[name]!r}. Write a quoted text."
            )
    if (layout := directory.get("directory_structure", _LAYOUT)) != _LAYOUT:
        raise CourseError(
            f"{CONFIG_NAME} sets c.CourseDirectory.directory_structure to {layout!r}. "
            f"Only nbgrader's default is supported: {_LAYOUT!r}."
        )
    base = (root / directory.get("root", "")).resolve()  # nbgrader resolves all other folders against this one
    return Settings(
        db_url=_absolute(directory.get("db_url") or _SQLITE + "gradebook.db", base),
        course_id=str(directory.get("course_id", "")).strip(),
        submitted=base / directory.get("submitted_directory", "submitted"),
        autograded=base / directory.get("autograded_directory", "autograded"),
        feedback=base / directory.get("feedback_directory", "feedback"),
    )


def _read_config(root: Path) -> dict[str, Any]:
    """Return the settings of ``c.CourseDirectory``."""
    from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

    try:
        config = PyFileConfigLoader(CONFIG_NAME, path=str(root)).load_config()
    except ConfigFileNotFound:
        raise CourseError(f"{root} contains no {CONFIG_NAME}. Name the course's folder with --course.") from None
    except (Exception, SystemExit) as error:  # the file is Python, so it can raise anything
        raise CourseError(
            f"{CONFIG_NAME} fails: {type(error).__name__}: {error}. Correct it, then repeat the command."
        ) from error
    return dict(config.get("CourseDirectory", {}))


def _absolute(db_url: str, base: Path) -> str:
    """Resolve the relative path of an SQLite file against the course's folder, not the working directory."""
    path = db_url.removeprefix(_SQLITE)
    if path == db_url or path in ("", ":memory:") or path.startswith("file:"):  # another database, no file, a URI
        return db_url
    return _SQLITE + str(base / path)


_LISTS = ("c.Course.exercises", "c.Course.optional", "c.Course.accepted_releases")


def course_lists(root: Path) -> tuple[tuple[str, ...], ...]:
    """Return the exercises, the optional ones, and the accepted releases that nbgrader_config.py lists.

    The file is not run.
    """
    values: dict[str, Any] = {}
    for name, node in _assignments(root, _LISTS):
        try:
            values[name] = ast.literal_eval(node.value)
            # A text is a sequence of texts as well: without the second test, "ab" would be two exercises.
            if not all(isinstance(one, str) for one in values[name]) or isinstance(values[name], str):
                raise ValueError
        except (ValueError, TypeError):
            raise CourseError(
                f'{CONFIG_NAME}:{node.lineno}: write {name} as a literal list, such as ["first", "second"], '
                "because it is read without running the file."
            ) from None
    return tuple(tuple(values.get(name, ())) for name in _LISTS)


_SECONDS = {"c.Course.cell_seconds": "cell_s", "c.Course.all_cells_seconds": "cells_s"}


def cell_limits(root: Path) -> dict[str, float]:
    """Return the limits of cells that nbgrader_config.py sets, by their names in `Limits`.

    The file is not run.
    """
    values: dict[str, float] = {}
    for name, node in _assignments(root, _SECONDS):
        try:
            seconds = ast.literal_eval(node.value)
        except (ValueError, TypeError):
            seconds = None
        if type(seconds) not in (int, float) or not 0 < seconds < math.inf:
            raise CourseError(
                f"{CONFIG_NAME}:{node.lineno}: write {name} as a number of seconds above 0, such as 30, "
                "because it is read without running the file."
            )
        values[_SECONDS[name]] = float(seconds)
    return values


def _assignments(root: Path, names: Collection[str]) -> Iterator[tuple[str, ast.Assign]]:
    """Yield the assignments to these names in nbgrader_config.py."""
    with reading(root / CONFIG_NAME, CourseError):
        source = (root / CONFIG_NAME).read_bytes()
        source.decode()  # raises for what is not UTF-8 while `reading` can name the file
    for node in parsed(source, CONFIG_NAME).body:
        if isinstance(node, ast.Assign) and (name := ast.unparse(node.targets[0])) in names:
            yield name, node


SECRET_NAME = "secret.key"
"""The file of the course's secret, which `autograder grade` makes and everybody who grades needs a copy of."""


def make_secret(root: Path) -> bool:
    """Make the course's secret and return True, unless there is one, or the folder cannot be written."""
    with contextlib.suppress(OSError):
        # Readable by its owner only from the start; O_EXCL, because another grader may make it at the same moment.
        descriptor = os.open(root / SECRET_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        return True
    return False


def read_secret(root: Path) -> bytes:
    """Return the course's secret; empty if it has none."""
    path = root / SECRET_NAME
    if not path.exists():
        return b""
    with reading(path, CourseError):
        return path.read_bytes().strip()
