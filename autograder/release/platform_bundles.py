"""Package an exercise for other graders: a zip for Gradescope and an assignment for otter-grader.

Both contain a course of one exercise with all its checks. The same course and the same installed packages give the same
bytes on every machine. ``python -m benchmarks.contained`` runs the Gradescope zip as Gradescope does.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
https://otter-grader.readthedocs.io/en/latest/test_files/python_format.html
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograder.course import CONFIG_NAME, Check, Exercise, Question
from autograder.course.cells import ILLUSTRATION, check_id, figure_metadata
from autograder.files import fill_template, write_zip
from autograder.release.make import Made
from autograder.release.notebooks import IMPORT_ID, TEMPLATES
from autograder.release.pins import core_needs, installed
from autograder.runtime import versions as python_versions

GRADESCOPE = "gradescope"
"""The folder of the zips for Gradescope, one per exercise."""

OTTER = "otter"
"""The folder of the assignments for otter-grader: per exercise, a folder for students and a zip for graders."""


def package_for_platforms(made: Made) -> None:
    """Package made exercises for Gradescope and otter-grader."""
    for exercise in made.exercises:
        write_bundle(exercise, made.folder / GRADESCOPE / f"{exercise.name}.zip")
        write_assignment(exercise, made.student(exercise), made.folder / OTTER / exercise.name)


def packed_course(exercise: Exercise) -> dict[str, bytes]:
    """Return a course of one exercise, with all its checks, below ``course/``: name → content.

    With the solution: it decides whose fault an unfinished check is, and takes the place of a wrong answer that another
    one uses.
    """
    optional = [exercise.name] if exercise.optional else []
    config = f"c = get_config()\nc.Course.exercises = {[exercise.name]!r}\nc.Course.optional = {optional!r}\n"
    files = {f"course/{CONFIG_NAME}": config.encode(), f"course/solutions/{exercise.name}.py": exercise.source.encode()}
    return files | {f"course/tests/checks/{name}": content for name, content in exercise.check_files.files}


# --- Gradescope ---------------------------------------------------------------------------------------------------
GRADER_NEEDS = ("ipython", "msgpack")
"""Packages that grading needs besides those of students."""

_LEFT_OUT = (
    *("__main__.py", "cli/", "gradebook/", "integrations/nbgrader/", "integrations/otter/"),
    *("lms/", "proving/", "release/", "reporting/"),
)
"""Parts of this package that grading does not need."""

_SCRIPTS = TEMPLATES / "gradescope"
"""Programs that Gradescope runs: ``setup.sh`` builds an assignment's image, ``run_autograder`` grades in it."""

BROUGHT_ALONG = "3.12"
"""The Python to download if the image has no suitable one."""


def write_bundle(exercise: Exercise, path: Path) -> None:
    """Write the zip that is uploaded to Gradescope as an exercise's autograder."""
    write_zip(path, bundle_files(exercise), programs=("setup.sh", "run_autograder"))  # Gradescope starts them


def bundle_files(exercise: Exercise) -> dict[str, bytes]:
    """Return the files of an exercise's bundle: name → content."""
    files = {
        "setup.sh": setup_script().encode(),
        "run_autograder": (_SCRIPTS / "run_autograder").read_bytes(),
        "requirements.txt": requirements().encode(),
        **packed_course(exercise),
    }
    package = Path(__file__).resolve().parents[1]
    for source in package.rglob("*.py"):
        inside = source.relative_to(package)
        if not inside.as_posix().startswith(_LEFT_OUT):
            files[f"autograder/{inside.as_posix()}"] = source.read_bytes()
    return files


def setup_script() -> str:
    """Return ``setup.sh``, which builds an assignment's image with one of the tested Pythons."""
    versions = python_versions.TESTED
    return fill_template(
        _SCRIPTS / "setup.sh.template",
        names=" ".join(f"python{version}" for version in versions),
        versions=" ".join(versions),
        listed=", ".join(versions),
        brought=BROUGHT_ALONG,
    )


def requirements() -> str:
    """Return the packages that grading needs, in the versions installed here."""
    versions = installed(["staff"])
    return "".join(f"{name}=={versions[name]}\n" for name in sorted({*core_needs(), *GRADER_NEEDS}))


# --- otter-grader -------------------------------------------------------------------------------------------------
AUTOGRADER = "autograder.zip"
STUDENT_FILES = "student"
CONFIG = {"pdf": False, "plugins": ["autograder.integrations.otter.plugin.Sandboxed"]}
START = "import otter\n\ngrader = otter.Notebook()"


def write_assignment(exercise: Exercise, student: Path, folder: Path) -> None:
    """Write an assignment into ``folder``; ``student`` is the exercise's student release."""
    shutil.copytree(student, folder / STUDENT_FILES, copy_function=shutil.copyfile)  # not their permissions
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


def students_of_otter(made: Made, exercise: Exercise) -> Path:
    """Return the folder that students of an exercise get for otter-grader."""
    return made.folder / OTTER / exercise.name / STUDENT_FILES


def _autograder_files(exercise: Exercise) -> dict[str, bytes]:
    tests = {
        f"tests/{question.name}.py": _test_file(question, "AllChecks", question.checks).encode()
        for question in exercise.questions
    }
    return {"otter_config.json": json.dumps(CONFIG, indent=1).encode() + b"\n"} | tests | packed_course(exercise)


def _translate(cell: dict[str, Any]) -> None:
    """Make a cell that calls `check` call otter; as an illustration, so that the sandbox, without otter, skips it."""
    grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
    if grade_id == IMPORT_ID:
        source = START
    elif grade_id.startswith(check_id("")):
        source = f"grader.{''.join(cell['source'])}"  # check("…") becomes grader.check("…")
    else:
        return
    cell["source"] = source.splitlines(keepends=True)
    cell["metadata"] = {"deletable": False, "editable": False, "tags": [ILLUSTRATION], **figure_metadata(source)}


def _test_file(question: Question, kind: str, checks: Iterable[Check]) -> str:
    head = f'''\
"""Made by `autograder build`."""

from autograder.integrations.otter import {kind}
from otter.test_files import test_case

OK_FORMAT = False
name = {question.name!r}
checks = {kind}({question.name!r})
'''
    return head + "".join(_test_case(check) for check in checks)


def _test_case(check: Check) -> str:
    how = f"name={check.title!r}, points={check.points!r}, hidden={not check.public!r}"
    return f"\n\n@test_case({how})\ndef {check.name}(env):\n    checks.require({check.name!r}, env)\n"
