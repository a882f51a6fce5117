"""Fixtures for the tests of several rooms."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from autograder.course import CheckFiles
    from autograder.grading.scheduler import Shared

# Tests run in parallel, so several threads of PyTorch would only wait for each other. It is read at import.
os.environ.setdefault("OMP_NUM_THREADS", "1")

with suppress(ImportError):  # without hypothesis, only the tests that need it fail
    from hypothesis import settings

    settings.register_profile("no deadline", deadline=None)  # a slow machine does not make an example wrong
    settings.load_profile("no deadline")

TINY_COURSE = Path(__file__).parent / "tiny_course"


def require(program: str, package: str) -> None:
    """Skip the test if a program is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}: install it with: apt-get install {package}")


@pytest.fixture
def tiny_course(tmp_path: Path) -> Path:
    """Return the root of a fresh copy of a small second course: exercise ``greetings``, nothing built."""
    return copy_tiny_course(tmp_path / "course")


@pytest.fixture(scope="session")
def built_tiny_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of the small course, built; for reading only. It starts a kernel: mark the test as slow."""
    from autograder.course import load_course
    from autograder.release.build import build

    root = copy_tiny_course(tmp_path_factory.mktemp("built") / "course")
    build(load_course(root))
    return root


def copy_tiny_course(destination: Path) -> Path:
    """Copy the small course."""
    return Path(shutil.copytree(TINY_COURSE, destination, ignore=shutil.ignore_patterns("__pycache__", ".*")))


def split_files(text: str, exercise: str = "small") -> CheckFiles:
    """Return the check files in a text, each below a line such as ``# %% public/test_double.py``."""
    from autograder.course import CheckFiles

    _, *parts = re.split(r"^# %% (\S+)\n", text, flags=re.MULTILINE)
    files = {f"{exercise}/{name}": part.encode() for name, part in zip(parts[::2], parts[1::2], strict=True)}
    tests = sorted((name for name in files if "/test_" in name), key=lambda name: "/hidden/" in name)
    return CheckFiles(tuple(sorted(files.items())), tuple(tests))


@pytest.fixture(scope="session")
def share() -> type[Shared]:
    """Return the class that keeps an engine running after a grading run."""
    from autograder.grading.scheduler import Shared

    return Shared
