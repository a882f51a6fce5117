"""A control group, of version 1 or 2, that limits CPU and memory as a container does."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 100_000


class NoControlGroups(Exception):
    """No limits can be set on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Used:
    """The peak memory of a group, and how many of its processes the kernel killed for memory."""

    peak_mb: float
    killed: int


class ControlGroup:
    """Limits for processes that enter all ``folders``, as a context manager that removes them at the end."""

    def __init__(self, cpus: float, memory_mb: int) -> None:
        self._cpus = cpus
        self._memory = memory_mb << 20
        self._unified = (ROOT / "cgroup.controllers").is_file()
        self.folders: list[Path] = []

    def __enter__(self) -> Self:
        try:
            (self._limit_v2 if self._unified else self._limit_v1)()
        except OSError as error:
            self._remove()
            raise NoControlGroups(f"no control group can be made below {ROOT} ({error}); run this as root") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @property
    def seen_at(self) -> tuple[Path, Path]:
        """The folder with the memory's numbers, and the path where a container sees it."""
        return (self.folders[-1], ROOT if self._unified else ROOT / "memory")

    def used(self) -> Used:
        """Return the usage so far."""
        memory = self.folders[-1]
        peak = memory / ("memory.peak" if self._unified else "memory.max_usage_in_bytes")
        events = memory / ("memory.events" if self._unified else "memory.oom_control")
        counts = dict(line.split() for line in events.read_text().splitlines())
        return Used(int(peak.read_text()) / 2**20, int(counts["oom_kill"]))

    def _limit_v1(self) -> None:
        cpu, memory = self._make(ROOT / "cpu"), self._make(ROOT / "memory")
        (cpu / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (cpu / "cpu.cfs_quota_us").write_text(str(round(PERIOD_US * self._cpus)))
        (memory / "memory.limit_in_bytes").write_text(str(self._memory))
        without_swap = memory / "memory.memsw.limit_in_bytes"
        if without_swap.exists():
            without_swap.write_text(str(self._memory))

    def _limit_v2(self) -> None:
        group = self._make(ROOT)
        (group / "cpu.max").write_text(f"{round(PERIOD_US * self._cpus)} {PERIOD_US}")
        (group / "memory.max").write_text(str(self._memory))
        without_swap = group / "memory.swap.max"
        if without_swap.exists():
            without_swap.write_text("0")

    def _make(self, parent: Path) -> Path:
        self.folders.append(Path(tempfile.mkdtemp(prefix="autograder-", dir=parent)))
        return self.folders[-1]

    def _remove(self) -> None:
        deadline = time.monotonic() + 10
        while self.folders:
            try:
                self.folders[-1].rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)  # killed processes have not exited yet
            else:
                self.folders.pop()
