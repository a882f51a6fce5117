"""Grade beyond one machine: on a dask cluster, each of whose workers keeps one sandbox.

`Cluster` has the shape of an `Engine`, so that everything else is as on one machine: what is run, how results are put
together, and that whatever dies costs a retry. Tasks carry jobs (cells, and which checks to run on them) to the
workers and bring back what became of them; files of checks go to each worker once.

Whoever reaches a scheduler can run anything on its workers. Student code never learns the address: it lives in the
worker's sandbox, which starts with an empty environment and one socket of its own. Tiers that leave the network open
to it are refused here, whatever else is allowed.
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
from autograder.sandbox.engine import Graded
from autograder.sandbox.isolation.tiers import TIERS
from autograder.sandbox.protocol.messages import Job

if TYPE_CHECKING:
    from distributed import Client

    from autograder.grading.dask_worker import Capabilities

CONNECT_TIMEOUT_S = 60.0
"""How long a scheduler, and a first worker of it, are waited for: after a restart, too."""


@dataclass(frozen=True)
class ClusterSurvey:
    """What the workers of a cluster offer together: the tier of the weakest, and how many submissions at once."""

    tier: str
    threads: int


def survey(address: str) -> ClusterSurvey:
    """Ask all workers of a scheduler; raise `MachineError` where one could give another result than here."""
    with _connected(address) as client:
        from autograder.grading.dask_worker import capabilities

        tier = common_tier(client.run(capabilities, on_error="return"), environment())
        return ClusterSurvey(tier, sum(client.nthreads().values()))


def common_tier(offers: Mapping[str, Capabilities | Exception], here: str) -> str:
    """Return the tier of the weakest worker, given the environment of this machine."""
    from autograder.grading.dask_worker import Capabilities

    tiers = set()
    for address, offered in sorted(offers.items()):
        if isinstance(offered, Exception):
            raise MachineError(
                f"The dask worker {address} cannot grade ({type(offered).__name__}: {offered}). Install "
                "medical-image-autograder[staff,cluster] there, in the same version as here."
            )
        if fault := offered.fault(Capabilities(TIERS[-1], here)):
            raise MachineError(f"The dask worker {address} {fault}")
        tiers.add(offered.tier)
    return max(tiers, key=TIERS.index)


class Cluster:
    """The workers of a dask scheduler, as a context manager; `run` may be called from many threads at once.

    ``address`` is that of a scheduler, or the path of the file that one wrote (``--scheduler-file``).
    """

    def __init__(
        self, address: str, tier: str, exercises: Iterable[Exercise], *, protected: Iterable[Path] = (),
        preload: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.tier = tier
        self._address = address
        self._check_files = tuple(exercise.check_files for exercise in exercises)
        self._places = {files: place for place, files in enumerate(self._check_files)}
        self._protected = tuple(path.resolve() for path in protected)
        self._preload = tuple(preload)
        self._resources = contextlib.ExitStack()
        self._client: Client | None = None
        self._name = ""
        self._lost = False

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
        """Grade one submission; not complete where the cluster was lost, or workers died of it again and again."""
        from distributed import CancelledError, KilledWorker
        from distributed.comm import CommClosedError

        from autograder.grading.dask_worker import grade_here

        assert self._client is not None, "use the cluster as a context manager"
        place = self._places.get(job.check_files)
        parts = {part.name: getattr(job, part.name) for part in fields(job)}
        if place is not None:  # the workers have these files; those of an older release travel with each job
            del parts["check_files"]
        try:
            future = self._client.submit(grade_here, self._name, place, parts, pure=False)
            graded: Graded = future.result()
        except KilledWorker:
            return Graded()
        except (CancelledError, CommClosedError, OSError):
            self._lost = True
            return Graded()
        return graded

    def has_ended(self) -> bool:
        """Whether the scheduler is gone, and with it what it was told."""
        return self._lost or self._client is None or self._client.status != "running"

    def stop(self) -> None:
        """End the sandboxes on the workers, and let go of the cluster; it lives on."""
        client, self._client = self._client, None
        if client is not None and not self._lost and client.status == "running":
            with contextlib.suppress(Exception):  # what is gone by now need not be ended
                client.unregister_worker_plugin(self._name)
        self._lost = True
        self._resources.close()

    def _start_sandboxes(self, client: Client) -> None:
        """Start one in each worker, now and later."""
        from autograder.grading.dask_worker import PREFIX, Capabilities, Sandbox, WorkerOrder, forget_leftovers

        client.run_on_scheduler(forget_leftovers)
        self._name = PREFIX + client.id
        order = WorkerOrder(Capabilities(self.tier, environment()), self._protected, self._preload, self._check_files)
        client.register_plugin(Sandbox(order), name=self._name)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler that has workers."""
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
            f"No dask scheduler answers at {address} ({error}). Start it (docs/scale.md), then repeat the command."
        ) from None
    try:
        _wait_for_a_worker(client, address)
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=2)


def _wait_for_a_worker(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_TIMEOUT_S)
    except TimeoutError:
        raise MachineError(
            f"The dask scheduler at {address} has no workers. Start some (docs/scale.md), then repeat the command."
        ) from None
