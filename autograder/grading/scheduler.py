"""Run jobs on all cores of this machine, even if processes of the grader die.

A sandbox that dies takes all the submissions with it that it was grading. They are graded again at the end, one at a
time, so that a submission which kills the sandbox every time affects no other; what fails then is a grader error.

This module also chooses the modules that a zygote imports before it forks.
"""

from __future__ import annotations

import ast
import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Protocol, Self, TypeVar

from autograder.course import Exercise
from autograder.course.check_files import parsed
from autograder.errors import MachineError
from autograder.sandbox.engine import Engine
from autograder.sandbox.processes.zygote import COMPILER
from autograder.sandbox.protocol.messages import Graded, Job

MAX_DEATHS = 8
"""How many sandboxes in a row may die without grading anything before the run is given up."""

Task = TypeVar("Task")


class Runner(Protocol):
    """Runs jobs: an `Engine` on this machine, or a cluster of them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, job: Job) -> Graded:
        """Grade one submission; the result is not ``complete`` if the runner ended first."""

    def has_ended(self) -> bool:
        """Whether this runner can run no more jobs."""

    def stop(self) -> None:
        """Stop everything at once."""


class Shared:
    """A running sandbox that a grading run can use but not close."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the sandbox running."""

    def run(self, job: Job, notify: Callable[[Graded], None] = lambda graded: None) -> Graded:
        """Grade one submission as `Engine.run` does."""
        return self._engine.run(job, notify)

    def has_ended(self) -> bool:
        """Whether the sandbox has ended."""
        return self._engine.has_ended()

    def stop(self) -> None:
        """Kill the sandbox."""
        self._engine.stop()


def run_jobs(
    tasks: Iterable[tuple[Task, Job]], engine_for: Callable[[], Runner], jobs: int | None = None
) -> Generator[tuple[Task, Graded], None, None]:
    """Yield each task with the outcome of its job, as soon as that is ready.

    ``tasks`` is read as the work proceeds, so that a class of thousands is not held in memory. Without a task, no
    sandbox is started. Closing the iterator stops everything at once. Raises `MachineError` if the sandbox keeps dying.
    """
    size = jobs or os.cpu_count() or 1
    waiting = iter(tasks)
    first = next(waiting, None)
    if first is None:
        return
    interrupted: list[tuple[Task, Job]] = []
    # In this order: threads of the pool use the engine until the pool has been left.
    with Engines(engine_for) as engines, ThreadPoolExecutor(size) as pool:
        try:
            # Twice as many jobs as threads are submitted, so that a thread never waits for the next one to be read.
            for task, job, graded in _run_in_parallel(itertools.chain([first], waiting), engines, pool, 2 * size):
                if graded.conclusive:
                    yield task, graded
                else:
                    interrupted.append((task, job))
            for task, job in interrupted:
                yield task, engines.run_alone(job)
        except BaseException:  # also GeneratorExit, when the iterator is closed
            engines.stop()  # otherwise leaving the pool would wait for every job that is still running
            raise


def _run_in_parallel(
    tasks: Iterable[tuple[Task, Job]], engines: Engines, pool: ThreadPoolExecutor, at_once: int
) -> Iterator[tuple[Task, Job, Graded]]:
    """Run up to ``at_once`` jobs at a time. Threads only wait; the engine's processes do the work."""
    waiting = iter(tasks)
    running: dict[Future[Graded], tuple[Task, Job, Runner]] = {}
    while True:
        # Engines are started here, not in the pool: a sandbox ends with the thread that started it.
        for task, job in itertools.islice(waiting, at_once - len(running)):
            engine = engines.current()
            running[pool.submit(engine.run, job)] = task, job, engine
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task, job, engine = running.pop(future)
            graded = future.result()
            engines.record_outcome(engine, graded)
            yield task, job, graded


class Engines:
    """The running engine; if it has ended, a new one replaces it. To be used by one thread only."""

    def __init__(self, engine_for: Callable[[], Runner]) -> None:
        self._engine_for = engine_for
        self._engine: Runner | None = None
        self._deaths = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            self._engine.__exit__(kind, error, trace)

    def current(self) -> Runner:
        """Return a running engine."""
        if self._engine is None:
            if self._deaths >= MAX_DEATHS:
                raise MachineError(
                    f"The sandbox was killed {self._deaths} times in a row, perhaps for lack of memory: see the "
                    "system's log. Results so far are stored; fix the cause, then repeat the same command."
                )
            self._engine = self._engine_for().__enter__()
        return self._engine

    def run_alone(self, job: Job) -> Graded:
        """Run a job while no other one runs."""
        self._deaths = 0  # each of these jobs has one attempt, which bounds the number of sandboxes
        engine = self.current()
        graded = engine.run(job)
        self.record_outcome(engine, graded)
        return graded

    def record_outcome(self, engine: Runner, graded: Graded) -> None:
        """Drop the engine if a job shows that it has ended; count how many ended without grading anything."""
        if graded.complete:
            self._deaths = 0
        # All jobs of a dead engine come back, but only the first is to count: then it is not the current one any more.
        elif engine is self._engine and engine.has_ended():
            self._deaths += 1
            self._engine = None
            engine.stop()  # whatever of it still runs
            engine.__exit__(None, None, None)

    def stop(self) -> None:
        """Stop everything at once."""
        if self._engine is not None:
            self._engine.stop()


# --- Modules that a zygote imports --------------------------------------------------------------------------------
NOTEBOOK = "autograder.integrations.notebook"
"""The module that every student's notebook imports, for `check` and `hint`."""


def modules_to_preload(exercises: Iterable[Exercise]) -> list[str]:
    """Return the modules that the solutions' graded cells and the checks import, sorted.

    Illustrations are comments in a solution, so their imports are not included.
    """
    sources: dict[str, bytes] = {}
    for exercise in exercises:
        sources[f"solutions/{exercise.name}.py"] = exercise.source.encode()
        checks = ((name, content) for name, content in exercise.check_files.files if name.endswith(".py"))
        sources |= {f"tests/checks/{name}": content for name, content in checks}
    return modules_used_by(sources)


def modules_used_by(sources: Mapping[str, bytes]) -> list[str]:
    """Return the modules that code imports, and those that training needs, sorted; ``sources`` are texts by path."""
    found = {"torch", "numpy"}
    for where, source in sources.items():
        tree = parsed(source, where)
        found |= _imports(tree)
        if any(isinstance(node, ast.Attribute) and node.attr == "optim" for node in ast.walk(tree)):
            found.add(COMPILER)  # the first optimizer of a process imports it
    return sorted([NOTEBOOK, *(name for name in found if not name.startswith("autograder"))])


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module != "__future__":
            names.add(node.module)
    return names


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    # Not `ast.walk`: it visits expressions too, ten times as many nodes.
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, name, ()):
            if isinstance(node, ast.stmt):
                yield node
            yield from _statements(node)
