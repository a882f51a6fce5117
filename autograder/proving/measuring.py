"""Measure many times: processes that do it, and a file that remembers, so that an interrupted run goes on."""

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
from autograder.runtime.subprocesses import environment, python

CACHE = ".calibration"
"""The folder of a course in which measurements are kept between runs. It may be deleted at any time."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Measurement:
    """One run of an experiment. ``failed`` says why there are no metrics: the answer raised, or ended its process."""

    metrics: dict[str, float]
    failed: str = ""


@dataclass(frozen=True)
class MeasuringTask:
    """A run that is to be made."""

    plan: Plan
    subject: Subject
    seed: int

    def key(self, environment: str) -> str:
        """Return what identifies the result: everything that it depends on."""
        subject = [self.subject.kind, self.subject.code]
        if self.subject.kind == "baseline":
            subject.append(self.subject.label)
        what = [self.plan.measure, self.plan.experiment.data, self.plan.experiment.dataset, subject, self.seed]
        return hashlib.sha256(json.dumps([*what, environment]).encode()).hexdigest()


class Process:
    """A running `measurer`."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            python("autograder.proving.measuring_process"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(_ONE_THREAD),
            start_new_session=True,  # an interrupt at the keyboard is for us; this one then ends with its input
            text=True,
            encoding="utf-8",
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Return the reply to a request; ``{"failed": …}`` when the process ended instead of replying."""
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
        """End the process, whatever it does."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr] # both are pipes


class Pool:
    """Measuring processes, as many as ``jobs``, started when they are needed. Use it in a ``with`` block."""

    def __init__(self, jobs: int) -> None:
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
        """End all processes, also those at work, whose requests are cancelled."""
        with self._lock:
            self._stopped = True
            while self._all:
                self._all.pop().stop()
            self._folder.cleanup()

    def laid_down(self, files: CheckFiles) -> dict[str, Any]:
        """Write files of checks where the processes import them, once; return where: an edit meanwhile changes nothing.

        These are the fields ``folder`` and ``tests`` of a request.
        """
        folder = Path(self._folder.name, files.digest, FOLDER)
        with self._lock:
            if not folder.exists():
                files.write_to(folder)
        return {"folder": str(folder), "tests": list(files.tests)}

    def ask(self, **request: Any) -> dict[str, Any]:
        """Have a request answered by a process that has nothing else to do."""
        process = self._idle.get() or self._start()
        try:
            reply = process.ask(**request)
        except CourseError:
            self._idle.put(process)
            raise
        if self._stopped:
            raise CancelledError
        if "ended" in reply:
            with self._lock:
                self._all.discard(process)
            process.stop()
        self._idle.put(None if "ended" in reply else process)
        return reply

    def _start(self) -> Process:
        with self._lock:
            if self._stopped:
                raise CancelledError
            process = Process()
            self._all.add(process)
            return process


class Memory:
    """Measurements of an exercise, kept in a file: a line each, added when it is made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Measurement] = {}
        self._lock = threading.Lock()
        with reading(path):
            text = path.read_text("utf-8", "replace") if path.exists() else ""
        if text and not text.endswith("\n"):  # a run was killed while it wrote
            text = text[: text.rfind("\n") + 1]
            path.write_text(text, "utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            try:
                key, metrics, failed = json.loads(line)
                self._known[key] = Measurement(dict(metrics), failed)
            except (ValueError, TypeError) as error:
                raise FileError(f"{path}:{number} is damaged ({error}). Delete the file: it only saves time.") from None

    def get(self, key: str) -> Measurement | None:
        """Return what was measured before."""
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
    """Yield every task with its result, those that are remembered first, then each as it is made.

    Raises `CourseError` when a measurement itself breaks.
    """
    todo: dict[str, list[MeasuringTask]] = {}
    for task in tasks:
        key = task.key(environment)
        known = memory.get(key)
        if known is not None:
            yield task, known
        else:  # experiments that differ in the metric only share their measurements
            todo.setdefault(key, []).append(task)

    def run(key: str) -> Measurement:
        task = todo[key][0]
        cells = [[cell.id, cell.source] for cell in task.subject.cells]
        subject = {"kind": task.subject.kind, "label": task.subject.label, "cells": cells}
        reply = pool.ask(
            do="measure",
            **pool.laid_down(checks),
            experiment=task.plan.experiment.name,
            subject=subject,
            seed=task.seed,
        )
        measurement = Measurement(reply.get("metrics", {}), reply.get("failed", ""))
        if "ended" not in reply:  # perhaps it was not the answer that ended it
            memory.add(key, measurement)
        return measurement

    with ThreadPoolExecutor(pool.jobs) as threads:
        futures = {threads.submit(run, key): key for key in todo}
        try:
            for future in as_completed(futures):
                for task in todo[futures[future]]:
                    yield task, future.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            pool.stop()
            raise
