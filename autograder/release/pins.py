"""The versions that a release is built with: ``requirements.lock``, which pip takes as constraints (``-c``).

Write it anew, after an upgrade, with: python -m autograder.release.pins > requirements.lock
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.course import CourseError

DISTRIBUTION = "medical-image-autograder"
LOCK = "requirements.lock"
ALL_EXTRAS = ("staff", "docs", "cluster", "dev")


def installed(extras: Collection[str] = ()) -> dict[str, str]:
    """Return the versions of all that this package needs here, directly or not: name → version.

    A version's local part is left out: it tells the CPU's build of torch from that of a GPU.
    """
    found: dict[str, str] = {}
    waiting = [(DISTRIBUTION, frozenset(extras))]
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:
            raise CourseError(f"{name} is not installed: pip install -e '.[staff]'.") from None
        found[str(canonicalize_name(name))] = package.version.partition("+")[0]
        for need in _needs(package.requires or (), wanted):
            if need not in seen:
                seen.add(need)
                waiting.append(need)
    del found[DISTRIBUTION]
    return dict(sorted(found.items()))


def core_needs() -> list[str]:
    """Return what this package needs itself, without extras: what students get."""
    needs = [Requirement(line) for line in distribution(DISTRIBUTION).requires or ()]
    return sorted(str(canonicalize_name(need.name)) for need in needs if need.marker is None)


def _needs(requirements: Iterable[str], extras: Collection[str]) -> list[tuple[str, frozenset[str]]]:
    """Return what is required here, with the extras of it."""
    parsed = [Requirement(line) for line in requirements]
    return [
        (one.name, frozenset(one.extras))
        for one in parsed
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, ""))
    ]


def read_lock(root: Path) -> dict[str, str]:
    """Return the versions that a course's ``requirements.lock`` names."""
    path = root / LOCK
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: a release says with which versions it is built. Write it with: "
            f"python -m autograder.release.pins > {LOCK}"
        )
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("==", 1) for line in lines)


def require_pinned(root: Path) -> dict[str, str]:
    """Return the versions of all that builds and grades a course.

    Raises `CourseError` where the ones installed here are not those of the lock.
    """
    pinned, here = read_lock(root), installed(["staff"])
    others = [
        f"{name} {version} ({pinned.get(name, 'none')})"
        for name, version in here.items()
        if pinned.get(name) != version
    ]
    if others:
        raise CourseError(
            f"Installed are other versions than those in {LOCK} (in brackets): {', '.join(others)}. Install those, "
            f"pip install -c {LOCK} -e '.[staff]', or write the file anew: python -m autograder.release.pins > {LOCK}"
        )
    return here


def main() -> None:
    """Print the lock of what is installed here."""
    lines = [f"{name}=={version}" for name, version in installed(ALL_EXTRAS).items()]
    sys.stdout.write("\n".join(["# Written by: python -m autograder.release.pins", *lines, ""]))


if __name__ == "__main__":
    main()
