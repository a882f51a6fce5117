"""Measure what it costs to grade a class of 1 000 small synthetic submissions, and to grade it again unchanged.

``python benchmarks/class_of_1000.py`` prints throughput, the CPU time per submission besides its own computation, the
memory of the grader's process for a tenth of the class and for all of it, the peak of all processes together, and the
time to find that nothing changed. Then it grades twelve submissions of the course with nbgrader and the autograder, as
`benchmarks/grading.py` does.

The answers are those of the tests' tiny course. They compute next to nothing, so the grader itself is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import grading

from autograder.checking.execution import CellRunner
from autograder.checking.runner import LocalSession, run_checks
from autograder.course import load_course
from autograder.submissions.read import read_cells

TINY_COURSE = Path(__file__).resolve().parents[1] / "tests" / "tiny_course"
EXERCISE = "greetings"
AGAIN_S = 5.0
"""The goal for grading an unchanged class, in seconds of wall time."""
OVERHEAD_S = 0.25
"""The goal per submission besides its own computation, in CPU seconds."""
PERIOD_S = 0.5


@dataclass
class Measured:
    """One run of ``autograder grade``: times in seconds, memory in MiB."""

    cpu: float
    wall: float
    own_mib: float = 0.0
    all_mib: float = 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=1000, help="how many to grade (default: 1000)")
    parser.add_argument(
        "--ratios", type=int, default=12, metavar="N", help="how many submissions to compare on; 0 for no comparison"
    )
    parser.add_argument("--otter", type=Path, metavar="PYTHON", help=grading.OTTER_HELP)
    options = parser.parse_args()
    os.environ.update(grading.ENVIRONMENT)
    count, few = options.submissions, max(options.submissions // 10, 1)
    with tempfile.TemporaryDirectory() as folder:
        course = Path(shutil.copytree(TINY_COURSE, Path(folder, "course")))
        hand_in(course, Path(folder, "few"), few)
        hand_in(course, Path(folder, "class"), count)
        grade(course, Path(folder, "few"), gradebook=Path(folder, "gradebook.db"))  # makes the gradebook
        (Path(folder) / "gradebook.db").unlink()
        shutil.rmtree(Path(folder, "few", "graded"))
        small = grade(course, Path(folder, "few"), gradebook=None)
        whole = grade(course, Path(folder, "class"), gradebook=None)
        written = grade(course, Path(folder, "class"), gradebook=Path(folder, "gradebook.db"))
        again = grade(course, Path(folder, "class"), gradebook=Path(folder, "gradebook.db"))
        own = student_seconds(course, Path(folder, "class"))
    report(count, few, small, whole, written, again, own)
    if options.ratios:
        print("\n--- the same submissions with other graders and with the autograder ---\n", flush=True)
        grading.compare(options.ratios, options.otter)


def hand_in(course: Path, folder: Path, count: int) -> None:
    """Write notebooks that differ from each other, right and wrong ones alternating."""
    cells = [cell.source for cell in read_cells(course / "solutions" / f"{EXERCISE}.py") if not cell.is_illustration]
    for number in range(count):
        sources = [*cells, f"my_number = {number}"]
        if number % 2:
            sources = [source.replace("raise ValueError", "print") for source in sources]
        path = folder / "submitted" / f"student-{number:05}" / EXERCISE / f"{EXERCISE}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook(sources)))


def notebook(sources: list[str]) -> dict[str, object]:
    """Return a notebook with these cells."""
    cells = [
        {"cell_type": "code", "execution_count": None, "id": f"c{place}", "metadata": {}, "outputs": [], "source": each}
        for place, each in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def grade(course: Path, folder: Path, gradebook: Path | None) -> Measured:
    """Run ``autograder grade`` and watch its memory."""
    places = ["--course", str(course), "--output", str(folder / "graded")]
    url = f"sqlite:///{gradebook}" if gradebook else "none"
    command = [str(grading.BIN / "autograder"), "grade", str(folder / "submitted"), *places, "--gradebook", url]
    measured = Measured(0.0, time.perf_counter())
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=grading.ENVIRONMENT)
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        look(process.pid, measured)
        time.sleep(PERIOD_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"autograder grade failed:\n{(folder / 'said.txt').read_text()[-3000:]}")
    measured.cpu = usage.ru_utime + usage.ru_stime
    measured.wall = time.perf_counter() - measured.wall
    return measured


def look(pid: int, measured: Measured) -> None:
    """Record the peak memory of the grader's own process, and of its process tree with shared pages counted once."""
    with contextlib.suppress(OSError, StopIteration):
        measured.own_mib = max(measured.own_mib, amount(Path(f"/proc/{pid}/status"), "VmHWM:"))
    total = 0.0
    for each in process_tree(pid):
        with contextlib.suppress(OSError, StopIteration):
            total += amount(Path(f"/proc/{each}/smaps_rollup"), "Pss:")
    measured.all_mib = max(measured.all_mib, total)


def amount(path: Path, name: str) -> float:
    """Return the value of the line that starts with ``name``, in MiB."""
    return next(int(line.split()[1]) / 1024 for line in path.read_text().splitlines() if line.startswith(name))


def process_tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in process_tree(int(child)))]


def student_seconds(course: Path, folder: Path) -> float:
    """Return the CPU seconds of one submission's own code: its cells, and its functions called by checks."""
    path = min((folder / "submitted").glob("*/*/*.ipynb"))
    runner, exercise = CellRunner(), load_course(course).exercise(EXERCISE)
    start = time.process_time()
    with redirect_stdout(io.StringIO()):
        for cell in read_cells(path):
            runner.run(cell)
    cells = time.process_time() - start
    timed = grading.TimedSubmission(runner.namespace)
    checks = exercise.checks
    run_checks(exercise.test_paths, checks, LocalSession(timed), lambda *_result: None)
    return cells + timed.__dict__["seconds"]


def report(
    count: int, few: int, small: Measured, whole: Measured, written: Measured, again: Measured, own: float
) -> None:
    """Print the measurements, and whether the goals are met."""
    each = (whole.cpu - small.cpu) / (count - few) - own
    print(f"{count} submissions on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print(f"throughput              {count / whole.wall:8.1f} submissions per second, start included")
    print(f"CPU per submission      {each:8.3f} s besides its own {own:.3f} s; {verdict(each, OVERHEAD_S)}")
    print(f"the start               {small.cpu - few * (each + own):8.1f} CPU s, once per run")
    print(f"the grader's process    {small.own_mib:8.0f} MiB at most for {few}, {whole.own_mib:.0f} MiB for {count}")
    print(f"all processes           {small.all_mib:8.0f} MiB at most for {few}, {whole.all_mib:.0f} MiB for {count}")
    print(f"the gradebook           {written.wall:8.1f} s to write, once")
    print(f"unchanged, again        {again.wall:8.1f} s ({again.cpu:.1f} CPU s); {verdict(again.wall, AGAIN_S)}")


def verdict(value: float, most: float) -> str:
    """Return the goal, and whether it is met."""
    return f"at most {most:g}: {'met' if value <= most else 'NOT MET'}"


if __name__ == "__main__":
    main()
