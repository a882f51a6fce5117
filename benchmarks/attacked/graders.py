"""Three graders, each as installed, that say what a submission is worth.

The other graders run students' code with the rights of the user who grades. Here they run inside bubblewrap: no
network, no access to other processes, only a folder of the case writable, bounds on memory, and a time limit.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

from benchmarks.attacked.cases import ANSWERS, EXERCISE, POINTS, TESTS, Case, dump, notebook, source_notebook

ATTACKER, CLASSMATE = "mallory", "zoe"
BIN = Path(sys.executable).parent
MEMORY = 4 * 2**30
INSIDE = "/tmp/case"


@dataclass(frozen=True)
class Verdict:
    """The points that a grader gave, None if it gave none, and remarks on what else happened."""

    points: float | None
    remarks: tuple[str, ...] = ()


def confined(command: list[str], folder: Path, limit_s: float, path: Path) -> tuple[bool, str]:
    """Run a command with ``folder`` as `INSIDE`; return whether it ended in time, and the end of its output."""
    bubble = [
        *("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm"),
        *("--bind", str(folder), INSIDE, "--chdir", INSIDE, "--unshare-user", "--uid", "1000", "--gid", "1000"),
        *("--ro-bind", str(path.parent), str(path.parent)),  # it may be below /tmp, which is empty inside
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--clearenv", "--setenv", "HOME", f"{INSIDE}/home", "--setenv", "LANG", "C.UTF-8"),
        *("--setenv", "PATH", f"{path}:/usr/bin:/bin", "--setenv", "PYTHONDONTWRITEBYTECODE", "1"),
    ]
    (folder / "home").mkdir(exist_ok=True)
    try:
        done = subprocess.run(
            [*bubble, *command], capture_output=True, timeout=limit_s, check=False, preexec_fn=_bounds, text=True
        )
    except subprocess.TimeoutExpired:
        return False, ""
    return True, (done.stdout + done.stderr)[-4000:]


def _bounds() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**28, 2**28))
    resource.setrlimit(resource.RLIMIT_NPROC, (400, 400))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hand_in(case: Case, submitted: Path) -> None:
    """Write the case and the right answers of a classmate in nbgrader's layout."""
    for student in (CLASSMATE, ATTACKER):  # a link may lead to the classmate
        write_notebook(case, student, submitted, student)


def write_notebook(case: Case, student: str, submitted: Path, name: str) -> None:
    """Write the notebook of the attacker or the classmate, under any name."""
    path = submitted / name / EXERCISE / f"{EXERCISE}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(dump(case.document if student == ATTACKER else notebook(ANSWERS)))
    if student == ATTACKER and case.change is not None:
        case.change(path)


# --- nbgrader -------------------------------------------------------------------------------------


