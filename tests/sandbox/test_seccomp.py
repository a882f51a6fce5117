"""Seccomp filters, run by a small BPF interpreter, because a kernel can run only those of its own architecture."""

from __future__ import annotations

import ctypes
import errno
import operator
import signal
import socket
from collections.abc import Callable

import pytest

from autograder.sandbox.isolation import linux, seccomp

from .kernel_headers import MACHINES, either, headers, read_as, recent_system_calls, system_calls

PROCESS = 4321
ALLOWED, KILLED = "allowed", "killed"


class Program:
    """A filter as passed to the kernel, and its decisions about calls."""

    def __init__(self, rules: seccomp.Filter, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.architecture = headers().number(f"AUDIT_ARCH_{machine.upper()}")
        self.numbers = recent_system_calls() | system_calls(machine)
        with monkeypatch.context() as patched:
            patched.setattr(linux, "prctl", self._load)
            rules.install()

    def _load(self, _name: str, option: int, mode: int, header: bytes) -> None:
        """Copy the program from memory while it exists."""
        assert (option, mode) == (headers().number("PR_SET_SECCOMP"), headers().number("SECCOMP_MODE_FILTER"))
        program = read_as("sock_fprog", header)
        line = headers().structure("sock_filter")
        content = ctypes.string_at(program["filter"], program["len"] * ctypes.sizeof(line))
        lines = (line * program["len"]).from_buffer_copy(content)
        self.lines = [(each.code, each.jt, each.jf, each.k) for each in lines]

    def says(self, call: str | int, *arguments: int, architecture: int | None = None) -> str:
        """Return the decision about a call: allowed, killed, or the name of the error."""
        number = self.numbers[call] if isinstance(call, str) else call
        data = headers().structure("seccomp_data")()
        data.nr, data.arch = number, self.architecture if architecture is None else architecture
        data.args = (*(argument % 2**64 for argument in arguments), *[0] * (6 - len(arguments)))
        answer = self._run(bytes(data))
        if answer == either("SECCOMP_RET_ALLOW"):
            return ALLOWED
        if answer == either("SECCOMP_RET_KILL_PROCESS"):
            return KILLED
        assert answer & either("SECCOMP_RET_ACTION_FULL") == either("SECCOMP_RET_ERRNO")
        return errno.errorcode[answer & either("SECCOMP_RET_DATA")]

    def refused(self) -> set[str]:
        """Return the calls that are refused if all their arguments are 0."""
        return {call for call in self.numbers if self.says(call) != ALLOWED}

    def _run(self, data: bytes) -> int:
        load, keep_bits, give = either("BPF_LD BPF_W BPF_ABS"), either("BPF_ALU BPF_AND BPF_K"), either("BPF_RET BPF_K")
        jumps: dict[int, Callable[[int, int], int]] = {
            either("BPF_JMP BPF_JEQ BPF_K"): operator.eq,
            either("BPF_JMP BPF_JGE BPF_K"): operator.ge,
            either("BPF_JMP BPF_JSET BPF_K"): operator.and_,
        }
        place = value = 0
        while True:
            code, if_true, if_false, k = self.lines[place]
            place += 1
            if code == load:
                value = int.from_bytes(data[k : k + 4], "little")
            elif code == keep_bits:
                value &= k
            elif code == give:
                return k
            else:
                place += if_true if jumps[code](value, k) else if_false


@pytest.fixture(params=MACHINES)
def load(request, monkeypatch) -> Callable[[Callable[[], seccomp.Filter]], Program]:
    """Return a function that turns a filter into a program, for each machine."""
    monkeypatch.setattr(linux, "machine", lambda: MACHINES.index(request.param))
    return lambda make: Program(make(), request.param, monkeypatch)


def test_a_filter_in_namespaces_refuses_what_it_names_and_nothing_else(load):
    program = load(seccomp.filter_in_namespaces)
    assert program.refused() == {*seccomp._NEVER, "clone3", "socket"} & set(program.numbers)
    assert (program.says("ptrace"), program.says("clone3"), program.says("socket")) == (
        "EPERM",
        "ENOSYS",
        "EAFNOSUPPORT",
    )
    assert {program.says("socket", family) for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)} == {ALLOWED}
    assert program.says("socket", socket.AF_NETLINK) == "EAFNOSUPPORT"


