"""Tier C: as root, a user of its own for every process, so that limits count it alone and signals reach nobody else."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from autograder.sandbox import family, linux
from autograder.sandbox.confine import Allowance
from autograder.sandbox.walls.process import ProcessWalls

# Numbers that distributions reserve and give to nobody, and that a container with 65 536 users has.
_FIRST, _COUNT = 65_024, 496


class UserWalls(ProcessWalls):
    """Tier C, as `ProcessWalls` describes what each step is for."""

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
        return family.end_all(worker, functools.partial(_kill_all_of, self.user))


def claim_user() -> tuple[int, socket.socket]:
    """Return the number of a user whom no process belongs to, and what claims it for as long as it is open.

    The claim is an address in the abstract namespace of sockets: only one process can have it, also among several
    graders, and it is free again when that process ends, however it ends.
    """
    busy = family.users_with_processes()
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
