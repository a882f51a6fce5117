"""Tier B, where there are no namespaces: Landlock for files, seccomp for all else, and as root a user of its own.

Landlock is entered twice. The launcher keeps for itself and all that it will start what tier A would have bound
into its root, and ``/proc``; a worker and a checker then keep only the libraries and their own temporary folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from autograder.sandbox import landlock, linux, seccomp
from autograder.sandbox.confine import Allowance
from autograder.sandbox.visible import DEVICES, package_folder, visible_paths, without
from autograder.sandbox.walls.own_user import UserWalls
from autograder.sandbox.walls.process import ProcessWalls

_DEVICES = [f"/dev/{name}" for name in DEVICES]


class LandlockWalls(UserWalls):
    """Tier B, as `ProcessWalls` describes what each step is for. An ordinary user's processes keep their user."""

    tier = "B"

    def __init__(self) -> None:
        super().__init__()
        # What lies in there and is protected was left out by the launcher's own restriction.
        self._readable = [*visible_paths(), package_folder()]

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Give up every file but the libraries, this package and a folder to write in."""
        if os.getuid() == 0:
            super().enter(root, protected)
        else:
            ProcessWalls.enter(self, root, protected)
            linux.drop_capabilities()
        readable = [*without(visible_paths(), protected), package_folder(), self.package_root, "/proc"]
        landlock.restrict(readable, [self.temporary], _DEVICES)
        return 0

    def guard(self, allowance: Allowance) -> None:
        """Prepare a worker: as root, a user for it."""
        if os.getuid() == 0:
            super().guard(allowance)
        else:
            ProcessWalls.guard(self, allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Become a checker: as root, with a user of its own."""
        if os.getuid() == 0:
            super().enter_checker(allowance)
        else:
            ProcessWalls.enter_checker(self, allowance)

    def confine(self, allowance: Allowance) -> None:
        """Give up all files but the libraries and the temporary folder, then the system calls."""
        super().confine(allowance)
        landlock.restrict([*self._readable, os.environ["PYTHONPATH"]], [self.scratch], _DEVICES)
        same_user = self.user is None
        seccomp.filter_among_others(
            process=os.getpid(), same_user=same_user, signals=same_user and not landlock.keeps_signals()
        ).install()
