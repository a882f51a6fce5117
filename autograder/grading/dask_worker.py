"""What runs on a dask worker: one sandbox, kept for as long as a grader uses the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Worker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from autograder.course import CheckFiles
from autograder.errors import MachineError
from autograder.grading.one_submission import environment
from autograder.grading.scheduler import Engines
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, TIERS, best_tier
from autograder.sandbox.protocol.messages import Job


@dataclass(frozen=True)
class Capabilities:
    """What a worker can do, or what a run asks of it."""

    tier: str
    environment: str

    def fault(self, asked: Capabilities) -> str:
        """Say why this worker cannot do what is asked, in words that follow its name; empty when it can."""
        if self.tier not in ISOLATING_TIERS:
            return (
                f"can isolate student code in tier {self.tier} only, in which it could reach the network, and so the "
                "scheduler. Run `autograder doctor` there."
            )
        if TIERS.index(self.tier) > TIERS.index(asked.tier):
            return f"offers sandbox tier {self.tier}; this run is of tier {asked.tier}. Leave it out, or start again."
        if self.environment != asked.environment:
            return (
                f"has another environment, and could give other results. It has {self.environment}; the grader has "
                f"{asked.environment}. Install the same versions there."
            )
        return ""


def capabilities() -> Capabilities:
    """Say what this worker can do."""
    return Capabilities(best_tier(), environment())


@dataclass(frozen=True)
class WorkerOrder:
    """What a worker must know beside each job. ``protected`` and ``preload`` are those of `Engine`."""

    asked: Capabilities
    protected: tuple[Path, ...]
    preload: tuple[str, ...]
    check_files: tuple[CheckFiles, ...]


class Sandbox(WorkerPlugin):  # type: ignore[misc, unused-ignore]
    """A worker's sandbox; the scheduler gives one to every worker that joins, too.

    A thread of its own starts sandboxes: they end with the thread that started them, so it must be one that stays.
    """

    def __init__(self, order: WorkerOrder) -> None:
        self._order = order

    async def setup(self, worker: Worker) -> None:
        """Start the sandbox, so that the first submission does not wait; raise where this worker is not fit."""
        self._name = f"The dask worker {worker.address}"
        self._keeper = ThreadPoolExecutor(1, "autograder")
        self._engines = Engines(lambda: self._new_engine(Path(worker.local_directory)))
        await asyncio.wrap_future(self._keeper.submit(self._engines.current))

    async def teardown(self, worker: Worker) -> None:
        """End the sandbox, and what is still being graded in it."""
        self._keeper.submit(self._engines.stop)
        await asyncio.wrap_future(self._keeper.submit(self._engines.__exit__, None, None, None))
        self._keeper.shutdown(wait=False)

    def run(self, place: int | None, parts: Mapping[str, Any]) -> Graded:
        """Grade one submission; ``parts`` are those of its job, without its checks where ``place`` tells them."""
        engine = self._keeper.submit(self._engines.current).result()
        job = Job(**parts) if place is None else Job(check_files=self._order.check_files[place], **parts)
        graded = engine.run(job)
        if not graded.complete:
            self._keeper.submit(self._engines.record_outcome, engine, graded).result()
        return graded

    def _new_engine(self, local_directory: Path) -> Engine:
        if fault := capabilities().fault(self._order.asked):
            raise MachineError(f"{self._name} {fault}")
        order = self._order
        return Engine(order.asked.tier, protected=[*order.protected, local_directory], preload=order.preload)


def grade_here(name: str, place: int | None, parts: Mapping[str, Any]) -> Graded:
    """Grade one submission with the sandbox ``name`` of this worker."""
    sandbox = get_worker().plugins[name]
    assert isinstance(sandbox, Sandbox)
    return sandbox.run(place, parts)


async def forget_leftovers(dask_scheduler: Any) -> None:
    """On the scheduler: end the sandboxes of graders that are gone and could not do it themselves."""
    for name in list(dask_scheduler.worker_plugins):
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in dask_scheduler.clients:
            await dask_scheduler.unregister_worker_plugin(None, name)


PREFIX = "autograder-"
"""How the sandboxes of a grader are called, before its client's name."""
