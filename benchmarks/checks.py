"""Measure the CPU seconds of each check on the course's solutions.

``python benchmarks/checks.py`` runs every check once in this process, with one thread, and prints the slow ones and
the sum per exercise; then it grades all solutions as one student with ``autograder grade``, sandbox, start and
gradebook included, and compares the total with the goal.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(COURSE))

from autograder.checking.runner import LocalSession, run_checks  # noqa: E402
from autograder.course import Check, Exercise, load_course  # noqa: E402
from benchmarks.grading import ENVIRONMENT, measured, run  # noqa: E402

GOAL = 60
"""CPU seconds that grading one student's exercises may take."""

SLOW = 0.1
"""A check that takes at least this many CPU seconds is listed."""


class Clock(LocalSession):
    """A session that records the CPU seconds of every check that passes."""

    def __init__(self, submission: object) -> None:
        super().__init__(submission)  # type: ignore[arg-type]
        self.seconds: dict[Check, float] = {}

    def end(self, check: Check) -> None:
        """Record the check's time; a benchmark enforces no limit."""
        self.seconds[check] = time.process_time() - self._started


def main() -> None:
    """Measure and print."""
    os.environ.update(ENVIRONMENT)
    course = load_course(COURSE)
    print(f"{'CPU seconds of the checks':60} {'CPU':>8}")
    total = 0.0
    for exercise in course.exercises:
        seconds = check_seconds(exercise)
        total += sum(seconds.values())
        print(f"{exercise.name + f', {len(seconds)} checks':60} {sum(seconds.values()):8.2f}")
        for check, cost in sorted(seconds.items(), key=lambda pair: -pair[1]):
            if cost >= SLOW:
                print(f"    {check.question + '.' + check.name:56} {cost:8.2f}")
    print(f"{'all':60} {total:8.2f}")
    whole = grade_everything([exercise.solution for exercise in course.exercises])
    met = "met" if whole <= GOAL else "NOT MET"
    print(f"\nautograder grade, one student, all exercises, start included: {whole:.1f} CPU s; at most {GOAL}: {met}")


def check_seconds(exercise: Exercise) -> dict[Check, float]:
    """Return the CPU seconds of each check, after a run of the public ones that pays for imports."""
    import torch

    from autograder.checking.execution import load_submission

    torch.set_num_threads(1)
    clock = Clock(load_submission(exercise.solution))
    checks = exercise.checks
    public = [check for check in checks if check.public]
    for chosen in (public, checks):
        run_checks(exercise.test_paths, chosen, clock, lambda *_result: None)
    missing = [check.name for check in checks if check not in clock.seconds]
    if missing:
        sys.exit(f"{exercise.name}: the solution does not pass {', '.join(missing)}.")
    return clock.seconds


def grade_everything(solutions: list[Path]) -> float:
    """Return the CPU seconds of grading the solutions as one student's submissions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for solution in solutions:
            target = folder / "submitted" / "reference" / solution.stem
            target.mkdir(parents=True)
            shutil.copy(solution, target)
        places = ["--output", str(folder / "graded"), "--gradebook", f"sqlite:///{folder / 'gradebook.db'}"]
        arguments = [str(folder / "submitted"), *places, "--course", str(COURSE)]
        return measured(lambda: run("autograder", "grade", *arguments, folder=folder)).cpu


if __name__ == "__main__":
    main()
