"""Fixtures that several parts of the package are tested with."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograder.course import CheckFiles
    from autograder.sandbox.engine import Engine

# Tests run beside each other: several threads of PyTorch would only wait for each other. Read when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

with suppress(ImportError):  # without hypothesis, tests that need it fail by themselves
    from hypothesis import settings

    settings.register_profile("no deadline", deadline=None)  # a busy machine is no fault of an example
    settings.load_profile("no deadline")

TINY_COURSE = Path(__file__).parent / "tiny_course"


def require(program: str, package: str) -> None:
    """Skip the test where a program is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}: install it with: apt-get install {package}")


@pytest.fixture
def tiny_course(tmp_path: Path) -> Path:
    """Return the root of a fresh copy of a small second course: exercise ``greetings``, nothing built."""
    return copy_tiny_course(tmp_path / "course")


@pytest.fixture(scope="session")
def built_tiny_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of the small course, built; for reading only. Starts a kernel: mark the test slow."""
    from autograder.course import load_course
    from autograder.release.build import build

    root = copy_tiny_course(tmp_path_factory.mktemp("built") / "course")
    build(load_course(root))
    return root


def copy_tiny_course(destination: Path) -> Path:
    """Copy the small course."""
    return Path(shutil.copytree(TINY_COURSE, destination, ignore=shutil.ignore_patterns("__pycache__", ".*")))


def split_files(text: str, exercise: str = "small") -> CheckFiles:
    """Return the files of checks in a text, each below a line such as ``# %% public/test_double.py``."""
    from autograder.course import CheckFiles

    _, *parts = re.split(r"^# %% (\S+)\n", text, flags=re.MULTILINE)
    files = {f"{exercise}/{name}": part.encode() for name, part in zip(parts[::2], parts[1::2], strict=True)}
    tests = sorted((name for name in files if "/test_" in name), key=lambda name: "/hidden/" in name)
    return CheckFiles(tuple(sorted(files.items())), tuple(tests))


class SharedEngine:
    """A running engine that a run of grading may open and close as if it were its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def __enter__(self) -> SharedEngine:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


@pytest.fixture(scope="session")
def share() -> type[SharedEngine]:
    """Return what makes an engine of one that goes on after a run."""
    return SharedEngine
