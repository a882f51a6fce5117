"""Hardening that all tiers share: resource limits, signals, descriptors, temporary folders, readable paths.

Student code may read the system's libraries, this Python and this package, and nothing of the course.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import stat
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_FILES = 4096
"""The number of files and folders that a worker may create."""


@dataclass(frozen=True)
class Allowance:
    """Kernel limits of a process and of each of its children."""

    memory_mb: int
    processes: int
    file_mb: int
    cpu_s: int


def limit_resources(allowance: Allowance) -> None:
    """Set the limits that the kernel enforces."""
    mib = 2**20
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, allowance.cpu_s),  # a backstop per process: the monitor ends a cell or check long before
        (resource.RLIMIT_FSIZE, allowance.file_mb * mib),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, allowance.processes),
        (resource.RLIMIT_DATA, data_in_use() + allowance.memory_mb * mib),  # AS counts what libraries only reserve
        # No POSIX message queues: they outlive the process. Only Linux has this limit.
        *([(resource.RLIMIT_MSGQUEUE, 0)] if sys.platform == "linux" else []),
    ):
        try:
            resource.setrlimit(kind, (value, value))  # the hard limit too, or student code could raise it again
        except (ValueError, OSError):  # the limit is lower already
            continue


def data_in_use() -> int:
    """Return the bytes of private memory that this process was forked with, which RLIMIT_DATA counts as well."""
    try:
        with open("/proc/self/status") as file:  # noqa: PTH123
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData"))
    except (OSError, StopIteration):
        return 2**30  # generous: this is added to the allowance


def reset_signals() -> None:
    """Restore the default signal handlers in a forked child."""
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def open_null(*descriptors: int) -> None:
    """Redirect descriptors to the null device."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    if null not in descriptors:
        os.close(null)


def close_all_but(keep: set[int]) -> None:
    """Close every descriptor except those in ``keep``."""
    first = 0
    for descriptor in sorted({*keep, 4096}):
        if first < descriptor:  # an empty range that starts at 0 would close everything
            os.closerange(first, descriptor)
        first = descriptor + 1


def forget_closed_folders() -> None:
    """Remove folders that this process may not list from ``sys.path``.

    Python 3.15 lists every folder on the path to explain a missing module, and fails where listing is forbidden.
    """
    sys.path[:] = [folder for folder in sys.path if _can_be_listed(folder or ".")]


def _can_be_listed(folder: str) -> bool:
    try:
        os.scandir(folder).close()  # not os.access, which ignores Landlock
    except PermissionError:
        return False
    except OSError:  # a zip file, or nothing at this path
        return True
    return True


def fits(path: str, size_mb: int) -> bool:
    """Whether a folder, possibly being written to, holds at most ``size_mb`` MiB in at most `MAX_FILES` files."""
    size, number, waiting = 0, 0, [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    number += 1
                    with contextlib.suppress(FileNotFoundError):
                        size += entry.stat(follow_symlinks=False).st_blocks * 512  # not st_size: files have holes
                    if size > size_mb * 2**20 or number > MAX_FILES:
                        return False
                    if entry.is_dir(follow_symlinks=False):  # a link may lead out of the folder
                        waiting.append(entry.path)
        except FileNotFoundError:  # removed meanwhile
            continue
        except OSError:  # the path is too deep or a folder is closed, neither of which happens by accident
            return False
    return True


def remove_tree(path: str) -> None:
    """Remove a folder, however deeply nested and whatever its permissions. No process may still be changing it."""
    # Not shutil.rmtree: it recurses in some versions of Python, and fails at folders without permissions.
    # One descriptor and relative names, because a path can be longer than the kernel accepts.
    here = _open_folder(path, None)
    if here is None:
        return
    names: list[str] = []  # of the folders from ``path`` down to ``here``
    try:
        while True:
            below = _empty(here)
            deeper = None if below is None else _open_folder(below, here)
            if below is not None and deeper is not None:
                names.append(below)
            elif below is None and names:
                deeper = os.open("..", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
                os.rmdir(names.pop(), dir_fd=deeper)
            else:
                break
            os.close(here)
            here = deeper
    except OSError:  # whatever cannot be removed stays, with the folders around it
        pass
    finally:
        os.close(here)
    with contextlib.suppress(OSError):
        os.rmdir(path)  # noqa: PTH106


def _open_folder(name: str, parent: int | None) -> int | None:
    """Open a folder after making it accessible to its owner; return None if it is not a folder or cannot be opened."""
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            with contextlib.suppress(OSError):
                os.chmod(name, 0o700, dir_fd=parent)  # students may have locked themselves out
            # O_NOFOLLOW: never empty the target of a link.
            return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    return None


def _empty(folder: int) -> str | None:
    """Remove the files and empty folders in a folder; return the name of a folder that is not empty, if any."""
    full = None
    for name in os.listdir(folder):
        try:
            os.unlink(name, dir_fd=folder)  # fails on folders
        except OSError:
            try:
                os.rmdir(name, dir_fd=folder)
            except OSError:
                full = name
    return full


DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/alternatives")


def package_folder() -> str:
    """Return the folder of the package ``autograder``."""
    return str(Path(__file__).resolve().parents[2])


def readable_paths() -> list[str]:
    """Return the folders and files of the system's libraries and of this Python."""
    # From sysconfig, not sys.path, whose first entry is the working folder: it may hold the course.
    paths = [path for path in (*_SYSTEM_FOLDERS, *_SYSTEM_FILES) if Path(path).exists()]
    python = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")]
    executable = Path(os.path.realpath(sys.executable))  # a virtual environment links to it
    python += [str(executable.parent), str(Path(sys.prefix) / "pyvenv.cfg")]
    python += [str(path) for path in (executable.parent.parent / "lib").glob("libpython*")]  # of a shared build
    chosen: list[str] = []
    for path in sorted({*paths, *(path for path in python if Path(path).exists())}, key=len):  # parents come first
        # A link, as /lib may be, is made again inside the root and brings nothing along.
        if not any(Path(path).is_relative_to(other) for other in chosen if not Path(other).is_symlink()):
            chosen.append(path)
    return chosen


def without(paths: Sequence[str], protected: Sequence[str]) -> Iterator[str]:
    """Yield paths that cover ``paths`` without the protected folders inside them.

    Landlock can only allow, so a folder that contains a protected one is replaced by its other entries.
    """
    for path in {os.path.realpath(path): None for path in paths}:
        yield from _around(Path(path), [Path(folder) for folder in protected])


def _around(path: Path, protected: list[Path]) -> Iterator[str]:
    inside = [folder for folder in protected if folder.is_relative_to(path)]
    if not inside:
        yield str(path)
    elif path not in inside and path.is_dir():
        for child in path.iterdir():
            if not child.is_symlink():  # a link may point anywhere; its target is readable only if listed itself
                yield from _around(child, inside)
