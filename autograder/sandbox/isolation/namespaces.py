"""Tier A: a root folder without the course, and separate namespaces for every process.

There are two layers. `NamespaceIsolation.enter` runs once, before torch is imported; the zygote and its forks can never
reach what it leaves behind. Each worker then gets its own process table, network, temporary folder and user, and no
capabilities. A checker is trusted but isolated too, because it parses what a worker sends.
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
    """Tier A; `Isolation` describes each step."""

    tier = "A"

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Fork into a new root; the caller stays outside and gets the process id of the one inside."""
        self.package_root = PACKAGE_ROOT
        self.temporary = _scratch_folder()
        return _enter_root(root, package_folder(), protected, self.temporary)

    def guard(self, allowance: Allowance) -> None:
        """Create the worker's namespaces; the next fork is their first process."""
        del allowance
        # If the monitor dies, so does the first process of the new process table, and with it all others there.
        linux.die_with_parent()
        # The worker unshares mounts itself, so that the monitor keeps a /proc in which it can see the worker.
        linux.unshare(linux.ALL_NAMESPACES & ~linux.CLONE_NEWNS)
        linux.write_id_maps(INSIDE_UID, INSIDE_UID, INSIDE_UID)

    def enter_worker(self, allowance: Allowance) -> None:
        """Become a worker, with its own temporary folder and ``/proc``."""
        # A new process group: kill(0, …) must not reach the monitor.
        os.setsid()
        linux.die_with_parent()
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)  # no mount below may show up elsewhere
        _mount_scratch("/dev/shm", allowance.file_mb)
        _mount_scratch(os.environ["TMPDIR"], allowance.file_mb)  # last: it becomes the working folder
        linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
        _lock(allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Isolate a checker like a worker, except that it keeps the process table: a new one would need a fork."""
        linux.unshare(linux.ALL_NAMESPACES & ~linux.CLONE_NEWPID)
        linux.write_id_maps(INSIDE_UID, INSIDE_UID, INSIDE_UID)
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
        _mount_scratch(os.environ["TMPDIR"], allowance.file_mb)
        _lock(allowance)

    def kill(self, worker: int) -> int:
        """Kill the first process in the worker's process table; the kernel kills all others with it."""
        return self.kill_process(worker)

    def fills_disk(self) -> bool:
        """Return False: the temporary folder is a file system of limited size."""
        return False

    def clean_up(self) -> None:
        """Do nothing: mounts disappear with their namespace."""


def _lock(allowance: Allowance) -> None:
    linux.drop_capabilities()
    seccomp.filter_in_namespaces().install()  # after all mounts and namespaces, whose calls it refuses
    limit_resources(allowance)


def _scratch_folder() -> str:
    """Return the writable folder inside the root: ``/tmp``, unless this Python is installed below it."""
    return "/scratch" if any(path.startswith("/tmp/") for path in readable_paths()) else "/tmp"


def _build_root(root: str, package: str, protected: Sequence[str], scratch: str) -> None:
    """Fill the empty folder ``root``: libraries, this package, a few devices, an empty scratch folder and ``/proc``.

    Folders in ``protected`` (the course, its grades) are not bound. One that lies inside a bound folder is covered by
    an empty file system.
    """
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID, "mode=755,size=16m")
    for path in readable_paths():
        _bind(path, root + path)
    _bind(package, f"{root}{PACKAGE_ROOT}/autograder")  # only the package: its parent folder may hold the course
    for folder in ("/dev", "/proc", scratch):
        Path(root + folder).mkdir(exist_ok=True)
    linux.make_read_only(root)  # and nodev: so devices come last, in a mount of their own
    for path in protected:
        if any(Path(path).is_relative_to(bound) for bound in readable_paths()) and Path(root + path).is_dir():
            linux.mount("tmpfs", root + path, "tmpfs", linux.MS_RDONLY | linux.MS_NOSUID, "size=4k")
    _make_devices(root)


def _bind(source: str, target: str) -> None:
    """Bind ``source`` to ``target``, or copy it if it is a symbolic link."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    if Path(source).is_symlink():  # mount would follow it: /lib may point to usr/lib
        Path(target).symlink_to(Path(source).readlink())
        return
    if Path(source).is_dir():
        Path(target).mkdir(exist_ok=True)
    else:
        Path(target).touch()
    linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)  # needs an existing target of the same kind


def _make_devices(root: str) -> None:
    """Bind the harmless devices: the null, zero and random devices."""
    linux.mount("tmpfs", f"{root}/dev", "tmpfs", linux.MS_NOSUID, "mode=755,size=64k")
    for name in DEVICES:
        Path(f"{root}/dev/{name}").touch()
        linux.mount(f"/dev/{name}", f"{root}/dev/{name}", None, linux.MS_BIND)  # a user namespace forbids mknod
    Path(f"{root}/dev/shm").mkdir()
    Path(f"{root}/dev/fd").symlink_to("/proc/self/fd")


def _enter_root(root: str, package: str, protected: Sequence[str], scratch: str) -> int:
    """Fork a process in new namespaces with its own root folder; return 0 there, and its process id in the caller.

    As root, folders are bound before privileges are dropped, because an ordinary user may not be able to reach them.
    Then root is given up: RLIMIT_NPROC does not apply to root, not even inside a user namespace.
    """
    uid, gid = os.getuid(), os.getgid()
    as_root = uid == 0
    if as_root:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)  # systemd shares mounts: these must not spread
        _build_root(root, package, protected, scratch)
        uid = gid = NOBODY
        os.setgroups([])  # groups before the user, who may not change them any more
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        linux.set_dumpable(dumpable=True)  # changing the user cleared it, and /proc/self/uid_map would be root's
        linux.die_with_parent()  # changing the user cleared this as well
    linux.unshare(linux.ALL_NAMESPACES)
    linux.write_id_maps(INSIDE_UID, uid, gid)
    child = os.fork()
    if child:
        return child
    linux.die_with_parent()
    os.setsid()  # kill(0, …) in here must not reach the launcher
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    if as_root:
        # Mounts inherited from outside the user namespace are locked; pivot_root needs one made inside.
        linux.mount(root, root, None, linux.MS_BIND | linux.MS_REC)
    else:
        _build_root(root, package, protected, scratch)
    linux.mount("tmpfs", root + scratch, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=700,size=64m")
    # Before the old root goes: the kernel allows a new /proc only where another is fully visible.
    linux.mount("proc", f"{root}/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.pivot_root(root)
    return 0


def _mount_scratch(path: str, size_mb: int) -> None:
    """Mount an empty file system of limited size at ``path``, and make it the working folder."""
    options = f"mode=700,size={size_mb}m,nr_inodes={MAX_FILES}"
    linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    os.chdir(path)
