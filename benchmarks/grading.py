"""Compare the cost of grading the same submissions with the autograder and with other graders.

``python benchmarks/grading.py`` takes right answers in many styles, and grades them

- with ``nbgrader autograde`` as installed: one kernel per notebook, public checks in the notebook's own process;
- with ``autograder grade``: all checks, public and hidden, in the sandbox;
- with ``otter run``, if ``--otter`` names an environment: public checks in the notebook's own process.

nbgrader and the autograder write a gradebook. All run as complete commands, first unmeasured, then measured, with one
thread per process. CPU seconds include all child processes. The autograder runs before, between and after the others,
and the mean counts, because the speed of a shared machine drifts by half within minutes. No grader can save the time of
students' own code (their cells, and their functions when checks call them), so it is measured separately, in the
middle, and subtracted on both sides.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autograder.checking.student_module import LocalSubmission
from benchmarks.otter_grading import Otter

COURSE = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
ENVIRONMENT = {
    **os.environ,
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),  # nbgrader calls alembic by its name
}
OTTER_HELP = "also compare with `otter run`: the Python of an environment with otter-grader and this package"
GOAL = 0.1
"""The goal: at most this share of nbgrader's CPU time, without students' own computation."""

if TYPE_CHECKING:
    from demo.make_class import Submission


@dataclass(frozen=True)
class Cost:
    """The time of a run, in seconds."""

    cpu: float
    wall: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.cpu - other.cpu, self.wall - other.wall)

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu + other.cpu, self.wall + other.wall)

    def __truediv__(self, number: float) -> Cost:
        return Cost(self.cpu / number, self.wall / number)


def mean(costs: Sequence[Cost]) -> Cost:
    """Return the mean of several runs."""
    return sum(costs, Cost(0.0, 0.0)) / len(costs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=12, help="how many notebooks to grade (default: 12)")
    parser.add_argument("--otter", type=Path, metavar="PYTHON", help=OTTER_HELP)
    os.environ.update(ENVIRONMENT)
    options = parser.parse_args()
    compare(options.submissions, options.otter)


def compare(count: int, otter_python: Path | None) -> None:
    """Grade ``count`` right answers with each grader, and print the costs."""
    from autograder.course import load_course
    from demo.make_class import right_submissions

    if not (COURSE / "release" / "source").is_dir():
        run("autograder", "build", folder=COURSE)
    submissions = list(right_submissions(load_course(COURSE), count))
    few = submissions[: len({submission.exercise for submission in submissions})]
    if len(few) == count:
        sys.exit("Use more --submissions than there are exercises, so that the start can be told from the rest.")
    exercises = sorted({submission.exercise for submission in submissions})
    with tempfile.TemporaryDirectory() as folder:
        gradebook = Path(folder, "gradebook.db")  # created by the unmeasured run; nbgrader's, by its release
        ours: list[Cost] = []
        small: list[Cost] = []

        def grade_both() -> None:
            place = len(ours)
            small.append(grade_with_autograder(Path(folder, f"few-{place}"), few, gradebook))
            ours.append(grade_with_autograder(Path(folder, f"all-{place}"), submissions, gradebook))

        grade_with_autograder(Path(folder, "warm"), few, gradebook)
        autograde(nbgrader_course(Path(folder, "nbgrader-warm"), few), *exercises)
        course = nbgrader_course(Path(folder, "nbgrader"), submissions)
        grade_both()
        theirs, graded = computation(submissions)
        nbgrader = Cost(0.0, 0.0)
        for exercise in exercises:
            nbgrader += autograde(course, exercise)
            grade_both()
        check_nbgrader(course, len(submissions))
        otter = None
        if otter_python is not None:
            otter = grade_with_otter(Otter(otter_python, Path(folder, "otter")), submissions, few)
            grade_both()
    each = (mean(ours) - mean(small)) / (count - len(few))
    report(count, nbgrader / count, mean(ours) / count, each, theirs / count, graded / count)
    if otter is not None:
        report_otter(otter / count, mean(ours) / count, theirs / count, graded / count)


# --- Graders --------------------------------------------------------------------------------------


def nbgrader_course(course: Path, submissions: Sequence[Submission]) -> Path:
    """Make a course with nbgrader's own settings, its release, and the submissions."""
    course.mkdir()
    (course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "benchmark"\n')
    for exercise in sorted({submission.exercise for submission in submissions}):
        source = shutil.copytree(COURSE / "release" / "source" / exercise, course / "source" / exercise)
        check_in_kernel(source / f"{exercise}.ipynb")
        run("nbgrader", "generate_assignment", exercise, folder=course)
    hand_in(submissions, course / "submitted")
    return course


def check_in_kernel(path: Path) -> None:
    """Make the graded cells of a notebook run checks in nbgrader's kernel, instead of asking the autograder."""
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["source"] = "import os\nos.environ.pop('NBGRADER_EXECUTION', None)\n" + "".join(cell["source"])
    path.write_text(json.dumps(notebook), "utf-8")


def autograde(course: Path, *exercises: str) -> Cost:
    """Grade exercises with nbgrader."""
    return measured(lambda: [run("nbgrader", "autograde", exercise, folder=course) for exercise in exercises])


def check_nbgrader(course: Path, count: int) -> None:
    """Exit if nbgrader left submissions out."""
    graded = len(list((course / "autograded").glob("*/*/*.ipynb")))
    if graded != count:
        sys.exit(f"nbgrader graded {graded} of {count} submissions.")


def grade_with_otter(otter: Otter, submissions: Sequence[Submission], few: Sequence[Submission]) -> Cost:
    """Grade with ``otter run``, first a few submissions unmeasured."""
    from autograder.course import load_course

    otter.prepare(load_course(COURSE).exercises)
    for submission in few:
        otter.grade(submission, run)
    return measured(lambda: [otter.grade(submission, run) for submission in submissions])


def grade_with_autograder(folder: Path, submissions: Sequence[Submission], gradebook: Path) -> Cost:
    """Grade with the course's own settings."""
    from autograder.results.store import read_results

    folder.mkdir()
    hand_in(submissions, folder / "submitted")
    places = ["--output", str(folder / "graded"), "--gradebook", f"sqlite:///{gradebook}"]
    cost = measured(
        lambda: run("autograder", "grade", str(folder / "submitted"), *places, "--course", str(COURSE), folder=folder)
    )
    full = [result for result in read_results(folder / "graded") if result.score == result.max_score]
    if len(full) != len(submissions):
        sys.exit(f"autograder gave full points to {len(full)} of {len(submissions)} right submissions.")
    return cost


def hand_in(submissions: Sequence[Submission], folder: Path) -> None:
    """Write submissions in nbgrader's layout."""
    for submission in submissions:
        submission.write(folder)


def run(program: str | Path, *arguments: str | Path, folder: Path) -> None:
    """Run a command, from this environment if only its name is given; exit with its output if it fails."""
    done = subprocess.run(
        [BIN / program, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{program} {' '.join(map(str, arguments))} failed:\n{done.stdout.decode(errors='replace')[-3000:]}")


def measured(work: Callable[[], object]) -> Cost:
    """Return the cost of ``work`` in child processes, and in their children."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.perf_counter() - wall)


# --- Students' own computation --------------------------------------------------------------------


def computation(submissions: Sequence[Submission]) -> tuple[float, float]:
    """Return the CPU seconds of students' code under nbgrader and under the autograder.

    Each notebook runs in a fork of this process, which has run one already, so that imports are not counted.
    """
    os.environ["AUTOGRADER_GRADING"] = "1"  # makes `check` do nothing: the checks are run below
    with tempfile.TemporaryDirectory() as folder:
        hand_in(submissions, Path(folder))
        paths = sorted(Path(folder).glob("*/*/*.ipynb"))
        student_seconds(paths[0], with_nbgrader=True)
        with_nbgrader, with_ours = (
            sum(in_a_fork(lambda path=path, which=which: student_seconds(path, with_nbgrader=which)) for path in paths)
            for which in (True, False)
        )
    return with_nbgrader, with_ours


def in_a_fork(measure: Callable[[], float]) -> float:
    """Return a number measured in a fork of this process."""
    receiving, sending = os.pipe()
    if os.fork() == 0:
        os.write(sending, repr(measure()).encode())
        os._exit(0)
    os.close(sending)
    with open(receiving) as file:  # noqa: PTH123
        os.wait()
        return float(file.read())


def student_seconds(path: Path, *, with_nbgrader: bool) -> float:
    """Return the CPU seconds of a notebook's cells, and of its functions when checks call them.

    nbgrader runs all cells, figures included, and the public checks; the autograder the graded cells and all checks.
    """
    import matplotlib as mpl

    from autograder.checking.execution import CellRunner
    from autograder.checking.runner import LocalSession, run_checks
    from autograder.course import load_course
    from autograder.submissions.read import read_cells

    mpl.use("Agg")
    runner = CellRunner()
    start = time.process_time()
    for cell in read_cells(path):
        if with_nbgrader or not cell.is_illustration:
            with redirect_stdout(io.StringIO()):
                error = runner.run(cell)
            if error is not None:
                sys.exit(f"{path.name}: cell {cell.id}: {error.text(hidden=False)}")
            draw_figures()
    cells = time.process_time() - start
    exercise = load_course(COURSE).exercise(path.stem)
    checks = exercise.checks
    timed = TimedSubmission(runner.namespace)
    wanted = [check for check in checks if check.public or not with_nbgrader]
    run_checks(exercise.test_paths, wanted, LocalSession(timed), lambda *_result: None)
    return cells + timed.__dict__["seconds"]


class TimedSubmission(LocalSubmission):
    """A submission that adds up the CPU seconds of calls to it."""

    def __getattr__(self, name: str) -> Any:
        function = super().__getattr__(name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            start = time.process_time()
            try:
                return function(*arguments, **keywords)
            finally:
                self.__dict__["seconds"] = self.__dict__.get("seconds", 0.0) + time.process_time() - start

        return call if callable(function) else function


def draw_figures() -> None:
    """Render and close open figures, as a notebook does after each cell."""
    import matplotlib.pyplot as plt

    for number in plt.get_fignums():
        plt.figure(number).savefig(io.BytesIO(), format="png", bbox_inches="tight")
    plt.close("all")


# --- The table ------------------------------------------------------------------------------------


def report(count: int, nbgrader: Cost, ours: Cost, each: Cost, theirs: float, graded: float) -> None:
    """Print costs per submission, ratios, and whether the goal is met.

    ``theirs`` and ``graded`` are the CPU seconds of students' code under nbgrader and under the autograder.
    """
    rows = [
        ("nbgrader autograde, public checks in the notebook", f"{nbgrader.cpu:8.3f} {nbgrader.wall:8.3f}"),
        ("  of which students' code, with figures", f"{theirs:8.3f}"),
        ("autograder grade, all checks, sandboxed", f"{ours.cpu:8.3f} {ours.wall:8.3f}"),
        ("  of which students' code", f"{graded:8.3f}"),
        ("autograder grade without its start", f"{each.cpu:8.3f} {each.wall:8.3f}"),
    ]
    start = (ours.cpu - each.cpu) * count
    print(f"{count} submissions on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print(f"{'seconds per submission':50} {'CPU':>8} {'wall':>8}")
    for name, numbers in rows:
        print(f"{name:50} {numbers}")
    print(f"\nThe start of the autograder takes {start:.1f} CPU seconds, once per run.")
    print("\nshare of nbgrader's CPU time, without students' computation")
    aside = nbgrader.cpu - theirs
    for name, cost in (("with the start", ours), ("without the start", each)):
        ratio = (cost.cpu - graded) / aside
        met = "met" if ratio <= GOAL else "NOT MET"
        print(f"  {name:20} {ratio:6.3f}   at most {GOAL:g}: {met}")
    print(f"wall time, everything included: {ours.wall / nbgrader.wall:.3f} of nbgrader's")


def report_otter(otter: Cost, ours: Cost, theirs: float, graded: float) -> None:
    """Print the cost of otter-grader, per submission like all others."""
    print(f"\n{'otter run, public checks in its own process':50} {otter.cpu:8.3f} {otter.wall:8.3f}")
    print("the autograder's share of otter-grader's time, start included")
    print(f"  CPU, without students' computation {(ours.cpu - graded) / (otter.cpu - theirs):6.3f}")
    print(f"  wall, everything included          {ours.wall / otter.wall:6.3f}")


if __name__ == "__main__":
    main()
