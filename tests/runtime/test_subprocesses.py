"""No process that the package starts imports modules from its working directory, which may be a student's."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import runtime

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "autograder"

OTHER_PROGRAMS = {("release/pins.py", "git"), ("release/comparison.py", "ssh-keygen")}
"""The programs other than this Python that the package starts, and where."""


MARKER = "found-in-the-working-directory"


def parsed() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))


def starts(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls that start a process or replace this one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            module, name = ast.unparse(node.func.value), node.func.attr
            if module == "subprocess" or (
                module == "os" and name.startswith(("exec", "spawn", "posix_spawn", "system"))
            ):
                yield node


def test_each_place_that_starts_a_process_is_known():
    """It uses `autograder.runtime.python` or Python's ``-P``, or it starts another program."""
    places, programs = set(), set()
    for place, tree in parsed():
        for call in starts(tree):
            places.add(place)
            words = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
            programs |= {(place, word) for word in words[:1] if (place, word) in OTHER_PROGRAMS}
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if place in places and place not in {where for where, _ in programs}:
            assert "python" in names or '"-P"' in (PACKAGE / place).read_text("utf-8"), place
    assert programs == OTHER_PROGRAMS
    assert len(places) >= 8, places


def test_python_is_never_started_by_hand_with_modules_of_the_working_directory():
    for place, tree in parsed():
        for node in ast.walk(tree):
            if isinstance(node, ast.List) and node.elts and ast.unparse(node.elts[0]) == "sys.executable":
                assert ast.unparse(node.elts[1]) == "'-P'", f"{place}:{node.lineno}"


def test_only_absolute_entries_stay_on_the_path(monkeypatch, tmp_path):
    """An empty entry, as from a trailing colon, means the working directory."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", "here", str(tmp_path)]))
    path = runtime.environment()["PYTHONPATH"].split(os.pathsep)
    assert path == [str(ROOT), str(tmp_path)]
    assert runtime.environment({"PYTHONHASHSEED": "0"})["PYTHONHASHSEED"] == "0"


@pytest.fixture
def trapped(tmp_path) -> Path:
    """A folder with a module for everything that the package might import; each writes its name to the marker."""
    folder = tmp_path / "handed in"
    folder.mkdir()
    trap = f"open({str(tmp_path / MARKER)!r}, 'a').write(__name__ + ' ')\n"
    names = {name.partition(".")[0] for name in sys.stdlib_module_names if not name.startswith("_")}
    names |= {"autograder", "click", "rich", "torch", "numpy", "msgpack", "pytest", "IPython", "nbformat", "yaml"}
    for name in names:
        (folder / f"{name}.py").write_text(trap)
    return folder


def command(*arguments: str | Path) -> list[str]:
    """Return the installed command: a script, so Python searches the script's own folder first."""
    return [str(Path(sys.executable).with_name("autograder")), *map(str, arguments)]


def test_the_trap_works(trapped, tmp_path):
    subprocess.run([sys.executable, "-m", "autograder", "--version"], cwd=trapped, capture_output=True, check=False)
    assert (tmp_path / MARKER).exists()


@pytest.mark.slow
def test_commands_run_in_a_students_folder_and_none_of_its_modules(trapped, tiny_course, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "")
    submission = trapped / "greetings.py"
    submission.write_text((tiny_course / "solutions" / "greetings.py").read_text("utf-8"), "utf-8")
    course = ["--course", tiny_course]
    for arguments in (
        ("doctor", *course),
        ("grade", submission, *course, "--output", tmp_path / "graded", "--gradebook", "none", "--allow-weak-sandbox"),
        ("feedback", tmp_path / "graded", *course),
        ("report", tmp_path / "graded", *course, "--submitted", trapped),
        ("prove", *course),
        ("build", *course),
    ):
        done = subprocess.run(command(*arguments), cwd=trapped, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert not (tmp_path / MARKER).exists(), f"{arguments[0]}: {(tmp_path / MARKER).read_text()}"
    assert (tmp_path / "graded" / "greetings" / "greetings.html").is_file() or list(
        (tmp_path / "graded").rglob("*.html")
    )
