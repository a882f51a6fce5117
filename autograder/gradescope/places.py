"""Where things lie in Gradescope's container, what is known of the submission, and how much memory there is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.text import printable

RESERVE_MB = 352
"""What the container needs beside the student's process: the grader, the checks, and the libraries that all share.

``python -m benchmarks.contained`` measures it: up to 345 MB where a student's process asks for none itself.
"""

_MEMORY_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Places:
    """The folders of https://gradescope-autograders.readthedocs.io/en/latest/specs/ below ``root``."""

    root: Path = Path("/autograder")

    @property
    def course(self) -> Path:
        """The packed course: one exercise with all its checks."""
        return self.root / "source" / "course"

    @property
    def submission(self) -> Path:
        """What the student handed in."""
        return self.root / "submission"

    @property
    def results(self) -> Path:
        """What Gradescope reads when all is done."""
        return self.root / "results" / "results.json"

    @property
    def metadata(self) -> Path:
        """Who handed in, and what came of it before."""
        return self.root / "submission_metadata.json"


@contextmanager
def closed(root: Path) -> Iterator[None]:
    """Let no user but this one enter ``root``.

    The checks, the results and earlier scores lie below it. Student code that runs as another user (tiers B and C)
    cannot even name them, whatever their own modes are.
    """
    before = root.stat().st_mode & 0o7777
    root.chmod(0o700)
    try:
        yield
    finally:
        root.chmod(before)


def students(metadata: Path) -> str:
    """Return the names of those who handed in, as the metadata tell; empty where they cannot be read."""
    try:
        content: Any = json.loads(metadata.read_bytes())
        return ", ".join(printable(str(user["name"]), 80) for user in content["users"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def container_memory_mb() -> int | None:
    """Return how much memory this container may use; None where nothing limits it."""
    for name in _MEMORY_FILES:
        try:
            limit = int(Path(name).read_text("ascii"))
        except (OSError, ValueError):
            continue
        if limit < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
            return limit >> 20
    return None
