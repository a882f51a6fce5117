"""Run jobs on all cores of this machine, whatever becomes of the processes that do it.

A process of the grader that dies takes the submissions with it that were being graded. They are graded again at the
end, each alone, so that one which ends the grader every time spoils no other; what then fails is the grader's fault.

Which modules a zygote imports before it forks: those that the course's answers and checks import.
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
from autograder.sandbox.engine import Graded
from autograder.sandbox.processes.zygote import COMPILER
from autograder.sandbox.protocol.messages import Job

MAX_DEATHS = 8
"""How many sandboxes in a row may end without having graded anything, before a person has to look."""

Task = TypeVar("Task")


class Runner(Protocol):
    """What carries out jobs: an `Engine` of this machine, or a cluster of them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, job: Job) -> Graded:
        """Grade one submission; it is not ``complete`` where this ended before."""

    def has_ended(self) -> bool:
        """Whether this can run no more."""

    def stop(self) -> None:
        """End everything at once."""


def run_jobs(
    tasks: Iterable[tuple[Task, Job]], engine_for: Callable[[], Runner], jobs: int | None = None
) -> Generator[tuple[Task, Graded], None, None]:
    """Yield each task with what came of its job, as they are ready.

    ``tasks`` is read as the work proceeds: a class of thousands is not held in memory. For no task nothing is
    started. Closing the iterator ends everything at once. Raises `MachineError` where no sandbox can be kept running.
    """
    size = jobs or os.cpu_count() or 1
    waiting = iter(tasks)
    first = next(waiting, None)
    if first is None:
        return
    again: list[tuple[Task, Job]] = []
    with Engines(engine_for) as engines, ThreadPoolExecutor(size) as pool:
        try:
            for task, job, graded in _together(itertools.chain([first], waiting), engines, pool, 2 * size):
                if graded.conclusive:
                    yield task, graded
                else:
                    again.append((task, job))
            for task, job in again:
                yield task, engines.run_alone(job)
        except BaseException:
            engines.stop()  # an interrupted run does not wait for what is still being graded
            raise


def _together(
    tasks: Iterable[tuple[Task, Job]], engines: Engines, pool: ThreadPoolExecutor, at_once: int
) -> Iterator[tuple[Task, Job, Graded]]:
    """Run jobs side by side. Threads only wait: the work is done by the engine's processes."""
    waiting = iter(tasks)
    running: dict[Future[Graded], tuple[Task, Job, Runner]] = {}
    while True:
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
    """The engine that is running now; when it has ended, another one. For one thread."""

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
                    f"The sandbox was ended from outside {self._deaths} times in a row. Look at the system's log for "
                    "what ends it (too little memory?). What was graded is kept; then repeat the same command."
                )
            self._engine = self._engine_for().__enter__()
        return self._engine

    def run_alone(self, job: Job) -> Graded:
        """Run a job when no other runs."""
        self._deaths = 0  # each of these has one try: that is bound enough
        engine = self.current()
        graded = engine.run(job)
        self.record_outcome(engine, graded)
        return graded

    def record_outcome(self, engine: Runner, graded: Graded) -> None:
        """Let an engine go that has ended, as what it brought back shows."""
        if graded.complete:
            self._deaths = 0
        elif engine is self._engine and engine.has_ended():
            self._deaths += 1
            self._engine = None
            engine.stop()
            engine.__exit__(None, None, None)

    def stop(self) -> None:
        """End everything at once."""
        if self._engine is not None:
            self._engine.stop()


# --- What a zygote imports ----------------------------------------------------------------------------------------

NOTEBOOK = "autograder.integrations.notebook"
"""What every notebook of students imports: `check` and `hint`, and with them what checks need."""


def modules_to_preload(exercises: Iterable[Exercise]) -> list[str]:
    """Return the modules that graded cells of the solutions and the checks import, sorted.

    Cells that only illustrate are comments in a module, so what they import is not among them.
    """
    sources: dict[str, bytes] = {}
    for exercise in exercises:
        sources[f"solutions/{exercise.name}.py"] = exercise.source.encode()
        checks = ((name, content) for name, content in exercise.check_files.files if name.endswith(".py"))
        sources |= {f"tests/checks/{name}": content for name, content in checks}
    return modules_used_by(sources)


def modules_used_by(sources: Mapping[str, bytes]) -> list[str]:
    """Return the modules that code imports, or needs where it trains, sorted; ``sources`` are texts by their place."""
    found = {"torch", "numpy"}
    for where, source in sources.items():
        tree = parsed(source, where)
        found |= _imports(tree)
        if any(isinstance(node, ast.Attribute) and node.attr == "optim" for node in ast.walk(tree)):
            found.add(COMPILER)
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
    """Yield every statement in a tree, without a look at the expressions: a tenth of what `ast.walk` visits."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, name, ()):
            if isinstance(node, ast.stmt):
                yield node
            yield from _statements(node)
