"""Tier A: a root folder without the course, and namespaces of its own for every process.

Two walls stand one inside the other. `NamespaceIsolation.enter` is called once, before torch is imported: what it
leaves behind can never be reached again, by the zygote or anything that it forks. Each worker then gets its own process
table, network, temporary folder and user, without any capability. A checker is trusted; it is confined all the same,
because it parses what a worker sends.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from autograder.sandbox.isolation import linux, seccomp
from autograder.sandbox.isolation.hardening import (
    DEVICES,
    MAX_FILES,
    Allowance,
    limit_resources,
    package_folder,
    readable_paths,
)
from autograder.sandbox.isolation.unconfined import Isolation

INSIDE_UID = 1000
NOBODY = 65534
PACKAGE_ROOT = "/opt/autograder"


class NamespaceIsolation(Isolation):
    """Tier A, as `Isolation` describes what each step is for."""

    tier = "A"

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Move into the new root; the process that called stays outside and waits for the one inside."""
        self.package_root = PACKAGE_ROOT
        self.temporary = _scratch_folder()
        return _enter_root(root, package_folder(), protected, self.temporary)

    def guard(self, allowance: Allowance) -> None:
        """Make the worker's namespaces; the next fork is the first process in them.

        Mounts stay shared until then: the monitor goes on seeing the process table that the worker is part of.
        """
        del allowance
        linux.die_with_parent()  # and with the monitor ends the first process, and with it every other
        linux.unshare(linux.ALL_NAMESPACES & ~linux.CLONE_NEWNS)
        linux.write_id_maps(INSIDE_UID, INSIDE_UID, INSIDE_UID)

    def enter_worker(self, allowance: Allowance) -> None:
        """Take an own temporary folder and ``/proc``, and no way to gain anything."""
        # The monitor must not share our process group: kill(0, …) would reach it.
        os.setsid()
        linux.die_with_parent()
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
        _mount_scratch("/dev/shm", allowance.file_mb)
        _mount_scratch(os.environ["TMPDIR"], allowance.file_mb)
        linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
        _lock(allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Confine a checker without a fork: as a worker is, but for the process table, which it shares."""
        linux.unshare(linux.ALL_NAMESPACES & ~linux.CLONE_NEWPID)
        linux.write_id_maps(INSIDE_UID, INSIDE_UID, INSIDE_UID)
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
        _mount_scratch(os.environ["TMPDIR"], allowance.file_mb)
        _lock(allowance)

    def kill(self, worker: int) -> int:
        """Kill the first process of the worker's table; the kernel kills all others with it."""
        return self.kill_process(worker)

    def fills_disk(self) -> bool:
        """Say no: the file system of the temporary folder has a size."""
        return False

    def clean_up(self) -> None:
        """Do nothing: what was mounted is gone with its processes."""


def _lock(allowance: Allowance) -> None:
    linux.drop_capabilities()
    seccomp.filter_in_namespaces().install()
    limit_resources(allowance)


def _scratch_folder() -> str:
    """Return where processes inside may write: ``/tmp``, unless this very Python lies below it."""
    return "/scratch" if any(path.startswith("/tmp/") for path in readable_paths()) else "/tmp"


def _build_root(root: str, package: str, protected: Sequence[str], scratch: str) -> None:
    """Fill the empty folder ``root``: libraries, this package, a few devices, an empty scratch folder and ``/proc``.

    ``protected`` are folders of the course and its grades. They are not bound; where one lies inside what is
    bound, an empty folder is put over it.
    """
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID, "mode=755,size=16m")
    for path in readable_paths():
        _bind(path, root + path)
    _bind(package, f"{root}{PACKAGE_ROOT}/autograder")
    for folder in ("/dev", "/proc", scratch):
        Path(root + folder).mkdir(exist_ok=True)
    linux.make_read_only(root)
    for path in protected:
        if any(Path(path).is_relative_to(bound) for bound in readable_paths()) and Path(root + path).is_dir():
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
    for name in DEVICES:
        Path(f"{root}/dev/{name}").touch()
        linux.mount(f"/dev/{name}", f"{root}/dev/{name}", None, linux.MS_BIND)
    Path(f"{root}/dev/shm").mkdir()
    Path(f"{root}/dev/fd").symlink_to("/proc/self/fd")


def _enter_root(root: str, package: str, protected: Sequence[str], scratch: str) -> int:
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
        _build_root(root, package, protected, scratch)
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
        _build_root(root, package, protected, scratch)
    linux.mount("tmpfs", root + scratch, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=700,size=64m")
    linux.mount("proc", f"{root}/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.pivot_root(root)
    return 0


def _mount_scratch(path: str, size_mb: int) -> None:
    """Put an empty folder of limited size at ``path``, and go there."""
    options = f"mode=700,size={size_mb}m,nr_inodes={MAX_FILES}"
    linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    os.chdir(path)
