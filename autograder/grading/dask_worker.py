"""The code that runs on a dask worker: one sandbox, kept for as long as a grader uses the worker."""

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
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, TIERS, best_tier
from autograder.sandbox.protocol.messages import Graded, Job


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of a worker, or those that a run requires."""

    tier: str
    environment: str

    def fault(self, required: Capabilities) -> str:
        """Return why this worker does not meet the requirements, as a clause after its name; empty if it does."""
        if self.tier not in ISOLATING_TIERS:
            return (
                f"only offers sandbox tier {self.tier}, in which student code could reach the network, and so the "
                "scheduler. Run `autograder doctor` there."
            )
        if TIERS.index(self.tier) > TIERS.index(required.tier):
            return (
                f"offers sandbox tier {self.tier}, but this run uses tier {required.tier}. Stop that worker, or start "
                "the run again."
            )
        if self.environment != required.environment:
            return (
                f"has another environment, so its results could differ. It has {self.environment}; the grader has "
                f"{required.environment}. Install the same versions there."
            )
        return ""


def capabilities() -> Capabilities:
    """Return the capabilities of this worker."""
    return Capabilities(best_tier(), environment())


@dataclass(frozen=True)
class WorkerOrder:
    """What a worker must know besides each job. ``protected`` and ``preload`` are those of `Engine`."""

    required: Capabilities
    protected: tuple[Path, ...]
    preload: tuple[str, ...]
    check_files: tuple[CheckFiles, ...]


class Sandbox(WorkerPlugin):  # type: ignore[misc, unused-ignore]
    """The sandbox of a worker; the scheduler also sends this plugin to workers that join later."""

    def __init__(self, order: WorkerOrder) -> None:
        self._order = order

    async def setup(self, worker: Worker) -> None:
        """Start the sandbox, so that the first submission need not wait; raise `MachineError` if this worker cannot."""
        self._name = f"The dask worker {worker.address}"
        # Sandboxes end with the thread that started them, so one thread starts them all and stays.
        self._keeper = ThreadPoolExecutor(1, "autograder")
        self._engines = Engines(lambda: self._new_engine(Path(worker.local_directory)))
        # Not `result()`: the worker's event loop must go on answering the scheduler.
        await asyncio.wrap_future(self._keeper.submit(self._engines.current))

    async def teardown(self, worker: Worker) -> None:
        """Stop the sandbox and everything that is still being graded in it."""
        self._keeper.submit(self._engines.stop)
        await asyncio.wrap_future(self._keeper.submit(self._engines.__exit__, None, None, None))
        self._keeper.shutdown(wait=False)  # its work is done: waiting could only block the event loop

    def run(self, place: int | None, values: Mapping[str, Any]) -> Graded:
        """Grade one submission; ``values`` are the fields of its job, ``place`` is the index of known check files."""
        engine = self._keeper.submit(self._engines.current).result()
        job = Job(**values) if place is None else Job(check_files=self._order.check_files[place], **values)
        graded = engine.run(job)
        # Successes too: only deaths in a row mean that this worker cannot grade.
        self._keeper.submit(self._engines.record_outcome, engine, graded).result()
        return graded

    def _new_engine(self, local_directory: Path) -> Engine:
        if fault := capabilities().fault(self._order.required):
            raise MachineError(f"{self._name} {fault}")
        # dask's own folder is protected as well: student code must not see its files.
        order = self._order
        return Engine(order.required.tier, protected=[*order.protected, local_directory], preload=order.preload)


def grade_here(name: str, place: int | None, values: Mapping[str, Any]) -> Graded:
    """Grade one submission with the sandbox ``name`` of this worker."""
    sandbox = get_worker().plugins[name]
    assert isinstance(sandbox, Sandbox)
    return sandbox.run(place, values)


async def remove_leftovers(dask_scheduler: Any) -> None:
    """Stop the sandboxes of graders that were killed before they could do it; runs on the scheduler."""
    for name in list(dask_scheduler.worker_plugins):  # a list, because unregistering changes the dict
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in dask_scheduler.clients:
            await dask_scheduler.unregister_worker_plugin(None, name)


PREFIX = "autograder-"
"""The plugin names of a grader's sandboxes begin with this; the client's id follows."""
