"""Find and remove what a user's processes can leave behind where all users of a machine may write.

Tier C separates users, not files: what one student leaves in ``/tmp`` or in System V memory, the next could read, or
find no room beside. POSIX message queues, which no folder lists, are refused by a limit: see `hardening`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.sandbox.isolation import linux
from autograder.sandbox.isolation.hardening import remove_tree

# POSIX shared memory and semaphores are files in /dev/shm.
_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock", "/var/lock", "/var/crash")
_IPC_RMID = 0
_SYSTEM_V = "/proc/sysvipc"


def remove_leftovers(user: int, folders: Iterable[str], spare: str = "") -> None:
    """Remove the files of a user in public folders and in ``folders``, but not ``spare``, and all System V objects.

    The user must have no process, and the caller must be root and access files as root.
    """
    paths = [path for path in _files(user, [*_FOLDERS, *folders]) if path != spare]
    objects = list(_system_v(user))
    if not paths and not objects:
        return
    child = os.fork()  # as the user, who may remove all of this without a capability
    if child == 0:
        try:
            linux.become(user)
            for path in paths:
                with contextlib.suppress(OSError):
                    Path(path).unlink()
                remove_tree(path)
            for kind, number in objects:
                _remove(kind, number)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _files(user: int, folders: Iterable[str]) -> Iterator[str]:
    """Yield a user's files and folders in public folders, among them those inside, like ``/tmp/.X11-unix``."""
    waiting = list(dict.fromkeys(map(os.path.realpath, folders)))
    seen = set(waiting)
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_uid == user:
                        yield entry.path
                    elif stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_IWOTH and entry.path not in seen:
                        seen.add(entry.path)
                        waiting.append(entry.path)


def _system_v(user: int) -> Iterator[tuple[str, int]]:
    """Yield the kind and the number of each System V object that a user made or owns."""
    for kind in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError), Path(_SYSTEM_V, kind).open() as file:
            names = file.readline().split()
            owners = [names.index("uid"), names.index("cuid")]
            for line in file:
                fields = line.split()
                if any(int(fields[place]) == user for place in owners):
                    yield kind, int(fields[1])


def _remove(kind: str, number: int) -> None:
    match kind:
        case "shm":
            linux.libc.shmctl(number, _IPC_RMID, None)
        case "sem":
            linux.libc.semctl(number, 0, _IPC_RMID)
        case _:
            linux.libc.msgctl(number, _IPC_RMID, None)
