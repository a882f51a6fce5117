"""The package's constants of the kernel interface agree with the kernel's headers and libseccomp."""

from __future__ import annotations

import ctypes
import errno
import os
import socket

import pytest

from autograder.sandbox.isolation import landlock, linux, seccomp

from .kernel_headers import (
    MACHINES,
    RECENT,
    Headers,
    either,
    headers,
    installed_text,
    read_as,
    recent_system_calls,
    system_calls,
)

NUMBERS = {
    **seccomp._NUMBERS,
    **linux._SYS,
    "mount_setattr": (linux._SYS_MOUNT_SETATTR,) * 2,
    "landlock_create_ruleset": (landlock._CREATE_RULESET,) * 2,
    "landlock_add_rule": (landlock._ADD_RULE,) * 2,
    "landlock_restrict_self": (landlock._RESTRICT_SELF,) * 2,
}
"""All system call numbers in the package."""


# --- Numbers of system calls ----------------------------------------------------------------------


def written_down(machine: str) -> dict[str, int | None]:
    """Return the package's numbers for a machine; None means that the machine has no such call."""
    column = MACHINES.index(machine)
    return {name: None if (number := row[column]) == seccomp._NONE else number for name, row in NUMBERS.items()}


def test_no_number_is_written_down_twice_with_two_values():
    assert seccomp._NUMBERS.items() <= NUMBERS.items()


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_kernels_headers(machine):
    known = recent_system_calls() | system_calls(machine)
    assert written_down(machine) == {name: known.get(name) for name in NUMBERS}


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_libseccomp(machine):
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("no libseccomp.so.2 here: install it with: apt-get install libseccomp2")
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    library.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    architecture = library.seccomp_arch_resolve_name(machine.encode())
    assert architecture == seccomp._AUDIT_ARCH[MACHINES.index(machine)]
    unknown = -1
    said = {name: library.seccomp_syscall_resolve_name_arch(architecture, name.encode()) for name in NUMBERS}
    too_new = {name for name, number in said.items() if number == unknown}
    assert too_new <= set(recent_system_calls())
    # libseccomp gives calls that only other machines have other negative numbers.
    expected = {name: None if number < unknown else number for name, number in said.items() if name not in too_new}
    assert {name: number for name, number in written_down(machine).items() if name not in too_new} == expected


# --- Constants ------------------------------------------------------------------------------------

SAME_NAME = {
    linux: (
        "CLONE_NEWNS", "CLONE_NEWUTS", "CLONE_NEWIPC", "CLONE_NEWUSER", "CLONE_NEWPID", "CLONE_NEWNET",
        "CLONE_NEWCGROUP", "MS_RDONLY", "MS_NOSUID", "MS_NODEV", "MS_NOEXEC", "MS_REMOUNT", "MS_BIND", "MS_REC",
        "MS_PRIVATE", "PR_SET_PDEATHSIG", "PR_SET_DUMPABLE", "PR_SET_SECCOMP", "PR_SET_CHILD_SUBREAPER",
        "PR_SET_NO_NEW_PRIVS", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "_MOUNT_ATTR_RDONLY", "_MOUNT_ATTR_NOSUID",
        "_MOUNT_ATTR_NODEV", "_AT_RECURSIVE",
    ),
    seccomp: (
        "_F_SETOWN", "_F_SETSIG", "_F_SETOWN_EX", "_FIOSETOWN", "_SIOCSPGRP", "_O_ACCMODE", "_O_TRUNC",
    ),
}  # fmt: skip
OTHER_NAME = {
    (seccomp, "_LOAD"): "BPF_LD BPF_W BPF_ABS",
    (seccomp, "_EQUAL"): "BPF_JMP BPF_JEQ BPF_K",
    (seccomp, "_ABOVE"): "BPF_JMP BPF_JGE BPF_K",
    (seccomp, "_ANY_BIT"): "BPF_JMP BPF_JSET BPF_K",
    (seccomp, "_AND"): "BPF_ALU BPF_AND BPF_K",
    (seccomp, "_GIVE"): "BPF_RET BPF_K",
    (seccomp, "_ALLOW"): "SECCOMP_RET_ALLOW",
    (seccomp, "_REFUSE"): "SECCOMP_RET_ERRNO",
    (seccomp, "_KILL"): "SECCOMP_RET_KILL_PROCESS",
    (landlock, "_VERSION"): "LANDLOCK_CREATE_RULESET_VERSION",
    (landlock, "_PATH_BENEATH"): "LANDLOCK_RULE_PATH_BENEATH",
    (landlock, "_ALL_TCP"): "LANDLOCK_ACCESS_NET_BIND_TCP LANDLOCK_ACCESS_NET_CONNECT_TCP",
    (landlock, "_ALL_SCOPES"): "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET LANDLOCK_SCOPE_SIGNAL",
} | {
    (landlock, f"_{access}"): f"LANDLOCK_ACCESS_FS_{access}"
    for access in (
        "EXECUTE", "WRITE_FILE", "READ_FILE", "READ_DIR", "REMOVE_DIR", "REMOVE_FILE", "MAKE_CHAR", "MAKE_DIR",
        "MAKE_REG", "MAKE_SOCK", "MAKE_FIFO", "MAKE_BLOCK", "MAKE_SYM", "REFER", "TRUNCATE", "IOCTL_DEV",
    )
}  # fmt: skip
NAMES = OTHER_NAME | {(module, name): name.removeprefix("_") for module, names in SAME_NAME.items() for name in names}


