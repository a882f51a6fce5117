"""Make an otter-grader assignment of an exercise: what students get, and the zip that ``otter run`` grades with.

Both have a test file for each question, in otter's exception-based format, which calls our checks. The students' have
the public ones; those in the zip name all of them, and take what the sandbox decided.
https://otter-grader.readthedocs.io/en/latest/test_files/python_format.html
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograder.course import Check, Exercise, Question
from autograder.notebook.cells import ILLUSTRATION
from autograder.release.notebooks import CHECK_PREFIX, IMPORT_ID
from autograder.release.packing import packed_course, write_zip

AUTOGRADER = "autograder.zip"
STUDENT_FILES = "student"
CONFIG = {"pdf": False, "plugins": ["autograder.otter.plugin.Sandboxed"]}
START = "import otter\n\ngrader = otter.Notebook()"


def write_assignment(exercise: Exercise, student: Path, folder: Path) -> None:
    """Write an assignment into ``folder``; ``student`` is the exercise's student release."""
    shutil.copytree(student, folder / STUDENT_FILES, copy_function=shutil.copyfile)
    notebook = folder / STUDENT_FILES / f"{exercise.name}.ipynb"
    content = json.loads(notebook.read_text("utf-8"))
    for cell in content["cells"]:
        _translate(cell)
    notebook.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    tests = folder / STUDENT_FILES / "tests"
    tests.mkdir()
    for question in exercise.questions:
        if public := [check for check in question.checks if check.public]:
            (tests / f"{question.name}.py").write_text(_test_file(question, "PublicChecks", public), "utf-8")
    write_zip(folder / AUTOGRADER, _autograder_files(exercise))


def _autograder_files(exercise: Exercise) -> dict[str, bytes]:
    tests = {
        f"tests/{question.name}.py": _test_file(question, "AllChecks", question.checks).encode()
        for question in exercise.questions
    }
    return {"otter_config.json": json.dumps(CONFIG, indent=1).encode() + b"\n"} | tests | packed_course(exercise)


def _translate(cell: dict[str, Any]) -> None:
    """Make a cell that calls `check` one that calls otter; the sandbox, which has no otter, leaves it out."""
    grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
    if grade_id == IMPORT_ID:
        source = START
    elif grade_id.startswith(CHECK_PREFIX):
        source = f"grader.{''.join(cell['source'])}"
    else:
        return
    cell["source"] = source.splitlines(keepends=True)
    cell["metadata"] = {"deletable": False, "editable": False, "tags": [ILLUSTRATION]}


def _test_file(question: Question, kind: str, checks: Iterable[Check]) -> str:
    head = f'''\
"""Made by `autograder build`."""

from autograder.otter.checks import {kind}
from otter.test_files import test_case

OK_FORMAT = False
name = {question.name!r}
checks = {kind}({question.name!r})
'''
    return head + "".join(_test_case(check) for check in checks)


def _test_case(check: Check) -> str:
    how = f"name={check.title!r}, points={check.points!r}, hidden={not check.public!r}"
    return f"\n\n@test_case({how})\ndef {check.name}(env):\n    checks.require({check.name!r}, env)\n"
