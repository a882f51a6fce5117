"""How this package starts another Python: never with modules from the folder that it happens to run in.

``python -m`` looks for modules in the working directory first, and that may be a student's folder, with a
``click.py`` or ``random.py`` of theirs in it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ELSEWHERE = "/" if os.name == "posix" else str(Path(sys.prefix).anchor)
"""A working directory in which nothing of a student's lies. Paths that are handed over must be absolute."""

_INSTALLED_IN = str(Path(__file__).resolve().parents[2])


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this Python, without the working directory on its path.

    https://docs.python.org/3/using/cmdline.html#cmdoption-P
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with ``settings``, in which the same package as here is found.

    Of ``PYTHONPATH`` only absolute entries are kept: any other means a place below the working directory.
    """
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = [entry for entry in entries if Path(entry).is_absolute()]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([_INSTALLED_IN, *kept]), **(settings or {})}
