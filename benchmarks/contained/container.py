"""Run a command as in a container: its own root, processes and network, and limits on CPU and memory.

The root is this machine's, below a layer that takes every change. Namespaces and mounts are refused to everything that
runs inside, as containers do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contained.cgroup import ControlGroup, Used

COURSE = Path(__file__).resolve().parents[2]
CPUS, MEMORY_MB, LIMIT_S = 0.5, 768, 600.0
"""Gradescope's smallest container, and its time limit."""

_ENTER = """
for group in $GROUP_FOLDERS; do echo $$ > "$group/cgroup.procs"; done
exec unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private sh -euc "$INSIDE" container "$@"
"""
_INSIDE = """
mount -t overlay overlay -o "lowerdir=/,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$FOLDER/root"
cd "$FOLDER/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o size=64m,mode=1777 tmpfs dev/shm
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
mkdir -p "./$SEEN_AT"
mount --bind "$LIMITS" "./$SEEN_AT"
ip link set lo up
pivot_root . .
umount -l .
cd "$COURSE"
env -i "PATH=$PATH" HOME=/root LANG=C.UTF-8 "$@" || exit $?
exit 0  # keeps this shell as process 1, for which the kernel treats signals differently
"""


@dataclass(frozen=True)
class Ended:
    """How a container ended; ``code`` is None if it ran into the time limit."""

    code: int | None
    seconds: float
    used: Used
    output: str


class Container:
    """A container in a ``folder`` of its own; `changes` holds what is added before it starts and while it runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(parents=True)

    @property
    def changes(self) -> Path:
        """The folder of all changes to this machine's root."""
        return self._folder / "upper"

    def run(self, command: Sequence[str], *, refused: Sequence[str] = (), limit_s: float = LIMIT_S) -> Ended:
        """Run a command in half a CPU and 768 MB; after ``limit_s`` seconds all its processes are killed."""
        without = [option for what in ("namespaces", *refused) for option in ("--without", what)]
        inside = [sys.executable, "-m", "tests.sandbox.elsewhere", *without, "--", *command]
        with ControlGroup(CPUS, MEMORY_MB) as group:
            limits, seen_at = group.seen_at
            environment = {
                "PATH": os.environ["PATH"],
                "INSIDE": _INSIDE,
                "FOLDER": str(self._folder),
                "COURSE": str(COURSE),
                "GROUP_FOLDERS": " ".join(map(str, group.folders)),
                "LIMITS": str(limits),
                "SEEN_AT": str(seen_at),
            }
            began = time.monotonic()
            process = subprocess.Popen(
                ["sh", "-euc", _ENTER, "enter", *inside],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=COURSE,
                text=True,
                errors="replace",
            )
            try:
                output, _ = process.communicate(timeout=limit_s)
                code: int | None = process.returncode
            except subprocess.TimeoutExpired:
                process.kill()  # --kill-child takes the first process inside, and the kernel all others with that
                output, code = process.communicate()[0], None
            return Ended(code, time.monotonic() - began, group.used(), output)
