"""What student code may read: the system's libraries, this Python and this package, nothing of the course."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/alternatives")


def package_folder() -> str:
    """Return the folder of this package."""
    return str(Path(__file__).resolve().parents[1])


def visible_paths() -> list[str]:
    """Return the folders and files of the system's libraries and of this Python.

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


def without(paths: Sequence[str], protected: Sequence[str]) -> Iterator[str]:
    """Yield paths that cover what ``paths`` do but for protected folders inside them.

    For walls that can only allow: a folder that surrounds a protected one is replaced by what else is in it.
    """
    for path in {os.path.realpath(path): None for path in paths}:
        yield from _around(Path(path), [Path(folder) for folder in protected])


def _around(path: Path, protected: list[Path]) -> Iterator[str]:
    inside = [folder for folder in protected if folder.is_relative_to(path)]
    if not inside:
        yield str(path)
    elif path not in inside and path.is_dir():
        for child in path.iterdir():
            if not child.is_symlink():  # a link may lead anywhere; where it leads is visible if it is listed itself
                yield from _around(child, inside)
