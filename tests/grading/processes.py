"""Run a grader as a real process, and find the processes below it, so that tests can kill them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox.isolation.tiers import best_tier
from tests.events import PATIENCE_S

TIER = best_tier()
RIGHT = (Path(__file__).parents[1] / "tiny_course" / "solutions" / "greetings.py").read_text()
WRONG = "# %%\ndef add(numbers):\n    return 7\n"
SLOW = RIGHT + "\n# %%\nimport time\ntime.sleep(1.5)\n"


class Grader:
    """``autograder grade`` for a small class in its own folder."""

    def __init__(self, root: Path, course: Path, submissions: dict[str, str]) -> None:
        self.root = root
        self.course = root / "course"
        shutil.copytree(course, self.course)
        for student, text in submissions.items():
            self.hand_in(student, text)

    @property
    def output(self) -> Path:
        return self.root / "graded"

    def hand_in(self, student: str, text: str) -> None:
        path = self.root / "submitted" / student / "greetings" / "greetings.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def command(self, *arguments: str, before: str = "") -> list[str]:
        """Return the command; ``before`` is Python that its process runs first."""
        code = f"{before}\nfrom autograder.cli.main import main\nmain(prog_name='autograder')"
        weak = [] if TIER == "A" else ["--allow-weak-sandbox"]
        places = ["--course", str(self.course), "--output", str(self.output)]
        return [sys.executable, "-c", code, "grade", str(self.root / "submitted"), *places, *weak, *arguments]

    def environment(self) -> dict[str, str]:
        """Return an environment that finds this Python's programs."""
        return {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}

    def start(self, *arguments: str, before: str = "", **keywords: object) -> subprocess.Popen[str]:
        """Start the command; see `command`."""
        return subprocess.Popen(
            self.command(*arguments, before=before),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=self.environment(),
            **keywords,
        )

    def finish(self, *arguments: str, **keywords: object) -> tuple[int, str]:
        """Run the command to its end; return its exit code and its output on one line."""
        return end(self.start(*arguments, **keywords))

    def snapshot(self) -> dict[str, bytes]:
        """Return all files of the output by name, except durations and the lock; leftovers are included."""
        names = {str(path.relative_to(self.output)): path for path in self.output.rglob("*") if path.is_file()}
        return {
            name: path.read_bytes()
            for name, path in sorted(names.items())
            if "durations" not in name and name != ".grading.lock"
        }

    def scores(self) -> list[tuple[object, ...]]:
        """Return the grades in the gradebook."""
        import sqlite3
        from contextlib import closing

        query = (
            "select s.student_id, b.name, g.auto_score, g.manual_score, g.needs_manual_grade, c.auto_comment "
            "from grade g join base_cell b on g.cell_id = b.id join submitted_notebook n on g.notebook_id = n.id "
            "join submitted_assignment s on n.assignment_id = s.id "
            "left join comment c on c.notebook_id = n.id and c.cell_id = b.id order by 1, 2"
        )
        with closing(sqlite3.connect(self.course / "gradebook.db")) as database:
            return database.execute(query).fetchall()

    def state(self) -> tuple[dict[str, bytes], list[tuple[object, ...]]]:
        """Return everything that must be the same as after an undisturbed run."""
        return self.snapshot(), self.scores()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a command; return its exit code and its output on one line."""
    said, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, " ".join(said.split())


# --- Below the grader -------------------------------------------------------------------------------


def descendants(pid: int) -> Iterator[tuple[int, int]]:
    """Yield the processes below one, each with its parent."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child, pid
        yield from descendants(child)


def roles(grader: int) -> dict[str, int]:
    """Return the processes of a grader in tier A that exist now, by role."""
    found: dict[str, int] = {}
    tree = list(descendants(grader))
    parent = dict(tree)
    for pid, above in tree:
        if above == grader:
            found["launcher"] = pid
        elif parent.get(above) == grader and _is_zygote(pid):
            found["zygote"] = pid
    zygote = found.get("zygote", 0)
    for pid, above in tree:
        if above == zygote and _processes(pid) != _processes(above):
            continue
        if parent.get(above) == zygote:
            if _processes(pid) != _processes(above):
                found["worker"], found["monitor"] = pid, above
            else:
                found["checker"], found["collector"] = pid, above
    return found


def _is_zygote(pid: int) -> bool:
    """Whether this is a zygote, not the process that runs the isolation's self-test."""
    try:
        return b"autograder.sandbox.processes.zygote" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _processes(pid: int) -> str:
    """Return the name of a process's PID namespace."""
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


def kill(pid: int) -> None:
    """Kill a process."""
    os.kill(pid, signal.SIGKILL)
