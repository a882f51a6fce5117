"""Everything that can go wrong through somebody's files, names or machine, in one tree.

::

    AutograderError               the message says what is wrong and what to do next
    ├── UsageError                something that was asked for does not exist, or two requests exclude each other
    ├── CourseError               the course's own files are wrong
    │   ├── LeakError             a release would give students what they must not have
    │   └── CalibrationError      an experiment cannot be used as its checks use it
    ├── FileError                 any other file cannot be read or written, or is not what it should be
    │   ├── ManifestError         there is no such release, or its manifest is damaged
    │   └── Unreadable            a submission is not a notebook that can be graded
    ├── MissingPackage            a package of Python that this step needs is not installed
    ├── MachineError              this machine, or a cluster, cannot do it now: sandbox, scheduler, another grader
    └── NotGraded                 another grader asked for points, and there are none

An error is raised where the fault is known. The command line turns it into a sentence and an exit code, once, in
`autograder.cli.main`. Exceptions outside this tree are either bugs, which show their traceback, or part of how grading
works: what student code and checks raise, what a process says to another, why a threshold does not exist.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "medical-image-autograder"
"""What pip calls this package."""

_AGAIN = "Fix this, then repeat the command."
_DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml"}
"""Packages that pip knows by another name than ``import`` does."""


class AutograderError(Exception):
    """Something that its reader can fix; the message says what is wrong and what to do next."""


class UsageError(AutograderError):
    """A name that was given does not exist here, or two options exclude each other."""


class CourseError(AutograderError):
    """The course's files are wrong; the message says which file and what to do."""


class LeakError(CourseError):
    """A release would give students what they must not have; the message lists every finding."""


class FileError(AutograderError):
    """A file that is not part of the course cannot be read or written, or is not what it should be."""


class MissingPackage(AutograderError):
    """A package of Python is not installed; the message says how to install it."""


class MachineError(AutograderError):
    """This machine or a cluster cannot do what is needed, or not now: another grader may be at work."""


# --- Files ----------------------------------------------------------------------------------------


@contextmanager
def reading(path: Path, kind: type[AutograderError] = FileError) -> Iterator[None]:
    """Say of a file that it cannot be read: missing, a folder, closed to this user, not text in UTF-8."""
    try:
        yield
    except OSError as error:
        raise kind(f"{path} cannot be read ({error.strerror}). {_AGAIN}") from error
    except UnicodeDecodeError as error:
        raise kind(f"{path} cannot be read: it is not text in UTF-8. Save it in UTF-8.") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of a file that it cannot be written: no permission, no space, a folder in its place."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}). {_AGAIN}") from error


# --- Errors of Python's own -----------------------------------------------------------------------


def explained(error: Exception) -> AutograderError | None:
    """Return what an exception means to who runs a command; None where it can only be a bug.

    Files and packages can be missing in more places than anyone can list, so these two of Python's own exceptions are
    understood wherever they come from.
    """
    match error:
        case AutograderError():
            return error
        case ModuleNotFoundError(name=str(name)) if _is_missing(name.partition(".")[0]):
            return _missing_package(name.partition(".")[0])
        case OSError(errno=int(), strerror=str(reason)) if not isinstance(error, BrokenPipeError):
            place = f" ({error.filename})" if error.filename else ""
            return FileError(f"{reason}{place}. {_AGAIN}")
    return None


def require_packages(*names: str) -> None:
    """Raise `MissingPackage` unless these can be imported; for what another process will import."""
    for name in names:
        if _is_missing(name):
            raise _missing_package(name)


def _missing_package(name: str) -> MissingPackage:
    """Return what to say of a package that cannot be imported."""
    extra = _extra_that_installs(_DISTRIBUTIONS.get(name, name))
    wanted = name if extra is None else f'"{PACKAGE}[{extra}]"' if extra else PACKAGE
    return MissingPackage(f"The package {name} is not installed. Install it with: pip install {wanted}")


def _is_missing(name: str) -> bool:
    """Whether a top-level package is not there at all: that a part of one is not there is a bug."""
    return name != __package__ and name not in sys.stdlib_module_names and find_spec(name) is None


def _extra_that_installs(distribution: str) -> str | None:
    """Return the extra that a package comes with, directly or not: empty for the core, None where none brings it."""
    waiting = [(PACKAGE, "")]
    seen = {PACKAGE}
    for parent, extra in waiting:  # grows meanwhile: what is closest comes first
        for name, condition in _requirements(parent):
            if condition and parent != PACKAGE:
                continue
            if name == _normal(distribution):
                return condition or extra
            if name not in seen:
                seen.add(name)
                waiting.append((name, condition or extra))
    return None


def _requirements(distribution: str) -> Iterator[tuple[str, str]]:
    """Yield what a distribution requires: a name, and the extra that asks for it, if any."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires(distribution) or []
    except PackageNotFoundError:
        return
    for line in lines:
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra\s*==\s*['\"]([^'\"]+)", line)
        if name:
            yield _normal(name[0]), extra[1] if extra else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
