"""The base of all tiers: tier D, a process with limits, and tier C, which gives every process its own user.

`Isolation` is both tier D and the interface that the other tiers implement. Tier C needs root; with separate users,
the kernel counts each process's limits separately, and signals reach no other process.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autograder.sandbox.isolation import linux
from autograder.sandbox.isolation.hardening import Allowance, fits, limit_resources, package_folder, remove_tree
from autograder.sandbox.isolation.leftovers import remove_leftovers

_MANY = 4096
"""The limit on processes where the kernel counts them together with all others of the same user."""


class Isolation:
    """Sets up and ends the launcher, monitors, workers and checkers of one tier.

    `enter` is called in the launcher, everything else in forks of the zygote, each with its own copy of this object.
    """

    tier = "D"
    package_root = ""
    """The folder from which the zygote imports this package; set by `enter`."""
    temporary = ""
    """The folder in which the zygote and its forks may write; set by `enter`."""

    def __init__(self) -> None:
        self.scratch = ""
        self._made_by = 0
        self._file_mb = 0

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Enter the sandbox, using the empty folder ``root``; return 0 in the process that is inside.

        If that is a new process, the caller gets its process id. Nothing in ``protected`` may be visible from inside.
        """
        del protected
        Path(root, "lib").mkdir()
        Path(root, "lib", "autograder").symlink_to(package_folder())  # not its parent folder, which may hold the course
        Path(root, "tmp").mkdir(mode=0o700)
        self.package_root, self.temporary = f"{root}/lib", f"{root}/tmp"
        return 0

    def guard(self, allowance: Allowance) -> None:
        """Prepare a monitor, before it forks its worker."""
        if sys.platform == "linux":
            # No die_with_parent here: the monitor must outlive the zygote, to kill what the worker leaves behind once
            # the checker hangs up.
            linux.become_subreaper()
        self.make_scratch(allowance)

    def enter_worker(self, allowance: Allowance) -> None:
        """Become a worker."""
        os.setsid()  # kill(0, …) must not reach the monitor
        self.confine(allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Become a checker, which is trusted but isolated too."""
        self.make_scratch(allowance)
        # A checker forks for each submission; processes of the same user must not use up its limit.
        self.confine(allowance if self.counts_alone else replace(allowance, processes=_MANY))

    def confine(self, allowance: Allowance) -> None:
        """Apply the restrictions that workers and checkers share."""
        if sys.platform == "linux":
            linux.die_with_parent()
        self.go_to_scratch()
        self.limit(allowance)

    @property
    def counts_alone(self) -> bool:
        """Whether the kernel counts a worker's processes separately from all others."""
        return False

    def limit(self, allowance: Allowance) -> None:
        """Set the kernel's limits."""
        if not self.counts_alone and allowance.processes < _MANY:
            # RLIMIT_NPROC counts all of the user's processes, among them those that were there before.
            others = linux.tasks_of_user(os.getuid())
            allowance = replace(allowance, processes=others + allowance.processes if others else _MANY)
        limit_resources(allowance)

    def make_scratch(self, allowance: Allowance) -> None:
        """Make the temporary folder of one worker or checker."""
        self._file_mb = allowance.file_mb
        self.scratch = tempfile.mkdtemp(prefix="", dir=os.environ["TMPDIR"])
        self._made_by = os.getpid()

    def go_to_scratch(self) -> None:
        """Make the temporary folder the working folder, and the one that ``tempfile`` and other programs use."""
        os.chdir(self.scratch)
        os.environ["TMPDIR"] = os.environ["HOME"] = self.scratch  # libraries write caches below HOME
        tempfile.tempdir = None  # it was computed before the fork

    def fills_disk(self) -> bool:
        """Whether the temporary folder exceeds its limits."""
        return not fits(self.scratch, self._file_mb)

    def kill(self, worker: int) -> int:
        """Kill a monitor's worker and everything it left behind; return its exit code (negative: a signal)."""
        if sys.platform == "linux":
            return linux.end_all(worker, linux.kill_descendants)
        return self.kill_process(worker)

    @staticmethod
    def kill_process(worker: int) -> int:
        """Kill the worker and its process group; return its exit code (negative: a signal)."""
        linux.send_kill(worker, group=True)
        linux.send_kill(worker)  # it may not have made its own group yet
        _, status = os.waitpid(worker, 0)
        return os.waitstatus_to_exitcode(status)

    def clean_up(self) -> None:
        """Remove the temporary folder at the end of the process that made it; do nothing in a fork of it."""
        if self._made_by == os.getpid():
            remove_tree(self.scratch)


# User ids that distributions leave unassigned, and that exist in a container with 65 536 ids.
_FIRST, _COUNT = 65_024, 496


class UserIsolation(Isolation):
    """Tier C; `Isolation` describes each step."""

    tier = "C"

    def __init__(self) -> None:
        super().__init__()
        self.user: int | None = None
        self._claim: socket.socket | None = None  # open as long as the user is needed

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Stay root, but keep only the capabilities to change users and to kill their processes."""
        if os.getuid() != 0:
            raise PermissionError("only root can give every process its own user")
        super().enter(root, protected)
        Path(self.temporary).chmod(0o1733)  # sticky and unreadable: each user creates a folder, none can list others'
        linux.drop_capabilities(keep=(linux.CAP_KILL, linux.CAP_SETGID, linux.CAP_SETUID))
        return 0

    def guard(self, allowance: Allowance) -> None:
        """Choose the worker's user, and access files as that user."""
        linux.become_subreaper()
        self.user, self._claim = claim_user()
        self._remove_leftovers()  # of a grader that was killed
        self.make_scratch(allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Become a checker with its own user."""
        self.user, self._claim = claim_user()
        linux.use_files_as(self.user, self.user)
        super().enter_checker(allowance)

    def confine(self, allowance: Allowance) -> None:
        """Switch to the chosen user for good, and apply the shared restrictions."""
        self.go_to_scratch()
        if self.user is not None:
            os.setgroups([])
            linux.become(self.user)
            linux.set_dumpable(dumpable=True)  # so that the monitor can read its memory use
        linux.drop_capabilities()
        # After the change of user, which clears it.
        linux.die_with_parent()
        self.limit(allowance)

    @property
    def counts_alone(self) -> bool:
        """Whether this process has its own user."""
        return self.user is not None

    def kill(self, worker: int) -> int:
        """Kill every process of the worker's user, so that not even a fork bomb escapes; remove what they left."""
        if self.user is None:
            return super().kill(worker)
        code = linux.end_all(worker, functools.partial(_kill_all_of, self.user))
        self._remove_leftovers()
        return code

    def _remove_leftovers(self) -> None:
        """Remove what the user left outside the temporary folder, and access files as that user from then on."""
        if self.user is None:
            return
        temporary = os.environ["TMPDIR"]
        linux.use_files_as(0, 0)  # only root may list the folder that contains all temporary folders
        # Also where the grader itself puts temporary files: the parent of the folder that `enter` got.
        remove_leftovers(self.user, [temporary, str(Path(temporary).parents[1])], spare=self.scratch)
        linux.use_files_as(self.user, self.user)


def claim_user() -> tuple[int, socket.socket]:
    """Return a user id that no process has, and a socket that claims it while open; raise ``OSError`` if none is free.

    The claim is an address in the abstract socket namespace: only one process can hold it, even among several graders,
    and the kernel frees it when that process ends, however it ends.
    """
    busy = linux.users_with_processes()
    for offset in range(_COUNT):
        user = _FIRST + (os.getpid() + offset) % _COUNT
        if user in busy:  # orphans of a grader that was killed, or a user of this machine
            continue
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0autograder-user-{user}")
        except OSError:
            claim.close()
            continue
        return user, claim
    raise OSError(f"no user between {_FIRST} and {_FIRST + _COUNT} is free")


def _kill_all_of(user: int) -> None:
    """Kill every process of a user, from a child that becomes that user: ``kill(-1)`` then reaches them all at once."""
    child = os.fork()
    if child == 0:
        try:
            linux.become(user)
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
