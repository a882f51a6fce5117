"""From which commit a release is built."""

from __future__ import annotations

import subprocess
from pathlib import Path

from autograder.course import CONFIG_NAME
from autograder.errors import CourseError
from autograder.release.pins import LOCK

SOURCES = ("solutions", "tests/checks", CONFIG_NAME, LOCK, "autograder", "pyproject.toml")
"""What decides the bytes of a release."""


def clean_commit(root: Path) -> str:
    """Return the commit that a course's sources are at; raise `CourseError` where they hold changes of their own."""
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *SOURCES).splitlines()
    if changed:
        listed = ", ".join(line[3:] for line in changed[:5]) + (f" and {len(changed) - 5} more" if changed[5:] else "")
        raise CourseError(
            f"Not committed: {listed}. A release is built from a commit, so that anybody can build it again: commit "
            "first, then repeat the command."
        )
    return _git(root, "rev-parse", "--verify", "HEAD").strip()


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CourseError(
            "git is not installed, and a version is built from a commit. Install it (Debian, Ubuntu: apt install git) "
            "and repeat the command, or build without --version."
        ) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise CourseError(
            f"{root} is in no git repository with a commit ({said[0] if said else 'git failed'}): a version is built "
            "from a commit. Run git init and commit the course, or build without --version."
        )
    return done.stdout
