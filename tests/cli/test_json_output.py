"""`--json`: one JSON document, and nothing else, on standard output."""

from __future__ import annotations

import json
import platform
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from autograder.cli.main import COMMANDS, main
from autograder.course import load_course

pytestmark = pytest.mark.slow


def printed(*arguments: object) -> tuple[int, Any]:
    """Return a command's exit code and the document that it prints."""
    done = CliRunner().invoke(main, [*map(str, arguments), "--json"])
    assert done.stdout.isascii()
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def submitted(tiny_course, tmp_path) -> Path:
    """Return a folder of submissions: the solution, an unreadable file, and one that belongs to no student."""
    (exercise,) = load_course(tiny_course).exercises
    folder = tmp_path / "submitted"
    for student, content in (("äda", exercise.solution.read_bytes()), ("ben", b"")):
        path = folder / student / exercise.name / f"{exercise.name}.py"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (folder / "notes.txt").write_text("?")
    return folder


def test_grade(tiny_course, submitted, tmp_path):
    output = tmp_path / "graded"
    arguments = ["grade", submitted, "--course", tiny_course, "--output", output, "--gradebook", "none"]
    code, document = printed(*arguments, "--allow-weak-sandbox")
    assert code == 0
    assert document["stored"] == str(output)
    ben, ada = document["submissions"]  # ä comes after b
    assert (ada["student"], ada["status"]) == ("äda", "graded")
    assert ada["score"] == ada["max_score"] == sum(ada["questions"].values()) > 0
    assert (ben["status"], ben["score"], ben["needs_human"]) == ("unreadable", 0, False)
    assert ben["message"]
    assert document["moved"] == document["kept_higher"] == []
    assert all(stray["why"] for stray in document["left_out"])

    (exercise,) = load_course(tiny_course).exercises
    shutil.copy(exercise.solution, submitted / "ben" / exercise.name / f"{exercise.name}.py")
    code, document = printed(*arguments, "--allow-weak-sandbox", "--dry-run")
    assert (code, document["stored"], document["unchanged"]) == (0, None, 1)
    (move,) = document["moved"]
    assert (move["student"], move["from"], move["to"]) == ("ben", 0, ada["score"])
    assert sum(move["checks"].values()) == ada["score"]


def test_doctor(tiny_course):
    code, document = printed("doctor", "--course", tiny_course)
    assert document["fine"] is (code == 0)
    assert {"sandbox", "Python", "packages", "course"} <= {finding["what"] for finding in document["findings"]}
    (python,) = (finding["found"] for finding in document["findings"] if finding["what"] == "Python")
    assert python.startswith(platform.python_version())
    assert python.endswith("submissions are graded with this one")


def test_prove(built_tiny_course, tmp_path):
    root = Path(shutil.copytree(built_tiny_course, tmp_path / "course"))
    code, document = printed("prove", "--course", root, "--allow-weak-sandbox")
    assert (code, document["proven"]) == (0, True)
    for question in document["questions"]:
        assert question["problems"] == []
        assert all(good == total > 0 for good, total in question["answers"].values())


def test_an_error_prints_no_document(tmp_path):
    done = CliRunner().invoke(main, ["doctor", "--course", str(tmp_path / "none"), "--json"])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_which_commands_have_json():
    import click

    context = click.Context(main)
    having = {name for name in COMMANDS if "--json" in _options(main.get_command(context, name))}
    assert having == {"grade", "prove", "doctor", "diff", "verify"}


def _options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}
