"""The base of all tiers: a process with limits (tier D), and as root with a user of its own (tier C).

Tier D: a process with limits. What the other tiers change and add to is described here.

Tier C: as root, a user of its own for every process, so that limits count it alone and signals reach nobody else.
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

_MANY = 4096
"""A limit on processes where they are counted with all others of the user."""


class Isolation:
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
            others = linux.tasks_of_user(os.getuid())
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
            return linux.end_all(worker, linux.kill_descendants)
        return self.kill_process(worker)

    @staticmethod
    def kill_process(worker: int) -> int:
        """Kill the worker and its process group, and return its exit code."""
        linux.send_kill(worker, group=True)
        linux.send_kill(worker)
        _, status = os.waitpid(worker, 0)
        return os.waitstatus_to_exitcode(status)

    def clean_up(self) -> None:
        """Remove what this process made, at its end. A fork of it leaves that alone."""
        if self._made_by == os.getpid():
            remove_tree(self.scratch)


# --- Tier C -------------------------------------------------------------------------------------------------------


# Numbers that distributions reserve and give to nobody, and that a container with 65 536 users has.
_FIRST, _COUNT = 65_024, 496


class UserIsolation(Isolation):
    """Tier C, as `Isolation` describes what each step is for."""

    tier = "C"

    def __init__(self) -> None:
        super().__init__()
        self.user: int | None = None
        self._claim: socket.socket | None = None

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Stay root, who alone can change to other users, but with no other power than that and to kill them."""
        if os.getuid() != 0:
            raise PermissionError("only root can give every process a user of its own")
        super().enter(root, protected)
        Path(self.temporary).chmod(0o1733)  # each makes its own folder there, nobody lists those of others
        linux.drop_capabilities(keep=(linux.CAP_KILL, linux.CAP_SETGID, linux.CAP_SETUID))
        return 0

    def guard(self, allowance: Allowance) -> None:
        """Choose the worker's user, and see its files and processes with that user's rights."""
        linux.become_subreaper()
        self.user, self._claim = claim_user()
        linux.use_files_as(self.user, self.user)
        self.make_scratch(allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Become a checker with a user of its own."""
        self.user, self._claim = claim_user()
        linux.use_files_as(self.user, self.user)
        super().enter_checker(allowance)

    def confine(self, allowance: Allowance) -> None:
        """Change the user, for good."""
        self.go_to_scratch()
        if self.user is not None:
            os.setgroups([])
            os.setresgid(self.user, self.user, self.user)
            os.setresuid(self.user, self.user, self.user)
            linux.set_dumpable(dumpable=True)  # so that the monitor can read how much memory it uses
        linux.drop_capabilities()
        linux.die_with_parent()
        self.limit(allowance)

    @property
    def counts_alone(self) -> bool:
        """Whether there is a user of its own to count."""
        return self.user is not None

    def kill(self, worker: int) -> int:
        """Kill everything of the worker's user: not even a process that forks all the time gets away."""
        if self.user is None:
            return super().kill(worker)
        return linux.end_all(worker, functools.partial(_kill_all_of, self.user))


def claim_user() -> tuple[int, socket.socket]:
    """Return the number of a user whom no process belongs to, and what claims it for as long as it is open.

    The claim is an address in the abstract namespace of sockets: only one process can have it, also among several
    graders, and it is free again when that process ends, however it ends.
    """
    busy = linux.users_with_processes()
    for offset in range(_COUNT):
        user = _FIRST + (os.getpid() + offset) % _COUNT
        if user in busy:
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
    """Kill every process of a user, from a child that becomes that user."""
    child = os.fork()
    if child == 0:
        try:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
