"""What a checker is told: first the files of checks, then, once per submission, what to run on which cells."""

from __future__ import annotations

import functools
import importlib.util
import marshal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from autograder.course import Check, CheckFiles
from autograder.sandbox.limits import Limits


def check_files_message(files: CheckFiles) -> list[Any]:
    """Return files of checks as they cross the wire; modules also compiled, because a checker has no cache."""
    return [list(files.tests), [[name, content, compiled(content, name)] for name, content in files.files]]


def lay_down(message: list[Any], folder: Path) -> list[Path]:
    """Write what `check_files_message` returned into ``folder``; return the paths of the files with checks."""
    tests, files = message
    for name, content, bytecode in files:
        path = folder / str(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if bytecode:
            cache = Path(importlib.util.cache_from_source(str(path)))
            cache.parent.mkdir(exist_ok=True)
            cache.write_bytes(bytecode)
    return [folder / str(name) for name in tests]


@dataclass(frozen=True)
class Job:
    """One submission: which checks to run on which cells.

    ``kept`` are checks that need not be run, with whether they are known to pass: others may come after them.
    """

    check_files: CheckFiles
    checks: tuple[Check, ...]
    cells: tuple[tuple[str, str], ...]
    limits: Limits
    kept: tuple[tuple[str, str, bool], ...] = ()

    def to_message(self) -> list[Any]:
        """Return the job as it crosses the wire to a checker that has the files of checks."""
        checks = [[list(field) for field in asdict(check).items()] for check in self.checks]
        limits = [list(field) for field in asdict(self.limits).items()]
        return [checks, [list(cell) for cell in self.cells], limits, [list(check) for check in self.kept]]


class Order(NamedTuple):
    """A job as a checker reads it, which has the files of checks already."""

    checks: tuple[Check, ...]
    cells: tuple[tuple[str, str], ...]
    limits: Limits
    kept: dict[tuple[str, str], bool]


def read_job(message: list[Any]) -> Order:
    """Return the job that crossed the wire."""
    checks, cells, limits, kept = message
    return Order(
        tuple(Check(**{**dict(fields), "after": tuple(dict(fields)["after"])}) for fields in checks),
        tuple((identity, source) for identity, source in cells),
        Limits(**dict(limits)),
        {(question, name): passed for question, name, passed in kept},
    )


@functools.lru_cache(maxsize=512)
def compiled(source: bytes, name: str) -> bytes:
    """Return a module's bytecode file, to be taken without a look at the source; empty if it does not compile."""
    if not name.endswith(".py"):
        return b""
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return b""
    unchecked_hash = (0b01).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + unchecked_hash + importlib.util.source_hash(source) + marshal.dumps(code)
