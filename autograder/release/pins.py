"""What a release is built from: the pinned versions of ``requirements.lock``, and a clean commit.

The versions that a release is built with: ``requirements.lock``, which pip takes as constraints (``-c``).

``autograder lock`` writes it after an upgrade.

From which commit a release is built.
"""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.course import CONFIG_NAME
from autograder.errors import CourseError
from autograder.files import write_atomic

DISTRIBUTION = "medical-image-autograder"
LOCK = "requirements.lock"
_REQUIRED = "staff"
"""The extra that builds and grades a course; everything else may be missing where a lock is written."""

_HEADER = "# Written by: autograder lock"
_BRING_THEIR_OWN = frozenset({"torch"})
"""Packages whose requirements are not followed. Which of CUDA's libraries, triton and others torch asks for depends on
its build, not on its version, and it decides which versions of them it works with."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The versions to pin, and what could not be seen here: names as pip normalises them."""

    versions: dict[str, str]
    kept: tuple[str, ...]
    """Needed, as far as one can see, by what is not installed here: their lines are those of the lock before."""

    def to_text(self) -> str:
        """Return the lines of the file."""
        return "\n".join([_HEADER, *(f"{name}=={version}" for name, version in self.versions.items()), ""])


def installed(extras: Collection[str] = ()) -> dict[str, str]:
    """Return the versions of all that this package needs here, directly or not: name → version.

    A version's local part is left out, and so is what torch brings along for itself: they tell the CPU's build of torch
    from that of a GPU. Raises `CourseError` where something is missing.
    """
    versions, missing = _look(extras)
    if missing:
        raise CourseError(f"{', '.join(sorted(missing))} is not installed: pip install -c {LOCK} -e '.[{_REQUIRED}]'")
    return versions


def core_needs() -> list[str]:
    """Return what this package needs itself, without extras: what students get."""
    needs = [Requirement(line) for line in distribution(DISTRIBUTION).requires or ()]
    return sorted(canonicalize_name(need.name) for need in needs if need.marker is None)


def write_lock(root: Path) -> Lock:
    """Write a course's ``requirements.lock`` from what is installed here, and return it.

    Raises `CourseError`, with the file unchanged, where something that builds or grades a course is missing. Where
    something is missing that only tests or the documentation need, lines that may be due to it stay.
    """
    lock = _lock(root)
    write_atomic(root / LOCK, lock.to_text().encode())
    return lock


def _lock(root: Path) -> Lock:
    installed([_REQUIRED])
    versions, missing = _look(distribution(DISTRIBUTION).metadata.get_all("Provides-Extra") or ())
    before = read_lock(root) if missing and (root / LOCK).is_file() else {}
    kept = {name: version for name, version in before.items() if name not in versions}
    return Lock(dict(sorted((versions | kept).items())), tuple(sorted(kept)))


def read_lock(root: Path) -> dict[str, str]:
    """Return the versions that a course's ``requirements.lock`` names."""
    path = root / LOCK
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: a release says with which versions it is built. Write it with: autograder lock"
        )
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    if odd := [line for line in lines if "==" not in line]:
        raise CourseError(f"{path} has a line that pins no version: {odd[0]!r}. Write it with: autograder lock")
    return dict(line.split("==", 1) for line in lines)


def require_pinned(root: Path) -> dict[str, str]:
    """Return the versions of all that builds and grades a course.

    Raises `CourseError` where the ones installed here are not those of the lock.
    """
    pinned, here = read_lock(root), installed([_REQUIRED])
    others = [
        f"{name} {version} ({pinned.get(name, 'none')})"
        for name, version in here.items()
        if pinned.get(name) != version
    ]
    if others:
        raise CourseError(
            f"The versions installed here are not those in {LOCK} (in brackets): {', '.join(others)}. Install those: "
            f"pip install -c {LOCK} -e '.[{_REQUIRED}]'. Or pin the ones that are installed: autograder lock"
        )
    return here


def _look(extras: Iterable[str]) -> tuple[dict[str, str], set[str]]:
    """Follow the requirements of this package; return the versions of what is installed, and what is missing."""
    found: dict[str, str] = {}
    missing: set[str] = set()
    waiting = [(DISTRIBUTION, frozenset(extras))]
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:
            missing.add(canonicalize_name(name))
            continue
        found[canonicalize_name(name)] = package.version.partition("+")[0]
        if name in _BRING_THEIR_OWN:
            continue
        for need in _needs(package.requires or (), wanted):
            if need not in seen:
                seen.add(need)
                waiting.append(need)
    found.pop(DISTRIBUTION, None)
    return dict(sorted(found.items())), missing


def _needs(requirements: Iterable[str], extras: Collection[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what is required here, by its normalised name, each with the extras of it."""
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


# --- The commit ---------------------------------------------------------------------------------------------------
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
