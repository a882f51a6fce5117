"""What a checker is told to do: the one message from the grader to it.

Checks come parsed and compiled, because every submission would pay for that anew.
"""

from __future__ import annotations

import functools
import importlib.util
import marshal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from autograder.course import Check
from autograder.sandbox.limits import Limits


@dataclass(frozen=True)
class Job:
    """Which checks to run on which cells.

    ``check_file`` is one of ``files``, which are written beside each other; ``checks`` are those of its checks
    that are to be run.
    """

    check_file: str
    files: dict[str, bytes]
    checks: tuple[Check, ...]
    cells: tuple[tuple[str, str], ...]
    limits: Limits

    def to_message(self) -> list[Any]:
        """Return the job as it crosses the wire."""
        files = [[name, content] for name, content in sorted(self.files.items())]
        bytecode = compiled(self.files[self.check_file], self.check_file)
        checks = [[list(field) for field in asdict(check).items()] for check in self.checks]
        limits = [list(field) for field in asdict(self.limits).items()]
        return [self.check_file, files, bytecode, checks, [list(cell) for cell in self.cells], limits]

    @classmethod
    def from_message(cls, message: list[Any], folder: Path) -> Self:
        """Read what `to_message` wrote, and lay the files of checks down in ``folder``."""
        check_file, files, bytecode, checks, cells, limits = message
        for name, content in files:
            (folder / name).write_bytes(content)
        if bytecode:
            cache = Path(importlib.util.cache_from_source(str(folder / check_file)))
            cache.parent.mkdir()
            cache.write_bytes(bytecode)
        read = tuple(Check(**{**dict(fields), "after": tuple(dict(fields)["after"])}) for fields in checks)
        return cls(check_file, dict(files), read, tuple((i, s) for i, s in cells), Limits(**dict(limits)))


@functools.lru_cache(maxsize=64)
def compiled(source: bytes, name: str) -> bytes:
    """Return a module's bytecode file, to be taken without a look at the source; empty if it does not compile."""
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return b""
    unchecked_hash = (0b01).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + unchecked_hash + importlib.util.source_hash(source) + marshal.dumps(code)