class Nbgrader:
    """``nbgrader autograde`` with its own settings: hidden tests in its own region, one gradebook."""

    name = "nbgrader"

    def __init__(self, folder: Path) -> None:
        self.course = folder / "nbgrader-course"
        (self.course / "source" / EXERCISE).mkdir(parents=True)
        (self.course / "source" / EXERCISE / f"{EXERCISE}.ipynb").write_text(dump(source_notebook()))
        (self.course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "x"\n')
        _, output = confined(["nbgrader", "generate_assignment", EXERCISE], self.course, 120, BIN)
        if not (self.course / "gradebook.db").is_file():
            sys.exit(f"nbgrader made no release:\n{output}")

    def grade(self, case: Case, folder: Path, limit_s: float) -> Verdict:
        """Grade the case and a classmate; wait a few seconds for processes that act after grading."""
        shutil.copytree(self.course, folder)
        hand_in(case, folder / "submitted")
        ended, _ = confined(["sh", "-c", f"nbgrader autograde {EXERCISE}; sleep 3"], folder, limit_s, BIN)
        remarks = [] if ended else [f"killed after {limit_s:g} s"]
        scores = self._scores(folder / "gradebook.db")
        if scores.get(CLASSMATE) != 10:
            got = scores.get(CLASSMATE)
            remarks.append("classmate not graded" if got is None else f"classmate got {got:g} of 10")
        return Verdict(scores.get(ATTACKER), tuple(remarks))

    def _scores(self, gradebook: Path) -> dict[str, float]:
        """Return the points of every autograded student, summed as nbgrader does."""
        query = """
            SELECT submitted_assignment.student_id,
                   SUM(COALESCE(grade.manual_score, grade.auto_score, 0) + COALESCE(grade.extra_credit, 0)),
                   SUM(grade.auto_score IS NOT NULL)
            FROM grade JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
            JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
            GROUP BY submitted_assignment.student_id
        """
        with closing(sqlite3.connect(gradebook)) as book:
            return {student: points for student, points, graded in book.execute(query) if graded}


# --- otter-grader ---------------------------------------------------------------------------------


class Otter:
    """``otter run``: one submission at a time, tests in files, half of them hidden."""

    name = "otter-grader"

    def __init__(self, folder: Path, python: Path) -> None:
        self.bin = python.parent
        self.archive = folder / "autograder.zip"
        with zipfile.ZipFile(self.archive, "w") as archive:
            archive.writestr("otter_config.json", json.dumps({"show_hidden": True, "pdf": False}))
            for question, points in POINTS.items():
                archive.writestr(f"tests/{question}.py", _otter_tests(question, points))

    def grade(self, case: Case, folder: Path, limit_s: float) -> Verdict:
        """Grade the case alone, as otter does."""
        folder.mkdir()
        hand_in(case, folder / "submitted")
        shutil.copy(self.archive, folder)
        found = sorted((folder / "submitted" / ATTACKER).glob(f"{EXERCISE}/*.ipynb"))
        name = str(found[0].relative_to(folder)) if found else f"submitted/{ATTACKER}/{EXERCISE}/{EXERCISE}.ipynb"
        command = ["otter", "run", "-a", "autograder.zip", "-o", INSIDE, "--no-logo", name]
        ended, _ = confined(command, folder, limit_s, self.bin)
        remarks = [] if ended else [f"killed after {limit_s:g} s"]
        if (folder / "ran-in-the-grader").exists():
            remarks.append("ran its code in the grader's process")
        results = folder / "results.json"
        if not results.is_file():
            return Verdict(None, tuple(remarks))
        return Verdict(sum(test.get("score", 0) for test in json.loads(results.read_text())["tests"]), tuple(remarks))


def _otter_tests(question: str, points: int) -> str:
    """Return a test file in otter's exception-based form."""
    head = f"from otter.test_files import test_case\n\nOK_FORMAT = False\nname = {question!r}\npoints = {points}\n"
    parts = []
    for kind, tests in zip(("public", "hidden"), TESTS[question], strict=True):
        body = "".join(f"assert {call} == {value}\n" for call, value in tests.items())
        decorator = f"@test_case(points={points / 2:g}, hidden={kind == 'hidden'})"
        parts.append(f"\n{decorator}\ndef test_{kind}({question}):\n{indent(body, '    ')}")
    return head + "\n".join(parts)


# --- autograder -----------------------------------------------------------------------------------


class Autograder:
    """``autograder grade`` of a course with the same exercise, in its own sandbox: all cases are one class."""

    name = "autograder"

    def __init__(self, folder: Path, handed_in: Sequence[Case]) -> None:
        course = folder / "our-course"
        (course / "solutions").mkdir(parents=True)
        (course / "nbgrader_config.py").write_text(f'c = get_config()\nc.Course.exercises = ["{EXERCISE}"]\n')
        cells = [f'# %% question="{question}"\n{source}' for question, source in ANSWERS.items()]
        (course / "solutions" / f"{EXERCISE}.py").write_text("\n\n".join(cells))
        for name, text in _our_checks():
            path = course / "tests" / "checks" / EXERCISE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._graded = folder / "our-grades"
        self._places = {case.name: place for place, case in enumerate(handed_in)}
        for case in handed_in:
            for student in (CLASSMATE, ATTACKER):  # a link may lead to the classmate
                write_notebook(case, student, folder / "our-class", f"{self._places[case.name]:02}-{student}")
        command = [str(BIN / "autograder"), "grade", str(folder / "our-class"), "--course", str(course)]
        command += ["--output", str(self._graded), "--gradebook", "none", "--require-tier", "A"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        self._said = subprocess.run(command, capture_output=True, check=False, env=environment, text=True)

    def grade(self, case: Case, _folder: Path, _limit_s: float) -> Verdict:
        """Look up the results of the case and of its classmate."""
        attacker, classmate = self._result(case, ATTACKER), self._result(case, CLASSMATE)
        remarks = () if classmate["score"] == 10 else (f"classmate got {classmate['score']:g} of 10",)
        if attacker["status"] == "unreadable":
            return Verdict(0, ("unreadable, says why", *remarks))
        return Verdict(attacker["score"] if attacker["status"] == "graded" else None, remarks)

    def _result(self, case: Case, student: str) -> dict[str, Any]:
        path = self._graded / f"{self._places[case.name]:02}-{student}" / f"{EXERCISE}.json"
        if not path.is_file():
            sys.exit(f"autograder did not grade {case.name}:\n{self._said.stdout}{self._said.stderr}")
        result: dict[str, Any] = json.loads(path.read_text())
        return result


def _our_checks() -> Iterator[tuple[str, str]]:
    """Yield the same tests as check files: (name, text)."""
    for question, points in POINTS.items():
        for kind, tests in zip(("public", "hidden"), TESTS[question], strict=True):
            calls = "".join(f"    assert_equal(submission.{call}, {value})\n" for call, value in tests.items())
            yield (
                f"{kind}/test_{question}.py",
                "import pytest\n\nfrom autograder.checking import assert_equal\n\n\n"
                f'@pytest.mark.points({points / 2:g})\ndef test_{kind}(submission):\n    """Is right."""\n{calls}',
            )
