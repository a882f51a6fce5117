"""Grade on a dask cluster, each of whose workers keeps one sandbox.

`Cluster` has the interface of an `Engine`, so everything else is as on one machine: what runs, how results are
combined, and that a death costs one retry. Tasks carry jobs (cells, and which checks to run) to the workers and return
their outcomes; check files go to each worker once.

Anyone who can reach a dask scheduler can run any code on its workers. Student code never learns the address: it runs in
the worker's sandbox, which starts with an empty environment and a single socket. Tiers in which it could use the
network are always refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from autograder.course import Exercise
from autograder.errors import MachineError, MissingPackage
from autograder.grading.one_submission import environment
from autograder.sandbox import dependencies
from autograder.sandbox.blame import Reference
from autograder.sandbox.isolation.tiers import TIERS
from autograder.sandbox.protocol.messages import Graded, Job

if TYPE_CHECKING:
    from distributed import Client

    from autograder.grading.dask_worker import Capabilities

CONNECT_TIMEOUT_S = 60.0
"""How long to wait for a scheduler, and then for its first worker."""


@dataclass(frozen=True)
class ClusterSurvey:
    """What a cluster offers: the tier of its weakest worker, and how many submissions it grades at a time."""

    tier: str
    threads: int


def survey(address: str) -> ClusterSurvey:
    """Ask all workers of a scheduler; raise `MachineError` if the results of one could differ from those here."""
    with _connected(address) as client:
        from autograder.grading.dask_worker import capabilities

        # Errors are returned, not raised, so that `common_tier` can name the worker.
        tier = common_tier(client.run(capabilities, on_error="return"), environment())
        return ClusterSurvey(tier, sum(client.nthreads().values()))


def common_tier(offers: Mapping[str, Capabilities | Exception], here: str) -> str:
    """Return the tier of the weakest worker, given the environment of this machine."""
    from autograder.grading.dask_worker import Capabilities

    tiers = set()
    for address, offered in sorted(offers.items()):
        if isinstance(offered, Exception):
            raise MachineError(
                f"The dask worker {address} cannot grade ({type(offered).__name__}: {offered}). Install the same "
                "version of medical-image-autograder[staff,cluster] there as here."
            )
        # Any isolating tier is accepted here; the run then uses that of the weakest worker.
        if fault := offered.fault(Capabilities(TIERS[-1], here)):
            raise MachineError(f"The dask worker {address} {fault}")
        tiers.add(offered.tier)
    return max(tiers, key=TIERS.index)  # A comes first, so the largest index is the weakest


class Cluster:
    """The workers of a dask scheduler, as a context manager; `run` may be called from many threads at once.

    ``address`` is that of a scheduler, or the path of the file that it wrote (``--scheduler-file``).
    """

    def __init__(
        self, address: str, tier: str, exercises: Iterable[Exercise], *, protected: Iterable[Path] = (),
        preload: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.tier = tier
        self._address = address
        self._check_files = tuple(exercise.check_files for exercise in exercises)
        # Jobs refer to check files by their index, so that these travel once.
        self._places = {files: place for place, files in enumerate(self._check_files)}
        self._protected = tuple(path.resolve() for path in protected)
        self._preload = tuple(preload)
        self._resources = contextlib.ExitStack()
        self._client: Client | None = None
        self._name = ""
        self._lost = False
        self._reference = Reference(self._run)

    def __enter__(self) -> Self:
        self._client = self._resources.enter_context(_connected(self._address))
        try:
            self._start_sandboxes(self._client)
        except BaseException:
            self._resources.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def run(self, job: Job) -> Graded:
        """Grade one submission; not complete if the cluster was lost, or if several workers died of this job."""
        # What depends on the solution is decided here: it would travel with each job.
        graded = self._run(job)
        if graded.complete:
            self._reference.settle(graded, job)
            dependencies.settle(graded, job, self._run)
        return graded

    def _run(self, job: Job) -> Graded:
        from distributed import CancelledError, KilledWorker
        from distributed.comm import CommClosedError

        from autograder.grading.dask_worker import grade_here

        assert self._client is not None, "use the cluster as a context manager"
        place = self._places.get(job.check_files)
        values = {field.name: getattr(job, field.name) for field in fields(job)}
        del values["reference"], values["uses"]
        if place is not None:  # the workers have these files already; those of an older release are sent with each job
            del values["check_files"]
        try:
            # pure=False: otherwise dask would answer equal jobs of two students with one task.
            future = self._client.submit(grade_here, self._name, place, values, pure=False)
            graded: Graded = future.result()
        except KilledWorker:  # dask gives a task up after distributed.scheduler.allowed-failures deaths
            return Graded()
        # The scheduler is gone, and with it every job: `Engines` will connect again.
        except (CancelledError, CommClosedError, OSError):
            self._lost = True
            return Graded()
        return graded

    def has_ended(self) -> bool:
        """Whether the connection to the scheduler is lost, and with it all submitted jobs."""
        return self._lost or self._client is None or self._client.status != "running"

    def stop(self) -> None:
        """Stop the sandboxes on the workers and disconnect; the cluster itself keeps running."""
        client, self._client = self._client, None
        if client is not None and not self._lost and client.status == "running":  # a lost one cannot answer
            with contextlib.suppress(Exception):  # if the cluster is gone by now, so are its sandboxes
                client.unregister_worker_plugin(self._name)
        self._lost = True
        self._resources.close()

    def _start_sandboxes(self, client: Client) -> None:
        """Start one sandbox in each worker, those that join later included."""
        from autograder.grading.dask_worker import PREFIX, Capabilities, Sandbox, WorkerOrder, remove_leftovers

        client.run_on_scheduler(remove_leftovers)  # first: those of a killed grader hold memory and cores
        self._name = PREFIX + client.id
        order = WorkerOrder(Capabilities(self.tier, environment()), self._protected, self._preload, self._check_files)
        client.register_plugin(Sandbox(order), name=self._name)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler and wait until it has a worker; raise `MachineError` if that takes too long."""
    try:
        from distributed import Client
    except ImportError:
        raise MissingPackage(
            'Grading on a cluster needs dask, here and on its workers: pip install "medical-image-autograder[cluster]"'
        ) from None
    target = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    try:
        client = Client(**target, timeout=CONNECT_TIMEOUT_S, set_as_default=False, name="autograder")
    except (OSError, ValueError) as error:
        raise MachineError(
            f"No dask scheduler answers at {address} ({error}). Start one (docs/scale.md), then repeat the command."
        ) from None
    try:
        _wait_for_a_worker(client, address)
        yield client
    finally:
        with contextlib.suppress(Exception):  # a scheduler that is gone cannot confirm this
            client.close(timeout=2)


def _wait_for_a_worker(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_TIMEOUT_S)
    except TimeoutError:
        raise MachineError(
            f"The dask scheduler at {address} has no workers. Start some (docs/scale.md), then repeat the command."
        ) from None
