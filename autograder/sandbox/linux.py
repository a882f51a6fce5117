"""The Linux calls that Python does not offer: namespaces, mounts, capabilities, seccomp.

Thin wrappers over libc, each raising ``OSError`` with the name of the call that failed. What they are used
for, and in which order, is told in `jail`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP = 0x10000000, 0x20000000, 0x40000000, 0x02000000
ALL_NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 1, 2, 4
_AT_RECURSIVE = 0x8000
_SYS_MOUNT_SETATTR = 442

# x86_64 and aarch64 number most system calls differently; newer ones (from 424 on) alike.
_MACHINES = {"x86_64": 0, "aarch64": 1}
_AUDIT_ARCH = (0xC000003E, 0xC00000B7)
_SYS = {
    "pivot_root": (155, 41),
    "capset": (126, 91),
    "clone": (56, 220),
    "clone3": (435, 435),
    "socket": (41, 198),
}
# What no exercise needs and an escape or a denial of service might: refused with EPERM.
_DENIED = {
    "ptrace": (101, 117), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "pidfd_getfd": (438, 438), "mount_setattr": (442, 442), "kcmp": (312, 272),
    "quotactl": (179, 60), "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "syslog": (103, 116), "personality": (135, 92),
    # memory that no process answers for, so that no limit on processes counts it
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
}  # fmt: skip
_ALLOWED_SOCKETS = (
    1,
    2,
    10,
)  # AF_UNIX, AF_INET, AF_INET6; vsock, netlink and the like are not namespaced alike

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def _machine() -> int:
    try:
        return _MACHINES[platform.machine()]
    except KeyError:
        raise OSError(f"no sandbox for processors of kind {platform.machine()}") from None


def unshare(flags: int) -> None:
    """Leave the given namespaces for new ones."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str = "") -> None:
    """Mount a file system, or bind or remount one."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode() if kind else None)
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def make_read_only(path: str) -> None:
    """Make a mount and all below it read-only, without set-user-id programs and device files."""
    flags = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    result = _libc.syscall(_SYS_MOUNT_SETATTR, -100, os.fsencode(path), _AT_RECURSIVE, attributes, len(attributes))
    _check(result, f"mount_setattr {path}")


def pivot_root(path: str) -> None:
    """Make ``path`` the root folder and forget the old one."""
    os.chdir(path)
    _check(_libc.syscall(_SYS["pivot_root"][_machine()], b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", MNT_DETACH), "umount2")
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
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl PDEATHSIG")


def set_dumpable(*, dumpable: bool) -> None:
    """Let (or not let) the files in ``/proc/self`` belong to the process's user."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, int(dumpable), 0, 0, 0), "prctl DUMPABLE")


def drop_capabilities() -> None:
    """Give up every capability, for good: not even a set-user-id program brings one back."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl NO_NEW_PRIVS")
    header = struct.pack("Ii", 0x20080522, 0)
    _check(_libc.syscall(_SYS["capset"][_machine()], header, struct.pack("6I", *[0] * 6)), "capset")


def install_seccomp() -> None:
    """Refuse the system calls in ``_DENIED``, new namespaces by ``clone``, and unusual kinds of sockets."""
    program = _seccomp_program()
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _check(_libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0), "prctl SECCOMP")


def _seccomp_program() -> bytes:
    """Assemble the filter: classic BPF over the call's number, its architecture and its first argument."""
    load, equal, above, masked, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050000, 0x80000000
    eperm, enosys, eafnosupport = 1, 38, 97
    machine = _machine()
    code: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (equal, 1, 0, _AUDIT_ARCH[machine]),
        (give, 0, 0, kill),
        (load, 0, 0, 0),
    ]

    def when(test: int, value: int, then: list[tuple[int, int, int, int]]) -> None:
        code.append((test, 0, len(then), value))
        code.extend(then)

    when(above, 0x40000000, [(give, 0, 0, refuse | eperm)])  # the x32 twins of all calls
    for numbers in _DENIED.values():
        when(equal, numbers[machine], [(give, 0, 0, refuse | eperm)])
    when(equal, _SYS["clone3"][machine], [(give, 0, 0, refuse | enosys)])  # its flags cannot be seen; libc falls back
    new = ALL_NAMESPACES | CLONE_NEWCGROUP
    when(
        equal,
        _SYS["clone"][machine],
        [(load, 0, 0, 16), (masked, 0, 1, new), (give, 0, 0, refuse | eperm), (give, 0, 0, allow)],
    )
    kinds = [(equal, len(_ALLOWED_SOCKETS) - i, 0, kind) for i, kind in enumerate(_ALLOWED_SOCKETS)]
    when(
        equal,
        _SYS["socket"][machine],
        [(load, 0, 0, 16), *kinds, (give, 0, 0, refuse | eafnosupport), (give, 0, 0, allow)],
    )
    code.append((give, 0, 0, allow))
    return b"".join(struct.pack("HBBI", *line) for line in code)
