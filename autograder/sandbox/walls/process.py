"""Tier D: a process with limits. What the other tiers change and add to is described here."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autograder.sandbox import family, linux
from autograder.sandbox.confine import Allowance, fits, limit_resources, remove_tree
from autograder.sandbox.visible import package_folder

_MANY = 4096
"""A limit on processes where they are counted with all others of the user."""


class ProcessWalls:
    """How a launcher, a monitor, a worker and a checker of one tier are set up and ended.

    `enter` is called in the launcher, everything else in forks of the zygote; each keeps what it did for itself.
    """

    tier = "D"
    package_root = ""
    """The folder from which the zygote imports this package, once `enter` was called."""
    temporary = ""
    """The folder in which the zygote and its forks may write."""

    def __init__(self) -> None:
        self.scratch = ""
        self._made_by = 0
        self._file_mb = 0

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Go inside, with the empty folder ``root``; return 0 in the process that is inside.

        Where that is another process, it is a child whose number is returned. Nothing in ``protected`` is to be
        seen from inside.
        """
        del protected
        Path(root, "lib").mkdir()
        Path(root, "lib", "autograder").symlink_to(package_folder())
        Path(root, "tmp").mkdir(mode=0o700)
        self.package_root, self.temporary = f"{root}/lib", f"{root}/tmp"
        return 0

    def guard(self, allowance: Allowance) -> None:
        """In a monitor, before it forks its worker: prepare what the worker needs from outside."""
        if sys.platform == "linux":
            # It outlives the zygote, because it has to end what the worker leaves behind: it does when the checker
            # hangs up.
            linux.become_subreaper()
        self.make_scratch(allowance)

    def enter_worker(self, allowance: Allowance) -> None:
        """Become a worker."""
        os.setsid()
        self.confine(allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Become a checker: trusted, and confined all the same."""
        self.make_scratch(allowance)
        # It is forked for each submission, and must not meet a limit that others of the user use up.
        self.confine(allowance if self.counts_alone else replace(allowance, processes=_MANY))

    def confine(self, allowance: Allowance) -> None:
        """Do what worker and checker have in common."""
        if sys.platform == "linux":
            linux.die_with_parent()
        self.go_to_scratch()
        self.limit(allowance)

    @property
    def counts_alone(self) -> bool:
        """Whether the kernel counts a worker's processes apart from all others."""
        return False

    def limit(self, allowance: Allowance) -> None:
        """Set the kernel's limits."""
        if not self.counts_alone and allowance.processes < _MANY:
            others = family.tasks_of_user(os.getuid())
            allowance = replace(allowance, processes=others + allowance.processes if others else _MANY)
        limit_resources(allowance)

    def make_scratch(self, allowance: Allowance) -> None:
        """Make the temporary folder of one worker or checker."""
        self._file_mb = allowance.file_mb
        self.scratch = tempfile.mkdtemp(prefix="", dir=os.environ["TMPDIR"])
        self._made_by = os.getpid()

    def go_to_scratch(self) -> None:
        """Work in the temporary folder, and have it found by programs that look for one."""
        os.chdir(self.scratch)
        os.environ["TMPDIR"] = os.environ["HOME"] = self.scratch
        tempfile.tempdir = None

    def fills_disk(self) -> bool:
        """Whether there is more in the temporary folder than may be."""
        return not fits(self.scratch, self._file_mb)

    def kill(self, worker: int) -> int:
        """In a monitor: kill the worker and all that it left behind; return its exit code (negative: a signal)."""
        if sys.platform == "linux":
            return family.end_all(worker, family.kill_descendants)
        return self.kill_process(worker)

    @staticmethod
    def kill_process(worker: int) -> int:
        """Kill the worker and its process group, and return its exit code."""
        family.send_kill(worker, group=True)
        family.send_kill(worker)
        _, status = os.waitpid(worker, 0)
        return os.waitstatus_to_exitcode(status)

    def clean_up(self) -> None:
        """Remove what this process made, at its end. A fork of it leaves that alone."""
        if self._made_by == os.getpid():
            remove_tree(self.scratch)
