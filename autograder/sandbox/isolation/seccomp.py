"""Seccomp filters: BPF programs that the kernel runs before each system call and that cannot be removed.

They are written by hand, as (code, jump if true, jump if false, operand), so that no C library is needed. See
https://docs.kernel.org/userspace-api/seccomp_filter.html and seccomp(2).
"""

from __future__ import annotations

import ctypes
import signal
import struct
from collections.abc import Iterable

from autograder.sandbox.isolation import linux

Line = tuple[int, int, int, int]
# BPF: load a word, jump if equal, if at least, if any bit is set, mask, return. See linux/bpf_common.h.
_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _AND, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000  # the low 16 bits of a refusal are the errno
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
_AUDIT_ARCH = (0xC000003E, 0xC00000B7)
_NONE = -1

# Call numbers on x86_64 and aarch64; from 424 on they are the same.
_NUMBERS = {
    "accept": (43, 202), "accept4": (288, 242), "acct": (163, 89), "add_key": (248, 217), "bind": (49, 200),
    "bpf": (321, 280), "chmod": (90, _NONE), "chown": (92, _NONE), "chroot": (161, 51), "clock_settime": (227, 112),
    "clone": (56, 220), "clone3": (435, 435), "connect": (42, 203), "delete_module": (176, 106),
    "fanotify_init": (300, 262), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "fchown": (93, 55),
    "fchownat": (260, 54), "fcntl": (72, 25), "file_setattr": (469, 469), "finit_module": (313, 273),
    "fremovexattr": (199, 16), "fsconfig": (431, 431), "fsetxattr": (190, 7), "fsmount": (432, 432),
    "fsopen": (430, 430), "fspick": (433, 433), "futimesat": (261, _NONE), "init_module": (175, 105),
    "inotify_add_watch": (254, 27), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425), "ioctl": (16, 29), "ioprio_set": (251, 30), "kcmp": (312, 272),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219), "kill": (62, 129),
    "landlock_create_ruleset": (444, 444), "lchown": (94, _NONE), "listen": (50, 201), "lremovexattr": (198, 15),
    "lsetxattr": (189, 6), "memfd_create": (319, 279), "memfd_secret": (447, 447), "mount": (165, 40),
    "mount_setattr": (442, 442), "move_mount": (429, 429), "mq_open": (240, 180), "msgctl": (71, 187),
    "msgget": (68, 186), "msgrcv": (70, 188), "msgsnd": (69, 189), "name_to_handle_at": (303, 264), "open": (2, _NONE),
    "open_by_handle_at": (304, 265), "open_tree": (428, 428), "open_tree_attr": (467, 467), "openat": (257, 56),
    "openat2": (437, 437), "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "pivot_root": (155, 41), "prctl": (157, 167), "prlimit64": (302, 261),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60),
    "reboot": (169, 142), "removexattr": (197, 14), "removexattrat": (466, 466), "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "semctl": (66, 191),
    "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "setns": (308, 268), "setpriority": (141, 140),
    "settimeofday": (164, 170), "setxattr": (188, 5), "setxattrat": (463, 463), "shmat": (30, 196), "shmctl": (31, 195),
    "shmget": (29, 194), "socket": (41, 198), "socketpair": (53, 199), "swapoff": (168, 225), "swapon": (167, 224),
    "syslog": (103, 116), "tgkill": (234, 131), "tkill": (200, 130), "truncate": (76, 45), "umount2": (166, 39),
    "unshare": (272, 97), "userfaultfd": (323, 282), "utime": (132, _NONE), "utimensat": (280, 88),
    "utimes": (235, _NONE),
}  # fmt: skip


class Filter:
    """A filter under construction: it refuses some calls, or some of their arguments, and allows everything else."""

    def __init__(self) -> None:
        self._machine = linux.machine()
        self._code: list[Line] = [
            # Another architecture's calls (32-bit ones on x86_64) have other numbers, which the rules below would miss.
            (_LOAD, 0, 0, 4),  # struct seccomp_data: number, architecture, instruction pointer (8 bytes), arguments
            (_EQUAL, 1, 0, _AUDIT_ARCH[self._machine]),
            (_GIVE, 0, 0, _KILL),
            (_LOAD, 0, 0, 0),
            (_ABOVE, 0, 1, 0x40000000),  # the x32 variants of all calls
            (_GIVE, 0, 0, _REFUSE | EPERM),
        ]

    def refuse(self, calls: Iterable[str], error: int = EPERM) -> None:
        """Refuse calls regardless of their arguments."""
        for call in calls:
            self._when(call, [(_GIVE, 0, 0, _REFUSE | error)])

    def refuse_bits(self, call: str, argument: int, bits: int) -> None:
        """Refuse a call if an argument has any of these bits set."""
        self._when(call, [_load(argument), (_ANY_BIT, 0, 1, bits), (_GIVE, 0, 0, _REFUSE | EPERM)])

    def refuse_values(self, call: str, argument: int, values: Iterable[int], mask: int = 0xFFFFFFFF) -> None:
        """Refuse a call if an argument, masked, is one of these values."""
        tests: list[Line] = []
        for value in values:
            tests += [(_EQUAL, 0, 1, value), (_GIVE, 0, 0, _REFUSE | EPERM)]
        self._when(call, [_load(argument), (_AND, 0, 0, mask), *tests])

    def allow_values(
        self, call: str, argument: int, values: Iterable[int], mask: int = 0xFFFFFFFF, error: int = EPERM
    ) -> None:
        """Refuse a call unless an argument, masked, is one of these values; other rules for the call still apply."""
        values = list(values)
        tests = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
        self._when(call, [_load(argument), (_AND, 0, 0, mask), *tests, (_GIVE, 0, 0, _REFUSE | error)])

    def allow_second(self, call: str, first: int, values: Iterable[int]) -> None:
        """Refuse a call with the first argument ``first`` unless its second argument is one of these values."""
        values = list(values)
        tests = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
        then = [_load(1), *tests, (_GIVE, 0, 0, _REFUSE | EPERM)]
        self._when(call, [_load(0), (_EQUAL, 0, len(then), first), *then])

    def install(self) -> None:
        """Apply the filter to this process and its future children. Call `linux.drop_capabilities` first."""
        program = b"".join(struct.pack("HBBI", *line) for line in [*self._code, (_GIVE, 0, 0, _ALLOW)])
        buffer = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))  # struct sock_fprog
        linux.prctl("SECCOMP", linux.PR_SET_SECCOMP, 2, header)  # 2: SECCOMP_MODE_FILTER

    def _when(self, call: str, then: list[Line]) -> None:
        """Add lines that run for one call only, and that reload the call's number for the rules that follow."""
        number = _NUMBERS[call][self._machine]
        if number != _NONE:
            lines = [*then, (_LOAD, 0, 0, 0)]
            self._code += [(_EQUAL, 0, len(lines), number), *lines]


