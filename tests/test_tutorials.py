"""Follow the tutorials: run their commands, and compare the output with what they show."""

from __future__ import annotations

import ast
import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import load_course

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"

pytestmark = pytest.mark.slow


def steps(name: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the steps of a tutorial: language, code, and the lines of expected output."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", (TUTORIALS / f"{name}.md").read_text("utf-8"), re.M | re.S)
    for place, (language, code) in enumerate(blocks):
        following = blocks[place + 1] if place + 1 < len(blocks) else ("", "")
        if language != "text":
            yield language, code, following[1].splitlines() if following[0] == "text" else []


def squeezed(text: str) -> str:
    return " ".join(text.split())


def run(line: str, folder: Path) -> str:
    """Run a line of a shell example; return its output."""
    program, *arguments = shlex.split(line)
    command = [program, *arguments]
    if program in ("autograder", "python"):
        command = [sys.executable, *(["-m", "autograder"] if program == "autograder" else []), *arguments]
    if "grade" in arguments[:1] or "prove" in arguments[:1]:
        command.append("--allow-weak-sandbox")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "COLUMNS": "80",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def follow(name: str, folder: Path) -> dict[str, str]:
    """Run a tutorial's commands; fail if a line that it shows is missing. Return the output of each command."""
    seen = {}
    for language, code, expected in steps(name):
        assert language == "sh"
        for line in code.splitlines():
            seen[line] = run(line, folder)
        printed = squeezed("\n".join(seen[line] for line in code.splitlines()))
        for line in expected:
            assert squeezed(line) in printed, f"{code}\n{line}\n{seen}"
    return seen


def test_a_student_follows_the_tutorial(tmp_path):
    """Run the blocks like cells in another process, printing the value of each block's last line."""
    load_course(ROOT).exercise("convolution").check_files.public().write_to(tmp_path / "checks")
    cells, expected = [], []
    for language, code, lines in steps("student"):
        assert language == "python"
        *_, last = ast.parse(code).body
        shown = isinstance(last, ast.Expr)
        cells.append(f"print(repr({ast.unparse(last)}))" if shown else code)
        expected += lines
    (tmp_path / "cells.py").write_text("\n".join(cells), "utf-8")
    done = subprocess.run(
        [sys.executable, "cells.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = squeezed(done.stdout)
    assert len(expected) >= 9
    for line in expected:
        assert squeezed(line) in printed, f"{line}\n{done.stdout}"


def test_a_ta_follows_the_tutorial(tmp_path):
    course = tmp_path / "course"
    for name in ("solutions/convolution.py", "README.md", "nbgrader_config.py"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, course / name)
    for name in ("checks", "answers"):
        shutil.copytree(ROOT / "tests" / name / "convolution", course / "tests" / name / "convolution")
    config = course / "nbgrader_config.py"
    config.write_text(
        re.sub(r"c\.Course\.(exercises|optional) = \[.*?\]", r"c.Course.\1 = []", config.read_text("utf-8"), flags=re.S)
    )
    seen = follow("ta", course)
    assert "Student code" in "".join(seen.values()) or "tier" in seen["autograder doctor"].lower()
    assert "ada" in (course / "graded" / "class.html").read_text("utf-8")
    with (course / "graded" / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert {row["student"]: float(row["score"]) for row in csv.DictReader(file)} == {
            "ada": 16,
            "ben": 0,
            "cleo": 16,
        }


def test_an_instructor_follows_the_tutorial(tiny_course):
    """Use a course that has nothing in common with this one."""
    seen = follow("instructor", tiny_course)
    new, checks, build, prove, *_ = seen.values()
    assert "tests/answers/pooling/window_mean.py" in new
    assert "2 passed" in checks
    assert re.search(r"pooling +1 question +2 points", build)
    assert re.search(r"window_mean +2 +2 +4/4 +3/3 +1/1", prove)
    assert "Proven" in prove
    with (tiny_course / "graded" / "grades.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["student"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {"solution": 2, "student": 0}  # students are named after the folders
