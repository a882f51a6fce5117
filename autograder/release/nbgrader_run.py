"""Run nbgrader in a process of its own: ``python -m autograder.release.nbgrader_run EXERCISE …``.

nbgrader changes the working directory, sets up logging and starts kernels that inherit the environment;
none of that may touch the caller. One process takes several exercises, because importing nbgrader is slow.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.course import CONFIG_NAME
from autograder.errors import CourseError, require_packages
from autograder.processes import environment, python

SOURCE, STUDENT, SOLUTION = "source", "student", "solution"


def generate(roots: list[tuple[Path, list[str]]]) -> None:
    """Generate the student and the solution release below each root, for the exercises given with it.

    A root holds nbgrader_config.py and ``source/<exercise>/``; roots are worked on side by side. Raises
    `CourseError` with what nbgrader said.
    """
    require_packages("nbgrader", "ipykernel")
    with ThreadPoolExecutor(len(roots)) as pool:
        list(pool.map(lambda work: _generate_in(*work), roots))


def _generate_in(root: Path, exercises: list[str]) -> None:
    process = subprocess.run(
        python(__name__, *exercises),
        cwd=root,
        env=_environment(root),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if process.returncode:
        raise CourseError(
            f"nbgrader could not make the release ({CONFIG_NAME} configures it):\n{_without_tracebacks(process.stderr)}"
        )


def _without_tracebacks(log: str) -> str:
    """Return what nbgrader logged, and of each exception the line that says what it is."""
    kept, inside = [], False
    for line in log.strip().splitlines():
        inside = line.startswith("Traceback (most recent call last)") or (inside and line.startswith(" "))
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def _environment(root: Path) -> dict[str, str]:
    """Return an environment without anything personal: settings, start-up scripts, threads, hash seed.

    nbgrader calls `alembic` by name, which lies beside this Python also when its folder is not on the path.
    """
    private = root / ".private"
    (private / "runtime").mkdir(parents=True, exist_ok=True)
    surrounding = environment()
    for name in ("AUTOGRADER_GRADING", "MPLBACKEND"):
        surrounding.pop(name, None)
    return surrounding | {
        "IPYTHONDIR": str(private / "ipython"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "MATPLOTLIBRC": os.devnull,
        "OMP_NUM_THREADS": "1",
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]),
        "PYTHONHASHSEED": "0",
    }


def main(exercises: list[str]) -> None:
    """Generate the releases in the working directory; exit 1 with nbgrader's log where one fails."""
    from nbgrader.apps import GenerateAssignmentApp, GenerateSolutionApp

    root = Path.cwd()
    settings = [
        f"--course-dir={root}",
        f"--db=sqlite:///{root / 'gradebook.db'}",
        f"--CourseDirectory.source_directory={SOURCE}",
        f"--CourseDirectory.release_directory={STUDENT}",
        f"--CourseDirectory.solution_directory={SOLUTION}",
        "--log-level=WARN",
    ]
    for exercise in exercises:
        for application in (GenerateAssignmentApp(), GenerateSolutionApp()):
            application.initialize([exercise, *settings])
            application.start()


if __name__ == "__main__":
    main(sys.argv[1:])
