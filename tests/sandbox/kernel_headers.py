"""Read system calls, constants and structures from the kernel's user-space headers, without a compiler.

The headers come with every C library's development files (Debian: ``linux-libc-dev``). `RECENT` contains definitions
that the installed headers may be too old for; a test compares them where the headers have them.
"""

from __future__ import annotations

import ast
import ctypes
import operator
import re
from functools import cache
from pathlib import Path

import pytest

INCLUDE = Path("/usr/include")
MACHINES = ("x86_64", "aarch64")

RECENT = """
#define __NR_fchmodat2 452
#define __NR_setxattrat 463
#define __NR_removexattrat 466
#define __NR_open_tree_attr 467
#define __NR_file_setattr 469
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
struct landlock_ruleset_attr { __u64 handled_access_fs; __u64 handled_access_net; __u64 scoped; };
"""
"""From Linux 6.17: ``asm-generic/unistd.h`` and ``linux/landlock.h`` in ``include/uapi``."""

_TYPES = {
    "__u8": ctypes.c_uint8,
    "__u16": ctypes.c_uint16,
    "__u32": ctypes.c_uint32,
    "__u64": ctypes.c_uint64,
    "__s32": ctypes.c_int32,
    "int": ctypes.c_int,
    "unsigned short": ctypes.c_ushort,
}
_OPERATORS = {ast.LShift: operator.lshift, ast.BitOr: operator.or_, ast.Add: operator.add}


@cache
def headers() -> Headers:
    """Return the definitions of the installed architecture-independent headers, completed by `RECENT`."""
    return Headers(f"{installed_text()}\n{RECENT}")


def installed_text() -> str:
    """Return the text of the installed architecture-independent headers."""
    names = (
        "asm-generic/fcntl.h", "asm-generic/sockios.h", "linux/audit.h", "linux/bpf_common.h", "linux/capability.h",
        "linux/elf-em.h", "linux/fcntl.h", "linux/filter.h", "linux/landlock.h", "linux/mount.h", "linux/prctl.h",
        "linux/sched.h", "linux/seccomp.h",
    )  # fmt: skip
    return "\n".join(_read(INCLUDE / name) for name in names)


@cache
def system_calls(machine: str) -> dict[str, int]:
    """Return the numbers of all system calls of a machine, by name."""
    if machine == "aarch64":
        text = _read(INCLUDE / "asm-generic" / "unistd.h")
    else:
        found = [*INCLUDE.glob("asm/unistd_64.h"), *INCLUDE.glob("*/asm/unistd_64.h")]
        texts = [text for path in found if "__NR_arch_prctl" in (text := path.read_text())]
        text = texts[0] if texts else pytest.skip("no kernel headers for x86_64 here")
    # Where 32-bit machines have another call of this number, the name is __NR3264_….
    numbers = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", text, re.MULTILINE)
    no_calls = {"syscalls", "arch_specific_syscall"}
    return {name: int(number) for name, number in numbers if name not in no_calls}


def recent_system_calls() -> dict[str, int]:
    """Return the numbers in `RECENT`, the same on every machine."""
    return {name: int(number) for name, number in re.findall(r"__NR_(\w+) (\d+)", RECENT)}


@cache
def either(names: str) -> int:
    """Return the bitwise or of several constants."""
    value = 0
    for name in names.split():
        value |= headers().number(name)
    return value


def read_as(name: str, content: bytes) -> dict[str, int]:
    """Return the fields of a structure from bytes, which may end before fields that later kernels added."""
    layout = headers().structure(name)
    filled = layout.from_buffer_copy(content.ljust(ctypes.sizeof(layout), b"\0"))
    ends = {field: getattr(layout, field).offset + getattr(layout, field).size for field, _ in layout._fields_}
    assert len(content) in {*ends.values(), ctypes.sizeof(layout)}, f"{len(content)} bytes end inside a field of {name}"
    return {field: getattr(filled, field) for field, end in ends.items() if end <= len(content)}


class Headers:
    """Definitions in C source; of several with the same name, the first is used."""

    def __init__(self, text: str) -> None:
        self._text = re.sub(r"/\*.*?\*/", " ", text.replace("\\\n", " "), flags=re.DOTALL)
        self._macros: dict[str, str] = {}
        self.number = cache(self._number)
        self.structure = cache(self._structure)
        for name, value in re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(.+?)[ \t]*$", self._text, re.MULTILINE):
            self._macros.setdefault(name, value)
        for members in re.findall(r"\benum\b\s*\w*\s*\{([^}]*)\}", self._text):
            self._add_enumeration(members)

    def _number(self, name: str) -> int:
        """Return the value of a constant."""
        # Drop C's integer suffixes, and turn C's octal numbers into Python's.
        value = re.sub(r"\b(0[xX][\da-fA-F]+|\d+)[uUlL]*\b", r"\1", self._macros[name])
        return self._value(ast.parse(re.sub(r"\b0+(?=[1-7])", "0o", value), mode="eval").body)

    def _structure(self, name: str) -> type[ctypes.Structure]:
        """Return a structure's layout, using its longest definition: the kernel only ever adds fields."""
        pattern = rf"\bstruct\s+{name}\s*\{{([^}}]*)\}}([^;]*);"
        body, attributes = max(re.findall(pattern, self._text), key=lambda found: len(_fields(found[0])))
        layout = {"_fields_": _fields(body)}
        if "packed" in attributes:
            layout = {"_pack_": 1, "_layout_": "ms", **layout}
        return type(name, (ctypes.Structure,), layout)

    def _add_enumeration(self, members: str) -> None:
        previous = "-1"
        for member in filter(None, map(str.strip, members.split(","))):
            name, _, value = member.partition("=")
            self._macros.setdefault(name.strip(), value.strip() or f"{previous} + 1")
            previous = name.strip()

    def _value(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.UnaryOp(op=ast.USub()):
                return -self._value(node.operand)
            case ast.Name(id=name):
                return self.number(name)
            case ast.BinOp():
                return _OPERATORS[type(node.op)](self._value(node.left), self._value(node.right))
        raise ValueError(ast.unparse(node))


def _fields(body: str) -> list[tuple[str, type]]:
    fields: list[tuple[str, type]] = []
    for declaration in filter(None, map(str.strip, body.split(";"))):
        kind, star, name, length = re.fullmatch(r"(.+?)\s+(\*?)(\w+)(?:\[(\d+)\])?", declaration, re.DOTALL).groups()
        one = ctypes.c_void_p if star else _TYPES[kind]
        fields.append((name, one * int(length) if length else one))
    return fields


def _read(path: Path) -> str:
    if not path.is_file():
        pytest.skip(f"no kernel headers here ({path}): install them with: apt-get install linux-libc-dev")
    return path.read_text()
