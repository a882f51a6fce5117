"""What graders of other platforms are given: Gradescope's zip and otter-grader's assignment.

Put files into a zip, also what one exercise is graded by: the same files give the same bytes on every machine.

Pack an exercise for Gradescope: one zip with the grader, all its checks, and a course that holds nothing else.

The same course and the same installed packages give the same bytes on every machine.

Make an otter-grader assignment of an exercise: what students get, and the zip that ``otter run`` grades with.

Both have a test file for each question, in otter's exception-based format, which calls our checks. The students' have
the public ones; those in the zip name all of them, and take what the sandbox decided.
https://otter-grader.readthedocs.io/en/latest/test_files/python_format.html

The two scripts that Gradescope runs: ``setup.sh`` builds an assignment's image, ``run_autograder`` grades in it.

`autograder.release.platform_bundles` fills in the versions of Python. ``python -m
tests.integrations.gradescope.bare_root`` runs both as Gradescope does.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograder.course import CONFIG_NAME, Check, Exercise, Question
from autograder.course.cells import ILLUSTRATION
from autograder.files import write_zip
from autograder.release.notebooks import CHECK_PREFIX, IMPORT_ID
from autograder.release.pins import core_needs, installed
from autograder.release.stubs import stub_module
from autograder.runtime import versions as python_versions


def packed_course(exercise: Exercise) -> dict[str, bytes]:
    """Return a course of one exercise, with all its checks, below ``course/``: name → content.

    The stub stands in the place of the solution: grading reads from it only which cells are locked, which only
    illustrate, and what is imported.
    """
    optional = [exercise.name] if exercise.optional else []
    config = f"c = get_config()\nc.Course.exercises = {[exercise.name]!r}\nc.Course.optional = {optional!r}\n"
    files = {
        f"course/{CONFIG_NAME}": config.encode(),
        f"course/solutions/{exercise.name}.py": stub_module(exercise).encode(),
    }
    return files | {f"course/tests/checks/{name}": content for name, content in exercise.check_files.files}


# --- Gradescope ---------------------------------------------------------------------------------------------------


GRADER_NEEDS = ("ipython", "msgpack")
"""What grading needs beside what students have; a name without a version of ours."""

_LEFT_OUT = (
    *("__main__.py", "cli/", "gradebook/", "integrations/nbgrader/", "integrations/otter/"),
    *("lms/", "proving/", "release/", "reporting/"),
)
"""What grading does not need of this package."""

BROUGHT_ALONG = "3.12"
"""The Python that is downloaded where the image has none that the grader can run with."""


def write_bundle(exercise: Exercise, path: Path) -> None:
    """Write the zip that is uploaded to Gradescope as an exercise's autograder."""
    write_zip(path, bundle_files(exercise), programs=("setup.sh", "run_autograder"))


def bundle_files(exercise: Exercise) -> dict[str, bytes]:
    """Return what is in an exercise's bundle: name → content."""
    files = {
        "setup.sh": filled_in(SETUP).encode(),
        "run_autograder": RUN.encode(),
        "requirements.txt": requirements().encode(),
        **packed_course(exercise),
    }
    package = Path(__file__).resolve().parents[1]
    for source in package.rglob("*.py"):
        inside = source.relative_to(package)
        if not inside.as_posix().startswith(_LEFT_OUT):
            files[f"autograder/{inside.as_posix()}"] = source.read_bytes()
    return files


def filled_in(script: str) -> str:
    """Return a script of `gradescope_text` with the versions of Python that the grader runs with."""
    versions = python_versions.TESTED
    words = {
        "@NAMES@": " ".join(f"python{version}" for version in versions),
        "@VERSIONS@": " ".join(versions),
        "@LISTED@": ", ".join(versions),
        "@BROUGHT@": BROUGHT_ALONG,
    }
    for word, meaning in words.items():
        script = script.replace(word, meaning)
    return script


def requirements() -> str:
    """Return the packages that grading needs, in the versions that this machine built the course with."""
    versions = installed(["staff"])
    return "".join(f"{name}=={versions[name]}\n" for name in sorted({*core_needs(), *GRADER_NEEDS}))


# --- otter-grader -------------------------------------------------------------------------------------------------


AUTOGRADER = "autograder.zip"
STUDENT_FILES = "student"
CONFIG = {"pdf": False, "plugins": ["autograder.integrations.otter.plugin.Sandboxed"]}
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


# --- Gradescope's scripts -----------------------------------------------------------------------------------------


CHOOSE_PYTHON = """\
# Prints the image's Python that the grader can run with; fails if there is none. Student code runs as other users, so
# every folder above the Python must be open to them: one below /root is of no use.
choose_python() {
  local name
  for name in python3 @NAMES@; do
    if "$name" -c '
import ensurepip, os, sys, venv
version, folder = "%d.%d" % sys.version_info[:2], os.path.realpath(sys.executable)
usable = version in sys.argv[1:] and sys.version_info[3] == "final"
while folder != "/":
    folder = os.path.dirname(folder)
    usable = usable and os.stat(folder).st_mode & 1
sys.exit(not usable)' @VERSIONS@ 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}
"""

SETUP = (
    """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image of this assignment.
set -euo pipefail
trap 'echo "setup.sh failed in line $LINENO: read the lines above it, then build the image again." >&2' ERR
# Everything that student code may read is below HERE; the checks, below /autograder, are closed to it.
HERE=/usr/local/autograder
SOURCE=/autograder/source
export DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
export UV_PYTHON_INSTALL_DIR=$HERE/python UV_CACHE_DIR=/tmp/uv-cache UV_TORCH_BACKEND=${UV_TORCH_BACKEND:-cpu}

"""
    + CHOOSE_PYTHON
    + """
mkdir -p "$HERE"
apt-get update -q
apt-get install -qy --no-install-recommends python3-venv
# uv finds PyTorch's builds for the CPU, and brings a Python along. In an environment of its own: not part of the image.
python3 -m venv /tmp/uv
UV=/tmp/uv/bin/uv
/tmp/uv/bin/pip install -q uv || echo "uv could not be installed; going on without it."
if PYTHON=$(choose_python); then
  echo "Using $PYTHON of this image."
  "$PYTHON" -m venv "$HERE/venv"
else
  echo "This image has none of Python @LISTED@ (with venv, and open to all users); downloading @BROUGHT@."
  "$UV" venv --seed --python @BROUGHT@ "$HERE/venv" || {
    echo "Choose a base image with one of these versions, such as Ubuntu 24.04, then build again." >&2
    exit 1
  }
fi
if ! "$UV" pip install --python "$HERE/venv/bin/python" -r "$SOURCE/requirements.txt"; then
  echo "uv could not install the packages. pip tries next: without a GPU it works as well, but takes about 4 GB more."
  "$HERE/venv/bin/pip" install -q --progress-bar off -r "$SOURCE/requirements.txt"
fi
SITE=$("$HERE/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -r "$SOURCE/autograder" "$SITE/"
chmod -R a+rX "$HERE"
rm -rf /tmp/uv /tmp/uv-cache
cd / && "$HERE/venv/bin/python" -c 'import torch, autograder.integrations.gradescope.container'
echo "The grader is installed."
"""
)

RUN = """\
#!/usr/bin/env bash
# Gradescope runs this, as root, for each submission.
cd / && exec /usr/local/autograder/venv/bin/python -P -m autograder.integrations.gradescope
"""
