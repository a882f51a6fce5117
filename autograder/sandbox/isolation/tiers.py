"""Find the isolation tiers that work on this machine, by trying each in throw-away processes.

=====  ==============================================================================================
tier   what separates student code from everything else
=====  ==============================================================================================
A      own user, mount, process, network, IPC and host-name namespaces, a root folder without the
       course, no capabilities, seccomp, limits (Linux with user namespaces; root not needed)
B      Landlock, seccomp, limits; as root a separate user per process (Linux without namespaces, as
       in many containers)
C      as root, a separate user per process, and limits: student code can use the network and read
       world-readable files
D      a separate process with limits: student code can read and change files, use the network and
       signal your processes. Checks and student code still never share a process.
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

from autograder.runtime import ELSEWHERE, python
from autograder.sandbox.isolation.hardening import remove_tree

TIERS = ("A", "B", "C", "D")
"""From the strongest to the weakest."""
ISOLATING_TIERS = ("A", "B")
"""The tiers that keep student code from files and from the network."""

_NUMBERS_INSIDE = 50
"""Processes inside a probed sandbox that has its own process table have lower ids than this."""


@dataclass(frozen=True)
class Probe:
    """Whether a tier works here, and if not, the problem."""

    tier: str
    works: bool
    problem: str = ""


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Create an empty folder that any user may enter; remove it afterwards."""
    folder = tempfile.mkdtemp(prefix="autograder-")
    try:
        Path(folder).chmod(0o755)  # mkdtemp lets only its owner enter
        yield folder
    finally:
        remove_tree(folder)


@contextmanager
def bystander() -> Iterator[int]:
    """Start a process that student code must not reach, and yield its id.

    Its id must not occur inside the sandbox: in tier A ids start at 1 again, so a signal would reach another process
    of the same id. In a container, where all ids are low, several attempts may be needed.
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
    """Return the environment variables of the launcher."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # the rest may hold tokens
    return known | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}


@functools.cache
def probe(tier: str) -> Probe:
    """Try a tier from end to end, without torch, in a few tenths of a second. Tier D always works."""
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
            file.chmod(0o644)  # readable by all, so that only the tier can be what refuses
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