def test_every_filter_refuses_new_namespaces_and_outliving_the_parent(load):
    program = load(seccomp.filter_in_namespaces)
    for name in ("NS", "UTS", "IPC", "USER", "PID", "NET", "CGROUP"):
        assert program.says("clone", headers().number(f"CLONE_NEW{name}") | signal.SIGCHLD) == "EPERM", name
    assert program.says("clone", either("CLONE_VM CLONE_FS CLONE_FILES CLONE_SIGHAND CLONE_THREAD")) == ALLOWED
    death, dumpable = headers().number("PR_SET_PDEATHSIG"), headers().number("PR_SET_DUMPABLE")
    assert [program.says("prctl", death, number) for number in (0, signal.SIGKILL)] == ["EPERM", ALLOWED]
    assert [program.says("prctl", dumpable, number) for number in (0, 1)] == ["EPERM", ALLOWED]
    assert program.says("prctl", headers().number("PR_SET_NO_NEW_PRIVS"), 1) == ALLOWED


def test_calls_of_other_architectures_are_refused(load):
    program = load(seccomp.filter_in_namespaces)
    others = {headers().number(f"AUDIT_ARCH_{name}") for name in ("I386", "ARM", "X86_64", "AARCH64")}
    assert {program.says("getpid", architecture=other) for other in others - {program.architecture}} == {KILLED}
    assert program.says("getpid") == ALLOWED
    x32 = 0x40000000
    assert program.says(program.numbers["getpid"] | x32) == program.says(program.numbers["ptrace"] | x32) == "EPERM"


def test_a_filter_among_others_refuses_what_it_names_and_nothing_else(load):
    always = {*seccomp._NEVER, *seccomp._SHARED, "clone3", "socketpair"}
    signals = {*seccomp._SIGNAL_TO_ANY, "tkill", "tgkill"}
    same_user = {*seccomp._OWNER, "openat2"}
    for of_user, of_signals in ((False, False), (True, False), (False, True), (True, True)):
        program = load(
            lambda: seccomp.filter_among_others(process=PROCESS, same_user=of_user, signals=of_signals)  # noqa: B023
        )
        expected = always | (same_user if of_user else set()) | (signals if of_signals else set())
        assert program.refused() == expected & set(program.numbers)


def test_a_filter_among_others_lets_a_process_reach_itself_only(load):
    program = load(lambda: seccomp.filter_among_others(process=PROCESS, same_user=True, signals=True))
    fine = {"kill": (PROCESS, 9), "tkill": (PROCESS, 9), "tgkill": (PROCESS, PROCESS, 9), "prlimit64": (PROCESS,),
            "sched_setaffinity": (PROCESS,), "socketpair": (socket.AF_UNIX, socket.SOCK_STREAM)}  # fmt: skip
    wrong = {"kill": (-1, 9), "tkill": (PROCESS + 1, 9), "tgkill": (PROCESS + 1, PROCESS, 9), "prlimit64": (1,),
             "sched_setaffinity": (1,), "socketpair": (socket.AF_UNIX, socket.SOCK_DGRAM)}  # fmt: skip
    assert {call: program.says(call, *arguments) for call, arguments in fine.items()} == dict.fromkeys(fine, ALLOWED)
    assert {call: program.says(call, *arguments) for call, arguments in wrong.items()} == dict.fromkeys(wrong, "EPERM")
    assert program.says("socketpair", 1, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC) == ALLOWED


def test_a_filter_among_others_sees_flags_and_commands(load):
    program = load(lambda: seccomp.filter_among_others(process=PROCESS, same_user=True, signals=True))
    truncate, write = headers().number("O_TRUNC"), headers().number("O_WRONLY")
    opens = {"openat": (0, 0), "open": (0,)}
    for call in opens.keys() & program.numbers.keys():
        # O_RDONLY | O_TRUNC opens for reading, and still empties the file.
        assert program.says(call, *opens[call], truncate) == "EPERM", call
        assert program.says(call, *opens[call], truncate | write) == ALLOWED, call
    for name in ("F_SETOWN", "F_SETSIG", "F_SETOWN_EX"):
        assert program.says("fcntl", 0, headers().number(name)) == "EPERM", name
    assert program.says("fcntl", 0, headers().number("F_GETFL")) == ALLOWED
    for name in ("FIOSETOWN", "SIOCSPGRP"):
        assert program.says("ioctl", 0, headers().number(name)) == "EPERM", name
    assert program.says("ioctl", 0, headers().number("FIOGETOWN")) == ALLOWED