def _load(argument: int) -> Line:
    """Return a line that loads the lower half of an argument, which is all that the kernel uses of an ``int``."""
    return _LOAD, 0, 0, 16 + 8 * argument


# Calls that no exercise needs, but that an escape or a denial of service might.
_NEVER = (
    "ptrace", "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "process_vm_readv", "process_vm_writev",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd", "keyctl",
    "add_key", "request_key", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "swapon", "swapoff", "open_by_handle_at", "name_to_handle_at", "open_tree", "open_tree_attr", "move_mount",
    "fsopen", "fsconfig", "fsmount", "fspick", "pidfd_getfd", "mount_setattr", "kcmp", "quotactl", "acct",
    "settimeofday", "clock_settime", "syslog", "personality",
    "memfd_create", "memfd_secret", "shmget", "msgget",  # memory that is not counted towards any process
)  # fmt: skip
_NEW_NAMESPACES = linux.ALL_NAMESPACES | linux.CLONE_NEWCGROUP

# Resources that namespaces would have separated: System V memory and queues, file watches, and connecting sockets.
_SHARED = (
    "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgsnd", "msgrcv", "msgctl", "mq_open",
    "inotify_add_watch", "fanotify_init", "socket", "connect", "bind", "listen", "accept", "accept4",
)  # fmt: skip

# What a file's owner may do to it that Landlock does not restrict, and what a user's processes may do to one another.
_OWNER = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes",
    "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr",
    "fremovexattr", "removexattrat", "file_setattr", "truncate", "setpriority", "ioprio_set", "sched_setscheduler",
    "sched_setparam", "sched_setattr",
)  # fmt: skip
_SIGNAL_TO_ANY = ("rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _FIOSETOWN, _SIOCSPGRP = 8, 10, 15, 0x8901, 0x8902
_O_ACCMODE, _O_TRUNC = 0o3, 0o1000
_STREAM, _SEQPACKET = 1, 5


def _base() -> Filter:
    """Return the rules that all isolated processes share."""
    rules = Filter()
    rules.refuse(_NEVER)
    rules.refuse(["clone3"], ENOSYS)  # its flags are in memory, out of a filter's sight; libc falls back to clone
    rules.refuse_bits("clone", 0, _NEW_NAMESPACES)
    # A process that outlives its monitor, or hides its memory from it, would escape its limits.
    rules.allow_second("prctl", linux.PR_SET_PDEATHSIG, (signal.SIGKILL,))
    rules.allow_second("prctl", linux.PR_SET_DUMPABLE, (1,))
    return rules


def filter_in_namespaces() -> Filter:
    """Return the filter of a process in its own namespaces."""
    rules = _base()
    # AF_UNIX, AF_INET, AF_INET6. Namespaces do not isolate vsock, netlink and others as well as these.
    rules.allow_values("socket", 0, (1, 2, 10), error=EAFNOSUPPORT)
    return rules


def filter_among_others(*, process: int, same_user: bool, signals: bool) -> Filter:
    """Return the filter of a process that shares network, process table and file systems with others.

    The only sockets allowed are connected pairs, which have no address. Set ``same_user`` if the process also runs as
    the grader's user, and ``signals`` if nothing else keeps it from signalling other processes. It may then signal
    itself (``process``) and its process group, but not its children, whose ids a filter cannot know.
    """
    rules = _base()
    rules.refuse(_SHARED)
    # Not datagram pairs: a datagram socket can send to any address. The mask strips flags such as SOCK_CLOEXEC.
    rules.allow_values("socketpair", 1, (_STREAM, _SEQPACKET), mask=0xF)
    if same_user:
        rules.refuse(_OWNER)
        rules.allow_values("prlimit64", 0, (0, process))
        rules.allow_values("sched_setaffinity", 0, (0, process))
        rules.refuse(["openat2"], ENOSYS)  # its flags are in memory, too; callers fall back to openat
        for call, flags in (("open", 1), ("openat", 2)):
            # O_RDONLY | O_TRUNC opens a file for reading, and still empties it.
            rules.refuse_values(call, flags, (_O_TRUNC,), mask=_O_ACCMODE | _O_TRUNC)
    if signals:
        rules.refuse(_SIGNAL_TO_ANY)
        rules.allow_values("kill", 0, (0, process))
        rules.allow_values("tkill", 0, (process,))
        rules.allow_values("tgkill", 0, (process,))
        rules.refuse_values("fcntl", 1, (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX))
        rules.refuse_values("ioctl", 1, (_FIOSETOWN, _SIOCSPGRP))
    return rules
