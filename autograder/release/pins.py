"""Make releases reproducible: pinned versions and a clean commit.

``requirements.lock`` holds the versions that build and grade a course; pip takes it as constraints (``-c``), and
``autograder lock`` writes it after an upgrade.
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
"""The extra that builds and grades a course; packages of other extras may be missing when a lock is written."""

_HEADER = "# Written by: autograder lock"
_BRING_THEIR_OWN = frozenset({"torch"})
"""Packages whose requirements are not followed. Whether torch needs CUDA's libraries, triton and others depends on its
build, not on its version; see docs/decisions/0015-pytorchs-requirements-are-not-pinned.md."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The versions to pin, by names as pip normalises them."""

    versions: dict[str, str]
    kept: tuple[str, ...]
    """Packages that are not installed here and that a missing one may need: their lines come from the old lock."""

    def to_text(self) -> str:
        """Return the lines of the file."""
        return "\n".join([_HEADER, *(f"{name}=={version}" for name, version in self.versions.items()), ""])


def installed(extras: Collection[str] = ()) -> dict[str, str]:
    """Return the versions of all packages that this one needs here, directly or not: name → version.

    The local part of a version and torch's own requirements are left out, because they differ between the builds of
    torch for CPU and GPU. Raises `CourseError` if a package is missing.
    """
    versions, missing = _look(extras)
    if missing:
        listed = ", ".join(sorted(missing))
        raise CourseError(f"{listed} is not installed. Install it with: pip install -c {LOCK} -e '.[{_REQUIRED}]'")
    return versions


def core_needs() -> list[str]:
    """Return the packages that this one needs without extras: those that students get."""
    needs = [Requirement(line) for line in distribution(DISTRIBUTION).requires or ()]
    return sorted(canonicalize_name(need.name) for need in needs if need.marker is None)  # extras are markers too


def write_lock(root: Path) -> Lock:
    """Write a course's ``requirements.lock`` from the installed versions, and return it.

    Raises `CourseError` and does not change the file if a package is missing that builds or grades a course. If one is
    missing that only tests or the documentation need, lines of the old lock that it may need are kept.
    """
    lock = _lock(root)
    write_atomic(root / LOCK, lock.to_text().encode())
    return lock


def _lock(root: Path) -> Lock:
    installed([_REQUIRED])  # raises if a required one is missing
    versions, missing = _look(distribution(DISTRIBUTION).metadata.get_all("Provides-Extra") or ())
    before = read_lock(root) if missing and (root / LOCK).is_file() else {}
    kept = {name: version for name, version in before.items() if name not in versions}
    return Lock(dict(sorted((versions | kept).items())), tuple(sorted(kept)))


def read_lock(root: Path) -> dict[str, str]:
    """Return the versions that a course's ``requirements.lock`` names."""
    path = root / LOCK
    if not path.is_file():
        raise CourseError(f"{path} is missing, which pins the versions of a release. Write it with: autograder lock")
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    if odd := [line for line in lines if "==" not in line]:
        raise CourseError(f"{path} has a line that pins no version: {odd[0]!r}. Write the file with: autograder lock")
    return dict(line.split("==", 1) for line in lines)


def require_pinned(root: Path) -> dict[str, str]:
    """Return the versions of all packages that build and grade a course.

    Raises `CourseError` if the installed versions are not those of the lock.
    """
    pinned, here = read_lock(root), installed([_REQUIRED])
    others = [
        f"{name} {version} ({pinned.get(name, 'none')})"
        for name, version in here.items()
        if pinned.get(name) != version
    ]
    if others:
        raise CourseError(
            f"The installed versions are not those in {LOCK} (in brackets): {', '.join(others)}. Install these: "
            f"pip install -c {LOCK} -e '.[{_REQUIRED}]'. Or lock the installed ones: autograder lock"
        )
    return here


def _look(extras: Iterable[str]) -> tuple[dict[str, str], set[str]]:
    """Follow the requirements of this package; return the versions of installed packages, and the missing names."""
    found: dict[str, str] = {}
    missing: set[str] = set()
    waiting = [(DISTRIBUTION, frozenset(extras))]  # a package may be needed again, with other extras
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:
            missing.add(canonicalize_name(name))
            continue
        found[canonicalize_name(name)] = package.version.partition("+")[0]  # as in 2.13.0+cpu
        if name in _BRING_THEIR_OWN:
            continue
        for need in _needs(package.requires or (), wanted):
            if need not in seen:
                seen.add(need)
                waiting.append(need)
    found.pop(DISTRIBUTION, None)
    return dict(sorted(found.items())), missing


def _needs(requirements: Iterable[str], extras: Collection[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the requirements that apply here: normalised name and extras."""
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        # "" evaluates markers that name no extra, such as those of a Python version.
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


SOURCES = ("solutions", "tests/checks", CONFIG_NAME, LOCK, "autograder", "pyproject.toml")
"""The files that determine the bytes of a release."""


def clean_commit(root: Path) -> str:
    """Return the current commit of a course; raise `CourseError` if its sources have uncommitted changes."""
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *SOURCES).splitlines()
    if changed:
        listed = ", ".join(line[3:] for line in changed[:5]) + (f" and {len(changed) - 5} more" if changed[5:] else "")
        raise CourseError(
            f"Not committed: {listed}. A release is built from a commit, so that others can build it again. Commit "
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
        reason = next(iter(done.stderr.strip().splitlines()), "git failed")
        raise CourseError(
            f"{root} has no git commit to build a version from ({reason}). Run git init and commit the course, or "
            "build without --version."
        )
    return done.stdout
