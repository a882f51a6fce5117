"""The walls of tier A: a root folder without the course, and namespaces of its own for every process.

Two walls stand one inside the other. `enter_root` is called once, before torch is imported: what it leaves
behind can never be reached again, by the zygote or anything that it forks. `enter_cell` is called for each
worker: its own process table, network, temporary folder and user, without any capability. A checker is trusted;
`enter_checker` confines it all the same, because it parses what a worker sends.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import sysconfig
from pathlib import Path

from autograder.sandbox import linux

INSIDE_UID = 1000
NOBODY = 65534
PACKAGE_ROOT = "/opt/autograder"
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/alternatives")
_DEVICES = ("null", "zero", "full", "random", "urandom")


def visible_paths() -> list[str]:
    """Return what is bound read-only into the new root: the system's libraries and this Python.

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


def scratch_folder() -> str:
    """Return where processes inside may write: ``/tmp``, unless this very Python lies below it."""
    return "/scratch" if any(path.startswith("/tmp/") for path in visible_paths()) else "/tmp"


def build_root(root: str, package: str, protected: list[str], scratch: str) -> None:
    """Fill the empty folder ``root``: libraries, this package, a few devices, an empty scratch folder and ``/proc``.

    ``protected`` are folders of the course and its grades. They are not bound; where one lies inside what is
    bound, an empty folder is put over it.
    """
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID, "mode=755,size=16m")
    for path in visible_paths():
        _bind(path, root + path)
    _bind(package, f"{root}{PACKAGE_ROOT}/autograder")
    for folder in ("/dev", "/proc", scratch):
        Path(root + folder).mkdir(exist_ok=True)
    linux.make_read_only(root)
    for path in protected:
        if any(Path(path).is_relative_to(bound) for bound in visible_paths()) and Path(root + path).is_dir():
            linux.mount("tmpfs", root + path, "tmpfs", linux.MS_RDONLY | linux.MS_NOSUID, "size=4k")
    _make_devices(root)


def _bind(source: str, target: str) -> None:
    """Show ``source`` at ``target``, with the links that lead to it."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    if Path(source).is_symlink():
        Path(target).symlink_to(Path(source).readlink())
        return
    if Path(source).is_dir():
        Path(target).mkdir(exist_ok=True)
    else:
        Path(target).touch()
    linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)


def _make_devices(root: str) -> None:
    """Give the root the devices that read and write nothing of anybody's."""
    linux.mount("tmpfs", f"{root}/dev", "tmpfs", linux.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        Path(f"{root}/dev/{name}").touch()
        linux.mount(f"/dev/{name}", f"{root}/dev/{name}", None, linux.MS_BIND)
    Path(f"{root}/dev/shm").mkdir()
    Path(f"{root}/dev/fd").symlink_to("/proc/self/fd")


def enter_root(root: str, package: str, protected: list[str], scratch: str) -> int:
    """Move this process into new namespaces with a root of its own; return 0 in the new first process.

    In the process that called, returns the process number of the new one, to wait for. As the host's root, the
    folders are bound first, because they may lie where an ordinary user cannot go, and then root is given up:
    the limit on processes does not hold for root, not even in a namespace.
    """
    uid, gid = os.getuid(), os.getgid()
    as_root = uid == 0
    if as_root:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
        build_root(root, package, protected, scratch)
        uid = gid = NOBODY
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        linux.set_dumpable(dumpable=True)
        linux.die_with_parent()
    linux.unshare(linux.ALL_NAMESPACES)
    linux.write_id_maps(INSIDE_UID, uid, gid)
    child = os.fork()
    if child:
        return child
    linux.die_with_parent()
    os.setsid()
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    if as_root:
        linux.mount(root, root, None, linux.MS_BIND | linux.MS_REC)  # mounts made outside are locked; this one is not
    else:
        build_root(root, package, protected, scratch)
    linux.mount("tmpfs", root + scratch, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=700,size=64m")
    linux.mount("proc", f"{root}/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.pivot_root(root)
    return 0


def enter_checker(file_mb: int) -> None:
    """Confine this process without a fork: as a worker is, but for the process table, which it shares."""
    linux.unshare(linux.ALL_NAMESPACES & ~linux.CLONE_NEWPID)
    linux.write_id_maps(INSIDE_UID, INSIDE_UID, INSIDE_UID)
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    _mount_scratch(os.environ["TMPDIR"], file_mb)
    linux.drop_capabilities()
    linux.install_seccomp()


def enter_cell_outside() -> None:
    """First half of entering a cell: new namespaces. The next fork is the cell's first process.

    Mounts stay shared until then: the monitor goes on seeing the process table that the cell is part of.
    """
    linux.unshare(linux.ALL_NAMESPACES & ~linux.CLONE_NEWNS)
    linux.write_id_maps(INSIDE_UID, INSIDE_UID, INSIDE_UID)


def enter_cell_inside(file_mb: int) -> None:
    """Second half, in the cell's first process: its own ``/tmp`` and ``/proc``, no way to gain anything."""
    # The monitor must not share our process group: kill(0, …) would reach it.
    os.setsid()
    linux.die_with_parent()
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    _mount_scratch("/dev/shm", file_mb)
    _mount_scratch(os.environ["TMPDIR"], file_mb)
    linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.drop_capabilities()
    linux.install_seccomp()


def _mount_scratch(path: str, size_mb: int) -> None:
    """Put an empty folder of limited size at ``path``, and go there."""
    options = f"mode=700,size={size_mb}m,nr_inodes=4096"
    linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    os.chdir(path)


def limit_resources(memory_mb: int, processes: int, file_mb: int, cpu_s: int) -> None:
    """Set the limits that the kernel itself enforces on this process and each of its children."""
    mib = 2**20
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_mb * mib),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_DATA, _data_in_use() + memory_mb * mib),
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


def remove_tree(path: str) -> None:
    """Remove a scratch folder, whatever is in it."""
    shutil.rmtree(path, ignore_errors=True)
