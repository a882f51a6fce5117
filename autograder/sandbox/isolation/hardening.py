"""What every tier does to a process: limits, signals, descriptors, a folder of its own, and what it may read.

What is done to a process in every tier: limits, signals, descriptors, a folder of its own.

What student code may read: the system's libraries, this Python and this package, nothing of the course.
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
"""How many files and folders a worker may have."""


@dataclass(frozen=True)
class Allowance:
    """What the kernel lets a process, and each of its children, use."""

    memory_mb: int
    processes: int
    file_mb: int
    cpu_s: int


def limit_resources(allowance: Allowance) -> None:
    """Set the limits that the kernel itself enforces."""
    mib = 2**20
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, allowance.cpu_s),
        (resource.RLIMIT_FSIZE, allowance.file_mb * mib),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, allowance.processes),
        (resource.RLIMIT_DATA, _data_in_use() + allowance.memory_mb * mib),
    ):
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):  # a limit that is lower already
            continue


def _data_in_use() -> int:
    """Return the bytes of private memory that this process was forked with, used or not."""
    try:
        with open("/proc/self/status") as file:  # noqa: PTH123
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData"))
    except (OSError, StopIteration):
        return 2**30


def reset_signals() -> None:
    """Give a forked child the default reaction to every signal."""
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def open_null(*descriptors: int) -> None:
    """Make descriptors read nothing and write nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    if null not in descriptors:
        os.close(null)


def close_all_but(keep: set[int]) -> None:
    """Close every descriptor that is not to be kept."""
    first = 0
    for descriptor in sorted({*keep, 4096}):
        if first < descriptor:  # an empty range that starts at 0 would close everything
            os.closerange(first, descriptor)
        first = descriptor + 1


def forget_closed_folders() -> None:
    """Take folders that are closed to this process off ``sys.path``.

    Python 3.15 lists all that stand there to explain a missing module, and fails where it may not.
    """
    sys.path[:] = [folder for folder in sys.path if _can_be_listed(folder or ".")]


def _can_be_listed(folder: str) -> bool:
    try:
        os.scandir(folder).close()  # Landlock has no say in `os.access`
    except PermissionError:
        return False
    except OSError:  # a zip, or nothing at all
        return True
    return True


def fits(path: str, size_mb: int) -> bool:
    """Whether a folder that somebody is writing to holds no more than that, in a number of files that is sane."""
    size, number, waiting = 0, 0, [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    number += 1
                    with contextlib.suppress(FileNotFoundError):
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if size > size_mb * 2**20 or number > MAX_FILES:
                        return False
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except FileNotFoundError:
            continue
        except OSError:  # too deep a path, or a folder that is closed: nobody does that by accident
            return False
    return True


def remove_tree(path: str) -> None:
    """Remove a folder, however deep and however forbidden what is in it. Nobody may be changing it any more."""
    here = _open_folder(path, None)
    if here is None:
        return
    names: list[str] = []  # of the folders that lead from ``path`` to here
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
    except OSError:  # what cannot be removed stays, and with it what surrounds it
        pass
    finally:
        os.close(here)
    with contextlib.suppress(OSError):
        os.rmdir(path)  # noqa: PTH106


def _open_folder(name: str, parent: int | None) -> int | None:
    """Open a folder, as what its owner may do with it."""
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            with contextlib.suppress(OSError):
                os.chmod(name, 0o700, dir_fd=parent)
            return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    return None


def _empty(folder: int) -> str | None:
    """Remove the files and the empty folders in a folder; return the name of one that is not empty."""
    full = None
    for name in os.listdir(folder):
        try:
            os.unlink(name, dir_fd=folder)
        except OSError:
            try:
                os.rmdir(name, dir_fd=folder)
            except OSError:
                full = name
    return full


# --- What may be read ---------------------------------------------------------------------------------------------


DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/alternatives")


def package_folder() -> str:
    """Return the folder of this package."""
    return str(Path(__file__).resolve().parents[2])


def readable_paths() -> list[str]:
    """Return the folders and files of the system's libraries and of this Python.

    From sysconfig, never from ``sys.path``: its first entry is the working folder, which holds the course.
    """
    paths = [path for path in (*_SYSTEM_FOLDERS, *_SYSTEM_FILES) if Path(path).exists()]
    python = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")]
    executable = Path(os.path.realpath(sys.executable))
    python += [str(executable.parent), str(Path(sys.prefix) / "pyvenv.cfg")]
    python += [str(path) for path in (executable.parent.parent / "lib").glob("libpython*")]
    chosen: list[str] = []
    for path in sorted({*paths, *(path for path in python if Path(path).exists())}, key=len):
        if not any(Path(path).is_relative_to(other) for other in chosen if not Path(other).is_symlink()):
            chosen.append(path)
    return chosen


def without(paths: Sequence[str], protected: Sequence[str]) -> Iterator[str]:
    """Yield paths that cover what ``paths`` do but for protected folders inside them.

    For walls that can only allow: a folder that surrounds a protected one is replaced by what else is in it.
    """
    for path in {os.path.realpath(path): None for path in paths}:
        yield from _around(Path(path), [Path(folder) for folder in protected])


def _around(path: Path, protected: list[Path]) -> Iterator[str]:
    inside = [folder for folder in protected if folder.is_relative_to(path)]
    if not inside:
        yield str(path)
    elif path not in inside and path.is_dir():
        for child in path.iterdir():
            if not child.is_symlink():  # a link may lead anywhere; where it leads is visible if it is listed itself
                yield from _around(child, inside)
