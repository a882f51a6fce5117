"""Run many measurements in a pool of processes, and remember them in a file, so that an interrupted run can resume."""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.course import CheckFiles
from autograder.course.check_files import FOLDER
from autograder.errors import CourseError, FileError, reading
from autograder.proving.plan import Plan, Subject
from autograder.runtime import environment, python

CACHE = ".calibration"
"""The folder of a course that stores measurements between runs. It may be deleted at any time."""

# Read when torch is imported; results must not depend on how many cores this machine has.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Measurement:
    """One run of an experiment. ``failed`` says why there are no metrics: the answer raised, or killed its process."""

    metrics: dict[str, float]
    failed: str = ""


@dataclass(frozen=True)
class MeasuringTask:
    """One run to make."""

    plan: Plan
    subject: Subject
    seed: int

    def key(self, environment: str) -> str:
        """Return the digest of everything that the result depends on."""
        subject = [self.subject.kind, self.subject.code]
        if self.subject.kind == "baseline":  # the label chooses its function; an answer's label changes nothing
            subject.append(self.subject.label)
        inputs = [self.plan.measure, self.plan.experiment.data, self.plan.experiment.dataset, subject, self.seed]
        return hashlib.sha256(json.dumps([*inputs, environment]).encode()).hexdigest()


class Process:
    """A running `measuring_process`."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            python("autograder.proving.measuring_process"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # warnings of answers; a pipe that nobody reads would fill up
            env=environment(_ONE_THREAD),
            start_new_session=True,  # Ctrl-C is for the parent; the child exits when its input closes
            text=True,
            encoding="utf-8",
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Return the reply to a request, ``{"failed": …, "ended": True}`` if the process ended; raise `CourseError`."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        try:
            self._popen.stdin.write(json.dumps(request) + "\n")
            self._popen.stdin.flush()
            line = self._popen.stdout.readline()
        except (OSError, ValueError):  # gone, or stopped by another thread
            line = ""
        if not line:
            return {"failed": f"the process ended with status {self._popen.wait()}", "ended": True}
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise CourseError(reply["error"])
        return reply

    def stop(self) -> None:
        """Kill the process."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr] # both are pipes


class Pool:
    """Up to ``jobs`` measuring processes, started on demand. Use it in a ``with`` block."""

    def __init__(self, jobs: int) -> None:
        # One entry per job, None for a process not yet started. Last in, first out: a process that has imported torch
        # and the checks is used again before another one is started.
        self._idle: queue.LifoQueue[Process | None] = queue.LifoQueue()
        self._all: set[Process] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self._folder = tempfile.TemporaryDirectory(prefix="measuring-")
        self.jobs = jobs
        for _ in range(jobs):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill all processes; requests in progress raise ``CancelledError``."""
        with self._lock:
            self._stopped = True
            while self._all:
                self._all.pop().stop()
            self._folder.cleanup()

    def install(self, files: CheckFiles) -> dict[str, Any]:
        """Write check files where the processes import them; return the fields ``folder`` and ``tests`` of a request.

        They are written once: edits to the course during the run have no effect.
        """
        folder = Path(self._folder.name, files.digest, FOLDER)
        with self._lock:
            if not folder.exists():
                files.write_to(folder)
        return {"folder": str(folder), "tests": list(files.tests)}

    def ask(self, **request: Any) -> dict[str, Any]:
        """Return an idle process's reply to a request, after waiting for one."""
        process = self._idle.get() or self._start()
        try:
            reply = process.ask(**request)
        except CourseError:  # of the experiment; the process is fine
            self._idle.put(process)
            raise
        if self._stopped:  # the process did not end by itself: `stop` killed it
            raise CancelledError
        if "ended" in reply:
            with self._lock:
                self._all.discard(process)
            process.stop()
        self._idle.put(None if "ended" in reply else process)  # None: another one is started in its place
        return reply

    def _start(self) -> Process:
        with self._lock:
            if self._stopped:
                raise CancelledError
            process = Process()
            self._all.add(process)
            return process


class Memory:
    """The measurements of an exercise in a file, one line each, appended as they are made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Measurement] = {}
        self._lock = threading.Lock()
        with reading(path):
            text = path.read_text("utf-8", "replace") if path.exists() else ""
        if text and not text.endswith("\n"):  # a run was killed while writing
            text = text[: text.rfind("\n") + 1]
            path.write_text(text, "utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            try:
                key, metrics, failed = json.loads(line)
                self._known[key] = Measurement(dict(metrics), failed)
            except (ValueError, TypeError) as error:
                raise FileError(f"{path}:{number} is damaged ({error}). Delete the file: it only saves time.") from None

    def get(self, key: str) -> Measurement | None:
        """Return an earlier measurement, or None."""
        return self._known.get(key)

    def add(self, key: str, measurement: Measurement) -> None:
        """Remember a measurement."""
        line = json.dumps([key, measurement.metrics, measurement.failed])
        with self._lock:
            self._known[key] = measurement
            self._path.parent.mkdir(exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")


def measure(
    pool: Pool, checks: CheckFiles, tasks: Iterable[MeasuringTask], memory: Memory, environment: str
) -> Iterator[tuple[MeasuringTask, Measurement]]:
    """Yield every task with its result: remembered ones first, then new ones as they complete.

    Raises `CourseError` when the code of an experiment fails, rather than an answer.
    """
    todo: dict[str, list[MeasuringTask]] = {}
    for task in tasks:
        key = task.key(environment)
        known = memory.get(key)
        if known is not None:
            yield task, known
        else:  # experiments that differ only in their metric share measurements
            todo.setdefault(key, []).append(task)

    def run(key: str) -> Measurement:
        task = todo[key][0]
        cells = [[cell.id, cell.source] for cell in task.subject.cells]
        subject = {"kind": task.subject.kind, "label": task.subject.label, "cells": cells}
        reply = pool.ask(
            do="measure", **pool.install(checks), experiment=task.plan.experiment.name, subject=subject, seed=task.seed
        )
        measurement = Measurement(reply.get("metrics", {}), reply.get("failed", ""))
        if "ended" not in reply:  # the answer may not be to blame: measure it again next time
            memory.add(key, measurement)
        return measurement

    with ThreadPoolExecutor(pool.jobs) as threads:  # threads only wait for processes
        futures = {threads.submit(run, key): key for key in todo}
        try:
            for future in as_completed(futures):
                for task in todo[futures[future]]:
                    yield task, future.result()
        except BaseException:  # Ctrl-C too: kill the processes, or leaving the `with` block would wait for them
            threads.shutdown(wait=False, cancel_futures=True)
            pool.stop()
            raise
