"""Tier B, for machines without namespaces: Landlock for files, seccomp for the rest, and as root a user per process.

With Landlock, a process irrevocably restricts itself and its children to a list of files and folders. The kernel's
version decides what can be restricted: files since 5.13, truncation since 6.2, TCP since 6.7, signals and abstract
sockets since 6.12. See https://docs.kernel.org/userspace-api/landlock.html

Processes are restricted twice: the launcher to the paths that tier A would bind into its root, and ``/proc``; each
worker and checker then to the libraries and its own temporary folder.
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
_VERSION, _PATH_BENEATH = 1, 1  # LANDLOCK_CREATE_RULESET_VERSION, LANDLOCK_RULE_PATH_BENEATH
(
    _EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE, _MAKE_CHAR, _MAKE_DIR, _MAKE_REG,
    _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM, _REFER, _TRUNCATE, _IOCTL_DEV,
) = (1 << bit for bit in range(16))  # fmt: skip
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# No devices, and no sockets with a path, through which processes could meet.
_WRITE = (
    _READ | _WRITE_FILE | _TRUNCATE | _REFER | _REMOVE_DIR | _REMOVE_FILE
    | _MAKE_DIR | _MAKE_REG | _MAKE_FIFO | _MAKE_SYM
)  # fmt: skip
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE  # the kernel refuses rights of folders in a rule for a file
_ALL_TCP, _ALL_SCOPES = 3, 3  # bind and connect; abstract sockets and signals
_REFER_SINCE, _TRUNCATE_SINCE, _TCP_SINCE, _IOCTL_SINCE, _SCOPES_SINCE = 2, 3, 4, 5, 6


def version() -> int:
    """Return the version of this kernel's Landlock interface; raise ``OSError`` if it has none."""
    return linux.check(linux.libc.syscall(_CREATE_RULESET, None, 0, _VERSION), "landlock_create_ruleset")


def keeps_signals() -> bool:
    """Whether a restricted process can signal only processes in the same Landlock domain."""
    return version() >= _SCOPES_SINCE


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str] = ()) -> None:
    """Restrict this process to these files and folders and everything below them, without TCP or signals to outside.

    ``devices`` may be read and written. Call `linux.drop_capabilities` first. Raises ``OSError``.
    """
    interface = version()
    handled = _handled(interface)
    tcp = _ALL_TCP if interface >= _TCP_SINCE else 0
    scopes = _ALL_SCOPES if interface >= _SCOPES_SINCE else 0
    # An older kernel accepts the longer structure as long as the fields unknown to it are zero.
    attributes = struct.pack("QQQ", handled, tcp, scopes)
    rules = linux.check(linux.libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0), "landlock_create_ruleset")
    try:
        for paths, access in ((readable, _READ), (writable, _WRITE), (devices, _READ_FILE | _WRITE_FILE)):
            for path in paths:
                _add(rules, path, access & handled)  # rights that are not handled make the kernel refuse the rule
        linux.check(linux.libc.syscall(_RESTRICT_SELF, rules, 0), "landlock_restrict_self")  # needs no_new_privs
    finally:
        os.close(rules)


def _handled(interface: int) -> int:
    """Return the access rights that this version of the interface can restrict."""
    every = (_IOCTL_DEV << 1) - 1
    for bit, since in ((_REFER, _REFER_SINCE), (_TRUNCATE, _TRUNCATE_SINCE), (_IOCTL_DEV, _IOCTL_SINCE)):
        if interface < since:
            every &= ~bit
    return every


def _add(rules: int, path: str, access: int) -> None:
    """Allow access to a file, or to a folder and everything below it. A path that does not exist needs no rule."""
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)  # O_PATH: a rule needs no right to read the file
    except (FileNotFoundError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(target).st_mode):
            access &= _OF_FILES
        rule = struct.pack("=Qi", access, target)  # the kernel declares it packed: no padding at its end
        linux.check(linux.libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0), f"landlock_add_rule {path}")
    finally:
        os.close(target)


_DEVICES = [f"/dev/{name}" for name in DEVICES]


class LandlockIsolation(UserIsolation):
    """Tier B; `Isolation` describes each step. Without root, all processes keep the caller's user."""

    tier = "B"

    def __init__(self) -> None:
        super().__init__()
        # Protected folders inside these are already excluded by the launcher's own restriction.
        self._readable = [*readable_paths(), package_folder()]

    def enter(self, root: str, protected: Sequence[str]) -> int:
        """Restrict the launcher to the libraries, this package and a writable folder."""
        if os.getuid() == 0:
            super().enter(root, protected)
        else:
            Isolation.enter(self, root, protected)
            linux.drop_capabilities()
        readable = [*without(readable_paths(), protected), package_folder(), self.package_root, "/proc"]
        restrict(readable, [self.temporary], _DEVICES)
        return 0

    def guard(self, allowance: Allowance) -> None:
        """Prepare a worker; as root, choose its user."""
        if os.getuid() == 0:
            super().guard(allowance)
        else:
            Isolation.guard(self, allowance)

    def enter_checker(self, allowance: Allowance) -> None:
        """Become a checker; as root, with its own user."""
        if os.getuid() == 0:
            super().enter_checker(allowance)
        else:
            Isolation.enter_checker(self, allowance)

    def confine(self, allowance: Allowance) -> None:
        """Restrict files to the libraries and the temporary folder, then filter system calls."""
        super().confine(allowance)
        restrict([*self._readable, os.environ["PYTHONPATH"]], [self.scratch], _DEVICES)
        same_user = self.user is None
        seccomp.filter_among_others(
            process=os.getpid(), same_user=same_user, signals=same_user and not keeps_signals()
        ).install()
