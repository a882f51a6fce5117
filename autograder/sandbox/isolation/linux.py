"""Linux's system calls that Python does not offer, and the tree of processes in ``/proc``.

The Linux calls that Python does not offer: namespaces, mounts, users, capabilities.

Thin wrappers over libc, each raising ``OSError`` with the name of the call that failed. What they are used
for, and in which order, is told in `walls`. System calls are filtered in `seccomp`, files in `landlock`.

Processes and their descendants: find, count and end them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import struct
import time
from collections.abc import Callable, Sequence

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP = 0x10000000, 0x20000000, 0x40000000, 0x02000000
ALL_NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
CAP_KILL, CAP_SETGID, CAP_SETUID = 5, 6, 7
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 1, 2, 4
_AT_RECURSIVE = 0x8000
_SYS_MOUNT_SETATTR = 442

# x86_64 and aarch64 number most system calls differently; newer ones (from 424 on) alike.
_MACHINES = {"x86_64": 0, "aarch64": 1}
_SYS = {"pivot_root": (155, 41), "capset": (126, 91)}

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, call: str) -> int:
    """Return what a call returned; raise ``OSError`` with its name where it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def machine() -> int:
    """Return the column of this processor in the tables of system calls."""
    try:
        return _MACHINES[platform.machine()]
    except KeyError:
        raise OSError(f"no sandbox for processors of kind {platform.machine()}") from None


def unshare(flags: int) -> None:
    """Leave the given namespaces for new ones."""
    check(libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str = "") -> None:
    """Mount a file system, or bind or remount one."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode() if kind else None)
    check(libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def make_read_only(path: str) -> None:
    """Make a mount and all below it read-only, without set-user-id programs and device files."""
    flags = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    result = libc.syscall(_SYS_MOUNT_SETATTR, -100, os.fsencode(path), _AT_RECURSIVE, attributes, len(attributes))
    check(result, f"mount_setattr {path}")


def pivot_root(path: str) -> None:
    """Make ``path`` the root folder and forget the old one."""
    os.chdir(path)
    check(libc.syscall(_SYS["pivot_root"][machine()], b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")


def write_id_maps(inside: int, outside_uid: int, outside_gid: int) -> None:
    """Write the maps of the user namespace that was just entered: one user, one group."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {outside_uid} 1"),
        ("gid_map", f"{inside} {outside_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib costs an import in a forked child
            file.write(text)


def die_with_parent() -> None:
    """Be killed when the parent process ends. A change of user clears this: call it again after one."""
    prctl("PDEATHSIG", PR_SET_PDEATHSIG, signal.SIGKILL)


def become_subreaper() -> None:
    """Become the parent of every descendant whose own parent ends."""
    prctl("CHILD_SUBREAPER", PR_SET_CHILD_SUBREAPER, 1)


def set_dumpable(*, dumpable: bool) -> None:
    """Let (or not let) the files in ``/proc/self`` belong to the process's user."""
    prctl("DUMPABLE", PR_SET_DUMPABLE, int(dumpable))


def drop_capabilities(*, keep: Sequence[int] = ()) -> None:
    """Give up capabilities, for good: not even a set-user-id program, or root's next ``exec``, brings one back."""
    prctl("NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1)
    kept = sum(1 << capability for capability in keep)
    header = struct.pack("Ii", 0x20080522, 0)
    check(libc.syscall(_SYS["capset"][machine()], header, struct.pack("6I", kept, kept, 0, 0, 0, 0)), "capset")


def use_files_as(user: int, group: int) -> None:
    """Open and make files as another user from now on. Signals are sent and received as before."""
    libc.setfsgid(group)
    libc.setfsuid(user)
    if libc.setfsuid(-1) != user:  # it returns the user until now, never an error
        raise PermissionError("setfsuid: not allowed to use files as another user")


def prctl(name: str, option: int, *values: object) -> None:
    """Change something about this process."""
    check(libc.prctl(option, *values, *[0] * (4 - len(values))), f"prctl {name}")


# --- The tree of processes ----------------------------------------------------------------------------------------


_MOST = 4096


def descendants(pid: int) -> list[int]:
    """Return the processes that a process, or any of its threads, started, and theirs."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < _MOST:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - pathlib costs an import in a forked child
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                children += map(int, file.read().split())
    return children


def users_with_processes() -> set[int]:
    """Return the numbers of all users whom a process belongs to."""
    return {owner for owner, _ in _processes()}


def tasks_of_user(user: int) -> int:
    """Return how many processes and threads a user has, as the limit on processes counts them."""
    return sum(threads for owner, threads in _processes() if owner == user)


def _processes() -> list[tuple[int, int]]:
    """Return the owner and the number of threads of every process in sight."""
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit():
                with contextlib.suppress(OSError):
                    threads = os.stat(f"/proc/{name}/task")  # noqa: PTH116
                    found.append((threads.st_uid, threads.st_nlink - 2))
    return found


def kill_descendants() -> None:
    """Kill every descendant of this process, which is their subreaper."""
    # First stopped, so that none forks away while the others are killed.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def end_all(child: int, kill: Callable[[], None]) -> int:
    """Kill until no child is left; return the exit code of one of them (negative: a signal)."""
    code = -signal.SIGKILL
    while True:
        kill()
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == child:
                    code = os.waitstatus_to_exitcode(status)
                if not pid:
                    break
        except ChildProcessError:
            return code
        time.sleep(0.001)


def send_kill(pid: int, *, group: bool = False) -> None:
    """Kill a process, or the process group that it leads, if it is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(pid, signal.SIGKILL)
