"""The errors that a user can fix, as one tree.

::

    AutograderError               the message says what is wrong and what to do next
    ├── UsageError                a name does not exist, or two options exclude each other
    ├── CourseError               a file of the course is wrong
    │   ├── LeakError             a release would give students what they must not have
    │   └── CalibrationError      an experiment cannot be used as its checks use it
    ├── FileError                 any other file cannot be read or written, or has the wrong content
    │   ├── ManifestError         the release does not exist, or its manifest is damaged
    │   └── Unreadable            a submission is not a notebook that can be graded
    ├── MissingPackage            a Python package that this step needs is not installed
    ├── MachineError              this machine or cluster cannot do it now: sandbox, scheduler, another grader
    └── NotGraded                 another grader asked for points that do not exist

An error is raised where its cause is known; `autograder.cli.main` turns it into a message and an exit code. An
exception outside this tree is either a bug, which shows its traceback, or part of how grading works: what student code
and checks raise, what processes tell each other, why a threshold does not exist.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "medical-image-autograder"
"""The name of this package for pip."""

_AGAIN = "Fix this, then repeat the command."
_EXTRAS = {
    "": {"torch", "torchvision", "numpy", "matplotlib", "medmnist", "PIL", "pytest"},
    "cluster": {"dask", "distributed"},
    "postgres": {"psycopg"},
    "staff": {
        *("IPython", "alembic", "click", "copydetect", "ipykernel", "jinja2", "jupytext", "msgpack", "nbconvert"),
        *("nbformat", "nbgrader", "packaging", "rich", "scipy", "sqlalchemy", "traitlets", "yaml"),
    },
}
"""The extra that installs a package, by the name that ``import`` knows it by; empty for the core."""


class AutograderError(Exception):
    """An error that the user can fix; the message says what is wrong and what to do next."""


class UsageError(AutograderError):
    """A name does not exist, or two options exclude each other."""


class CourseError(AutograderError):
    """A file of the course is wrong; the message names it and says what to do."""


class LeakError(CourseError):
    """A release would give students what they must not have; the message lists every finding."""


class FileError(AutograderError):
    """A file that is not part of the course cannot be read or written, or has the wrong content."""


class MissingPackage(AutograderError):
    """A Python package is not installed; the message says how to install it."""


class MachineError(AutograderError):
    """This machine or cluster cannot do what is needed, or not now: another grader may be running."""


@contextmanager
def reading(path: Path, kind: type[AutograderError] = FileError) -> Iterator[None]:
    """Raise ``kind`` where a file cannot be read: it is missing, a folder, not permitted, or not UTF-8 text."""
    try:
        yield
    except OSError as error:
        raise kind(f"{path} cannot be read ({error.strerror}). {_AGAIN}") from error
    except UnicodeDecodeError as error:
        raise kind(f"{path} cannot be read: it is not text in UTF-8. Save it in UTF-8.") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise `FileError` where a file cannot be written: no permission, no space, a folder in its place."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}). {_AGAIN}") from error


def explained(error: Exception) -> AutograderError | None:
    """Return an exception as an error that the user can fix, or None if it must be a bug.

    Files and packages can be missing anywhere, so ``OSError`` and ``ModuleNotFoundError`` are converted wherever they
    come from.
    """
    match error:
        case AutograderError():
            return error
        case ModuleNotFoundError(name=str(name)) if _is_missing(name.partition(".")[0]):
            return _missing_package(name.partition(".")[0])
        # With a number: an OSError that a library raises by itself has none, such as PIL's for a damaged image.
        # Click handles a broken pipe itself: it exits quietly, as in `autograder report | head`.
        case OSError(errno=int(), strerror=str(reason)) if not isinstance(error, BrokenPipeError):
            place = f" ({error.filename})" if error.filename else ""
            return FileError(f"{reason}{place}. {_AGAIN}")
    return None


def require_packages(*names: str) -> None:
    """Raise `MissingPackage` unless these packages can be imported; for imports that happen in another process."""
    for name in names:
        if _is_missing(name):
            raise _missing_package(name)


def _missing_package(name: str) -> MissingPackage:
    extra = next((extra for extra, names in _EXTRAS.items() if name in names), None)
    wanted = name if extra is None else f'"{PACKAGE}[{extra}]"' if extra else PACKAGE
    return MissingPackage(f"The package {name} is not installed. Install it with: pip install {wanted}")


def _is_missing(name: str) -> bool:
    """Whether a top-level package is missing; a missing submodule is a bug, not an installation problem."""
    # pip cannot install a missing part of the standard library. find_spec imports nothing: torch would take seconds.
    return name != __package__ and name not in sys.stdlib_module_names and find_spec(name) is None
