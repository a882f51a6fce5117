"""Which walls this machine can put up: found out by putting them up, in throw-away processes, and pushing.

=====  ==============================================================================================
tier   what separates student code from everything else
=====  ==============================================================================================
A      own user, mount, process, network, IPC and host-name namespaces, a root folder without the
       course, no capabilities, seccomp, limits (Linux with user namespaces, as root or as anybody)
B      Landlock, seccomp, limits; as root a user of its own for every process (Linux without
       namespaces, as in many containers)
C      as root, a user of its own for every process, and limits: it can use the network and read what
       anybody may read
D      another process with limits: it can read and change files, use the network and signal your
       processes. Checks and student code still never share a process.
=====  ==============================================================================================
"""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.runtime.subprocesses import ELSEWHERE, python
from autograder.sandbox.isolation.hardening import remove_tree

TIERS = ("A", "B", "C", "D")
"""From the strongest to the weakest."""
ISOLATING_TIERS = ("A", "B")
"""The tiers that keep student code from files and from the network."""

_NUMBERS_INSIDE = 50
"""Processes of a tried sandbox with a process table of its own have lower numbers."""


@dataclass(frozen=True)
class Probe:
    """Whether a tier works here, and what stopped it where it does not."""

    tier: str
    works: bool
    problem: str = ""


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Make an empty folder that any user may enter, and remove it afterwards."""
    folder = tempfile.mkdtemp(prefix="autograder-")
    try:
        Path(folder).chmod(0o755)
        yield folder
    finally:
        remove_tree(folder)


@contextmanager
def bystander() -> Iterator[int]:
    """Start a process that student code must not reach, and yield its number.

    No process of a sandbox may have the same number: in tier A, and in a container, numbers begin at 1, and a signal
    inside would reach the namesake.
    """
    number = 0
    while number <= _NUMBERS_INSIDE:
        with subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL) as process:
            number = process.pid
            try:
                if number > _NUMBERS_INSIDE:
                    yield number
            finally:
                process.kill()


def launcher_environment() -> dict[str, str]:
    """Return the environment in which `launch` is started."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return known | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}


@functools.cache
def probe(tier: str) -> Probe:
    """Try a tier from end to end, without torch (a few tenths of a second). Tier D is always there."""
    if tier == "D":
        return Probe("D", works=True)
    if sys.platform != "linux":
        return Probe(tier, works=False, problem=f"it needs Linux; this is {sys.platform}")
    try:
        with (
            scratch_folder() as root,
            scratch_folder() as folder,
            socket.create_server(("127.0.0.1", 0)) as server,
            bystander() as process,
        ):
            file = Path(folder, "grades")
            file.write_text("nobody's")
            file.chmod(0o644)
            outside = {"file": str(file), "port": server.getsockname()[1], "process": process}
            done = subprocess.run(
                python("autograder.sandbox.processes.launcher", "probe"),
                input=json.dumps({"tier": tier, "root": root, "protected": [folder], "outside": outside}).encode(),
                capture_output=True,
                timeout=60,
                cwd=ELSEWHERE,
                env=launcher_environment(),
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Probe(tier, works=False, problem=str(error))
    if done.returncode == 0:
        return Probe(tier, works=True)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return Probe(tier, works=False, problem=lines[-1] if lines else f"exit code {done.returncode}")


def best_tier() -> str:
    """Return the strongest tier that works here."""
    return next(tier for tier in TIERS if probe(tier).works)
