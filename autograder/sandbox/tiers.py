"""Which walls this machine can put up: found out by putting them up, in a throw-away process.

=====  ==============================================================================================
tier   what separates student code from everything else
=====  ==============================================================================================
A      own user, mount, process, network, IPC and host-name namespaces, a root folder without the
       course, no capabilities, seccomp, limits (Linux with user namespaces, as root or as anybody)
D      another process with limits: it can read files, use the network and signal your processes.
       Checks and student code still never share a process.
=====  ==============================================================================================
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Probe:
    """Whether a tier works here, and what stopped it where it does not."""

    tier: str
    works: bool
    problem: str = ""


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Make an empty folder that any user may enter, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        Path(folder).chmod(0o755)
        yield folder


@functools.cache
def probe_namespaces() -> Probe:
    """Try tier A from end to end: both walls, without torch (a tenth of a second)."""
    if sys.platform != "linux":
        return Probe("A", works=False, problem=f"namespaces are a feature of Linux; this is {sys.platform}")
    try:
        with scratch_folder() as root:
            done = subprocess.run(
                [sys.executable, "-m", "autograder.sandbox.launch", "probe"],
                input=json.dumps({"root": root, "protected": [], "preload": []}).encode(),
                capture_output=True,
                timeout=30,
                cwd="/",
                env={"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PATH": "/usr/bin:/bin"},
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Probe("A", works=False, problem=str(error))
    if done.returncode == 0:
        return Probe("A", works=True)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return Probe("A", works=False, problem=lines[-1] if lines else f"exit code {done.returncode}")


def best_tier() -> str:
    """Return the strongest tier that works here."""
    return "A" if probe_namespaces().works else "D"
