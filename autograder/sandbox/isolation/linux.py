"""Linux calls that Python does not offer (namespaces, mounts, users, capabilities), and processes in ``/proc``.

Thin wrappers over libc; each raises ``OSError`` with the name of the call that failed. Their order matters: see
`namespaces` and `unconfined`. `seccomp` filters system calls, `landlock` restricts files.
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

# x86_64 and aarch64 number system calls differently, except new ones (from 424 on).
_MACHINES = {"x86_64": 0, "aarch64": 1}
_SYS = {"pivot_root": (155, 41), "capset": (126, 91)}

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, call: str) -> int:
    """Return the result of a libc call; raise ``OSError`` with its name if it failed."""
    if result < 0:
        number = ctypes.get_errno()  # ctypes keeps a copy: the interpreter may have changed errno itself
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def machine() -> int:
    """Return this processor's column in the tables of system call numbers; raise ``OSError`` if it has none."""
    try:
        return _MACHINES[platform.machine()]
    except KeyError:
        raise OSError(f"the sandbox does not support {platform.machine()} processors") from None


def unshare(flags: int) -> None:
    """Move this process into new namespaces of the given kinds."""
    check(libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str = "") -> None:
    """Mount, bind or remount a file system."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode() if kind else None)
    check(libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def make_read_only(path: str) -> None:
    """Make a mount and all mounts below it read-only, nosuid and nodev."""
    flags = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    # mount(2) remounts one mount only, whatever MS_REC says. -100 is AT_FDCWD.
    result = libc.syscall(_SYS_MOUNT_SETATTR, -100, os.fsencode(path), _AT_RECURSIVE, attributes, len(attributes))
    check(result, f"mount_setattr {path}")


def pivot_root(path: str) -> None:
    """Make ``path`` the root folder and detach the old one."""
    os.chdir(path)
    # pivot_root(".", ".") stacks the old root on the new one, so no folder is needed to hold it: pivot_root(2).
    check(libc.syscall(_SYS["pivot_root"][machine()], b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")


def write_id_maps(inside: int, outside_uid: int, outside_gid: int) -> None:
    """Map one user and one group into the user namespace that was just entered."""
    for name, text in (
        ("setgroups", "deny"),  # first: without it the kernel refuses a gid_map
        ("uid_map", f"{inside} {outside_uid} 1"),
        ("gid_map", f"{inside} {outside_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib costs an import in a forked child
            file.write(text)


def die_with_parent() -> None:
    """Have this process killed when its parent ends. Changing the user clears this: call it again afterwards."""
    prctl("PDEATHSIG", PR_SET_PDEATHSIG, signal.SIGKILL)  # the parent is the thread that forked: prctl(2)


def become_subreaper() -> None:
    """Make this process the parent of descendants whose own parent ends."""
    prctl("CHILD_SUBREAPER", PR_SET_CHILD_SUBREAPER, 1)


def set_dumpable(*, dumpable: bool) -> None:
    """Set whether the files in ``/proc/self`` belong to the process's user (otherwise to root)."""
    prctl("DUMPABLE", PR_SET_DUMPABLE, int(dumpable))


def drop_capabilities(*, keep: Sequence[int] = ()) -> None:
    """Drop all capabilities but ``keep`` for good: no set-user-id program or ``exec`` as root restores any."""
    prctl("NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1)
    kept = sum(1 << capability for capability in keep)
    header = struct.pack("Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    # Effective, permitted and inheritable capabilities: the low 32 of each, then the high ones.
    check(libc.syscall(_SYS["capset"][machine()], header, struct.pack("6I", kept, kept, 0, 0, 0, 0)), "capset")


def use_files_as(user: int, group: int) -> None:
    """Access and create files as another user from now on; signals are not affected. Raises ``PermissionError``."""
    libc.setfsgid(group)
    libc.setfsuid(user)
    if libc.setfsuid(-1) != user:  # setfsuid reports no error: it returns the previous user
        raise PermissionError("setfsuid: not allowed to use files as another user")


def become(user: int) -> None:
    """Become another user, with a group of the same number, for good. Call ``os.setgroups`` first, if at all."""
    os.setresgid(user, user, user)  # before the user, who may not change groups any more
    os.setresuid(user, user, user)


def prctl(name: str, option: int, *values: object) -> None:
    """Call ``prctl``; ``name`` is for the error message."""
    check(libc.prctl(option, *values, *[0] * (4 - len(values))), f"prctl {name}")  # some require unused ones to be 0


_MAX_DESCENDANTS = 4096
"""Bounds the search in `descendants`: a fork bomb may create processes faster than they can be listed."""


def descendants(pid: int) -> list[int]:
    """Return the children of a process, including those that its threads started, and their descendants."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < _MAX_DESCENDANTS:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):  # it may end at any moment
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - pathlib costs an import in a forked child
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                children += map(int, file.read().split())
    return children


def users_with_processes() -> set[int]:
    """Return the ids of all users that own a process."""
    return {owner for owner, _ in _processes()}


def tasks_of_user(user: int) -> int:
    """Return the number of a user's processes and threads, which is what RLIMIT_NPROC counts."""
    return sum(threads for owner, threads in _processes() if owner == user)


def _processes() -> list[tuple[int, int]]:
    """Return the owner and number of threads of every visible process."""
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit():
                with contextlib.suppress(OSError):
                    threads = os.stat(f"/proc/{name}/task")  # noqa: PTH116
                    found.append((threads.st_uid, threads.st_nlink - 2))  # one link per thread, besides `.` and `..`
    return found


def kill_descendants() -> None:
    """Kill every descendant of this process, which must be a subreaper."""
    # Stop them all first, so that none can fork while others are being killed.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def end_all(child: int, kill: Callable[[], None]) -> int:
    """Call ``kill`` until no child is left; return the exit code of ``child`` (negative: a signal)."""
    # Repeated, because a process may fork between being listed and being killed.
    code = -signal.SIGKILL  # if something else has reaped it
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
        time.sleep(0.001)  # a killed process takes a moment to become one that can be reaped


def send_kill(pid: int, *, group: bool = False) -> None:
    """Kill a process, or the process group that it leads, if it still exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(pid, signal.SIGKILL)
