"""Landlock: the system calls, and the tier that is built on them (tier B).

Landlock: a process tells the kernel which files it will use, and can never use others again.

Thin wrappers over its three system calls. The kernel's version decides what can be restricted: files since 5.13,
truncation since 6.2, TCP since 6.7, signals and abstract sockets since 6.12.

Tier B, where there are no namespaces: Landlock for files, seccomp for all else, and as root a user of its own.

Landlock is entered twice. The launcher keeps for itself and all that it will start what tier A would have bound
into its root, and ``/proc``; a worker and a checker then keep only the libraries and their own temporary folder.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable, Sequence

from autograder.sandbox.isolation import linux, seccomp
from autograder.sandbox.isolation.hardening import DEVICES, Allowance, package_folder, readable_paths, without
from autograder.sandbox.isolation.unconfined import Isolation, UserIsolation

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
(
    _EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE, _MAKE_CHAR, _MAKE_DIR, _MAKE_REG,
    _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM, _REFER, _TRUNCATE, _IOCTL_DEV,
) = (1 << bit for bit in range(16))  # fmt: skip
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_WRITE = (
    _READ | _WRITE_FILE | _TRUNCATE | _REFER | _REMOVE_DIR | _REMOVE_FILE
    | _MAKE_DIR | _MAKE_REG | _MAKE_FIFO | _MAKE_SYM
)  # fmt: skip
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_ALL_TCP, _ALL_SCOPES = 3, 3
_REFER_SINCE, _TRUNCATE_SINCE, _TCP_SINCE, _IOCTL_SINCE, _SCOPES_SINCE = 2, 3, 4, 5, 6


def version() -> int:
    """Return the version of Landlock's interface here; raise ``OSError`` where there is none."""
    return linux.check(linux.libc.syscall(_CREATE_RULESET, None, 0, _VERSION), "landlock_create_ruleset")


def keeps_signals() -> bool:
    """Whether a restricted process can signal only those that are restricted with it."""
    return version() >= _SCOPES_SINCE


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str] = ()) -> None:
    """Use nothing from now on but these files and folders with what is in them. No TCP; signals stay inside.

    ``devices`` can be read and written, but no folder be changed. Needs `linux.drop_capabilities` first.
    """
    interface = version()
    handled = _handled(interface)
    tcp = _ALL_TCP if interface >= _TCP_SINCE else 0
    scopes = _ALL_SCOPES if interface >= _SCOPES_SINCE else 0
    # An older kernel takes the longer structure as long as what it does not know is zero.
    attributes = struct.pack("QQQ", handled, tcp, scopes)
    rules = linux.check(linux.libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0), "landlock_create_ruleset")
    try:
        for paths, access in ((readable, _READ), (writable, _WRITE), (devices, _READ_FILE | _WRITE_FILE)):
            for path in paths:
                _add(rules, path, access & handled)
        linux.check(linux.libc.syscall(_RESTRICT_SELF, rules, 0), "landlock_restrict_self")
    finally:
        os.close(rules)


def _handled(interface: int) -> int:
    """Return all kinds of access that this kernel can refuse."""
    every = (_IOCTL_DEV << 1) - 1
    for bit, since in ((_REFER, _REFER_SINCE), (_TRUNCATE, _TRUNCATE_SINCE), (_IOCTL_DEV, _IOCTL_SINCE)):
        if interface < since:
            every &= ~bit
    return every


def _add(rules: int, path: str, access: int) -> None:
    """Allow an access to a file, or to a folder and all below it. A path that is not there needs no rule."""
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(target).st_mode):
            access &= _OF_FILES
        rule = struct.pack("=Qi", access, target)
        linux.check(linux.libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0), f"landlock_add_rule {path}")
    finally:
        os.close(target)


# --- Tier B -------------------------------------------------------------------------------------------------------


_DEVICES = [f"/dev/{name}" for name in DEVICES]


class LandlockIsolation(UserIsolation):
    """Tier B, as `Isolation` describes what each step is for. An ordinary user's processes keep their user."""

    tier = "B"

    def __init__(self) -> None:
        super().__init__()
        # What lies in there and is protected was left out by the launcher's own restriction.
        self._readable = [*readable_paths(), package_folder()]

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Give up every file but the libraries, this package and a folder to write in."""
        if os.getuid() == 0:
            super().enter(root, protected)
        else:
            Isolation.enter(self, root, protected)
            linux.drop_capabilities()
        readable = [*without(readable_paths(), protected), package_folder(), self.package_root, "/proc"]
        restrict(readable, [self.temporary], _DEVICES)
        return 0

    def guard(self, allowance: Allowance) -> None:
        """Prepare a worker: as root, a user for it."""
        if os.getuid() == 0:
            super().guard(allowance)
        else:
            Isolation.guard(self, allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Become a checker: as root, with a user of its own."""
        if os.getuid() == 0:
            super().enter_checker(allowance)
        else:
            Isolation.enter_checker(self, allowance)

    def confine(self, allowance: Allowance) -> None:
        """Give up all files but the libraries and the temporary folder, then the system calls."""
        super().confine(allowance)
        restrict([*self._readable, os.environ["PYTHONPATH"]], [self.scratch], _DEVICES)
        same_user = self.user is None
        seccomp.filter_among_others(
            process=os.getpid(), same_user=same_user, signals=same_user and not keeps_signals()
        ).install()