def test_constants_are_those_of_the_kernels_headers():
    ours = {names: getattr(module, name) for (module, name), names in NAMES.items()}
    assert ours == {names: either(names) for names in ours}
    machines = tuple(headers().number(f"AUDIT_ARCH_{machine.upper()}") for machine in MACHINES)
    assert machines == seccomp._AUDIT_ARCH
    errors = (seccomp.EPERM, seccomp.ENOSYS, seccomp.EAFNOSUPPORT)
    assert errors == (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT)
    assert (seccomp._STREAM, seccomp._SEQPACKET) == (socket.SOCK_STREAM, socket.SOCK_SEQPACKET)


def test_the_copy_of_recent_headers_agrees_with_installed_ones():
    """Compares only what both define; nothing else would show that the copy is wrong."""
    installed, recent = Headers(installed_text()), Headers(RECENT)
    both = (set(recent._macros) & set(installed._macros)) - {f"__NR_{name}" for name in recent_system_calls()}
    assert "LANDLOCK_ACCESS_FS_REFER" in both
    assert {name: recent.number(name) for name in both} == {name: installed.number(name) for name in both}
    for machine in MACHINES:
        assert recent_system_calls().items() >= {
            (name, number) for name, number in system_calls(machine).items() if name in recent_system_calls()
        }


# --- Structures -----------------------------------------------------------------------------------


class Kernel:
    """A stand-in for the C library that records its calls."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple] = {}

    def syscall(self, number: int, *arguments: object) -> int:
        name = next(name for name, numbers in NUMBERS.items() if numbers[linux.machine()] == number)
        if name == "landlock_create_ruleset" and arguments[0] is None:
            return landlock._SCOPES_SINCE
        self.calls[name] = arguments
        return os.open(os.devnull, os.O_RDONLY) if name == "landlock_create_ruleset" else 0

    def prctl(self, *_arguments: object) -> int:
        return 0


@pytest.fixture
def kernel(monkeypatch) -> Kernel:
    stand_in = Kernel()
    monkeypatch.setattr(linux, "libc", stand_in)
    return stand_in


def test_mount_attributes_are_laid_out_as_the_kernel_reads_them(kernel):
    linux.make_read_only("/")
    folder, path, flags, attributes, size = kernel.calls["mount_setattr"]
    assert (folder, path, flags) == (headers().number("AT_FDCWD"), b"/", headers().number("AT_RECURSIVE"))
    assert size == len(attributes)
    wanted = either("MOUNT_ATTR_RDONLY MOUNT_ATTR_NOSUID MOUNT_ATTR_NODEV")
    assert read_as("mount_attr", attributes) == {"attr_set": wanted, "attr_clr": 0, "propagation": 0, "userns_fd": 0}


def test_capabilities_are_laid_out_as_the_kernel_reads_them(kernel):
    linux.drop_capabilities(keep=[linux.CAP_SETUID])
    header, content = kernel.calls["capset"]
    version = headers().number("_LINUX_CAPABILITY_VERSION_3")
    assert read_as("__user_cap_header_struct", header) == {"version": version, "pid": 0}
    size = ctypes.sizeof(headers().structure("__user_cap_data_struct"))
    first, second = (read_as("__user_cap_data_struct", part) for part in (content[:size], content[size:]))
    only = 1 << headers().number("CAP_SETUID")
    assert first == {"effective": only, "permitted": only, "inheritable": 0}
    assert set(second.values()) == {0}  # capabilities from 32 on


def test_rules_of_landlock_are_laid_out_as_the_kernel_reads_them(kernel, tmp_path):
    (tmp_path / "file").touch()
    landlock.restrict([str(tmp_path / "file")], [])
    attributes, size, flags = kernel.calls["landlock_create_ruleset"]
    assert (size, flags) == (len(attributes), 0)
    assert read_as("landlock_ruleset_attr", attributes) == {
        "handled_access_fs": 2 * headers().number("LANDLOCK_ACCESS_FS_IOCTL_DEV") - 1,
        "handled_access_net": either("LANDLOCK_ACCESS_NET_BIND_TCP LANDLOCK_ACCESS_NET_CONNECT_TCP"),
        "scoped": either("LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET LANDLOCK_SCOPE_SIGNAL"),
    }
    _, kind, rule, _ = kernel.calls["landlock_add_rule"]
    assert kind == headers().number("LANDLOCK_RULE_PATH_BENEATH")
    allowed = either("LANDLOCK_ACCESS_FS_EXECUTE LANDLOCK_ACCESS_FS_READ_FILE")
    assert read_as("landlock_path_beneath_attr", rule)["allowed_access"] == allowed
