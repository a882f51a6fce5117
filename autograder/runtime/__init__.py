"""Start another Python without importing modules from the working directory.

``python -m`` searches the working directory first, which may be a student's folder with a ``click.py`` or ``random.py``
in it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ELSEWHERE = "/" if os.name == "posix" else str(Path(sys.prefix).anchor)
"""A working directory without files of students. Paths passed to a process started there must be absolute."""

_INSTALLED_IN = str(Path(__file__).resolve().parents[2])


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this Python, without the working directory on ``sys.path``.

    https://docs.python.org/3/using/cmdline.html#cmdoption-P
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment, updated with ``settings``, for a process that must find this same package.

    Relative entries of ``PYTHONPATH`` are dropped, because they refer to the working directory.
    """
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    absolute = [entry for entry in entries if Path(entry).is_absolute()]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([_INSTALLED_IN, *absolute]), **(settings or {})}
