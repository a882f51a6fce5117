"""One sandbox for all that this process grades: nbgrader grades one submission after the other, each by itself."""

from __future__ import annotations

import atexit
from pathlib import Path
from types import TracebackType
from typing import Self

from autograder.course import Course, Exercise
from autograder.grading.preload import modules_to_preload
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.job import Job

_Key = tuple[Path, str, str]


class Lent:
    """A sandbox that goes on after the run of grading that uses it. See `autograder.grading.local.Runner`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it running."""

    def run(self, job: Job) -> Graded:
        """Grade one submission."""
        return self._engine.run(job)

    def has_ended(self) -> bool:
        """Whether it can run no more."""
        return self._engine.has_ended()

    def stop(self) -> None:
        """End it at once; the next one that is lent is new."""
        self._engine.stop()


class KeptSandbox:
    """The sandbox of this process: started when first used, and again for another exercise or where it has ended."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._key: _Key | None = None

    def lend(self, course: Course, exercise: Exercise, tier: str) -> Lent:
        """Return the running sandbox for an exercise; raises `MachineError` where none can be started."""
        key = (course.root, exercise.name, tier)
        if self._engine is None or key != self._key or self._engine.has_ended(within_s=0):
            self.close()
            engine = Engine(tier, protected=[course.root], preload=modules_to_preload([exercise]))
            self._engine, self._key = engine.__enter__(), key
        return Lent(self._engine)

    def close(self) -> None:
        """End the sandbox and remove its folders."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.__exit__(None, None, None)


SANDBOX = KeptSandbox()
atexit.register(SANDBOX.close)
