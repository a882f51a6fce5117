"""The otter-grader assignment of a small exercise: a student's notebook, and its grading by ``otter run``."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.nbgrader.conftest import HALF, RIGHT

pytest.importorskip("otter", reason='install it with: pip install -e ".[dev]"')

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[3]
MARKER = "the-notebook-ran-here"
HOSTILE = RIGHT | {"Greeter": f"open({MARKER!r}, 'w').write('!')\nimport os\nos._exit(0)"}


@pytest.fixture(scope="module")
def assignment(built_tiny_course) -> Path:
    """Return the otter release of the small exercise; do not change it."""
    return Path(built_tiny_course, "release", "otter", "greetings")


def filled(assignment: Path, folder: Path, answers: dict[str, str]) -> Path:
    """Copy the students' files into a folder, with these answers in the notebook; return the notebook."""
    shutil.copytree(assignment / "student", folder)
    path = folder / "greetings.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, cell["source"])
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def run(folder: Path, *command: str | Path) -> str:
    """Run a program that is installed beside this Python; return its output."""
    environment = os.environ | {"PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def otter_run(assignment: Path, notebook: Path, handed_in: Path | None = None) -> dict[str, dict[str, Any]]:
    """Grade a notebook, or another submission in its place, in the notebook's folder; return otter's tests by name."""
    options = ["-a", assignment / "autograder.zip", "-o", ".", "--no-logo"]
    run(notebook.parent, "otter", "run", *options, handed_in or notebook)
    tests = json.loads((notebook.parent / "results.json").read_text("utf-8"))["tests"]
    return {test["name"]: test for test in tests if "max_score" in test}


def test_otter_run_gives_the_points_of_the_checks(assignment, tmp_path):
    """A whole class is compared in tests/parity; here one of the answers does not even compile."""
    tests = otter_run(assignment, filled(assignment, tmp_path / "work", HALF | {"Greeter": "class Greeter(:"}))
    assert {name: test["score"] for name, test in tests.items()} == {"add": 1.0, "Greeter": 0.0}
    assert {name: test["max_score"] for name, test in tests.items()} == {"add": 3.0, "Greeter": 2.5}


def test_otter_never_runs_the_code_of_a_submission(assignment, tmp_path):
    """This code would end otter's kernel, and with it all tests."""
    notebook = filled(assignment, tmp_path / "work", HOSTILE)
    tests = otter_run(assignment, notebook)
    assert {name: test["score"] for name, test in tests.items()} == {"add": 3.0, "Greeter": 0.0}
    assert not list(tmp_path.rglob(MARKER))


SHADOWED = (
    "click",
    "ipykernel_launcher",
    "ipykernel",
    "otter",
    "autograder",
    "random",
    "torch",
    "sitecustomize",
    "dill",
)


def test_no_file_of_a_zip_is_run_outside_the_sandbox(assignment, tmp_path):
    """Neither the modules that otter's processes would find first, nor the log that otter unpickles."""
    notebook = filled(assignment, tmp_path / "work", HALF)
    archive = tmp_path / "evil.zip"
    trap = f"open({str(tmp_path / MARKER)!r}, 'a').write(__name__ + ' ')"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(notebook, notebook.name)
        for name in SHADOWED:
            file.writestr(f"{name}.py", trap)
            file.writestr(f"{name}/__init__.py", trap)
        file.writestr("__init__.py", trap)
        file.writestr("tests/add.py", trap)
        file.writestr(".OTTER_LOG", f"cbuiltins\nexec\n(V{trap}\ntR.")  # a pickle that runs it
    tests = otter_run(assignment, notebook, archive)
    assert not (tmp_path / MARKER).exists(), (tmp_path / MARKER).read_text()
    assert {name: test["score"] for name, test in tests.items()} == {"add": 1.0, "Greeter": 0.0}


def test_a_module_that_shadows_is_graded_like_any_other(assignment, tmp_path):
    notebook = filled(assignment, tmp_path / "work", {})
    module = notebook.with_name("click.py")
    answers = "EXCLAMATION = '!'\n" + "\n\n".join(HOSTILE.values())
    module.write_text(answers.replace(MARKER, str(tmp_path / MARKER)))
    tests = otter_run(assignment, module)
    assert {name: test["score"] for name, test in tests.items()} == {"add": 3.0, "Greeter": 0.0}
    assert not (tmp_path / MARKER).exists()


def test_a_module_is_graded_too(assignment, tmp_path):
    notebook = filled(assignment, tmp_path / "work", {})
    module = notebook.with_suffix(".py")
    module.write_text("EXCLAMATION = '!'\n" + "\n\n".join(RIGHT.values()))
    assert {name: test["score"] for name, test in otter_run(assignment, module).items()} == {"add": 3.0, "Greeter": 2.5}


def test_students_see_what_is_wrong_where_they_work(assignment, tmp_path):
    notebook = filled(assignment, tmp_path / "work", {"add": "def add(numbers):\n    return 4"})
    run(notebook.parent, "jupyter", "nbconvert", "--execute", "--to", "notebook", "--output", "done", notebook)
    cells = json.loads(notebook.with_name("done.ipynb").read_text("utf-8"))["cells"]
    shown = {"".join(cell["source"]): json.dumps(cell["outputs"]) for cell in cells if cell["cell_type"] == "code"}
    assert "NotPassed: wrong" in shown['grader.check("add")']
    assert "Invitations for two and three make five guests." in shown['grader.check("add")']
    assert "NotPassed: not attempted" in shown['grader.check("Greeter")']
    assert "Traceback" not in shown['grader.check("add")'] + shown['grader.check("Greeter")']


def test_right_answers_pass_where_students_work(assignment, tmp_path):
    notebook = filled(assignment, tmp_path / "work", RIGHT)
    run(notebook.parent, "jupyter", "nbconvert", "--execute", "--to", "notebook", "--output", "done", notebook)
    cells = json.loads(notebook.with_name("done.ipynb").read_text("utf-8"))["cells"]
    shown = {"".join(cell["source"]): json.dumps(cell["outputs"]) for cell in cells if cell["cell_type"] == "code"}
    for question in ("add", "Greeter"):
        assert "passed" in shown[f'grader.check("{question}")']
        assert "NotPassed" not in shown[f'grader.check("{question}")']


def test_the_documented_command_works_as_written(assignment, tmp_path):
    (example,) = [
        block
        for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "otter.md").read_text("utf-8"), re.M | re.S)
        if "otter run" in block
    ]
    filled(assignment, tmp_path / "work", RIGHT).replace(tmp_path / "submission.ipynb")
    bundle = tmp_path / "release" / "otter" / "convolution"
    bundle.mkdir(parents=True)
    shutil.copy(assignment / "autograder.zip", bundle)
    install, *lines = example.splitlines()
    assert install == 'pip install otter-grader "medical-image-autograder[staff]"'
    for line in lines:
        program, *arguments = shlex.split(line)
        run(tmp_path, shutil.which(program, path=os.pathsep.join([str(BIN), os.environ["PATH"]])) or "", *arguments)
    tests = json.loads((tmp_path / "results" / "results.json").read_text("utf-8"))["tests"]
    assert sum(test.get("score", 0) for test in tests) == 5.5


def test_students_get_no_hidden_check(assignment):
    files = [path for path in (assignment / "student").rglob("*") if path.is_file()]
    checks = {"counting.py", "greeters.py", "test_add.py", "test_Greeter.py"}
    assert {path.name for path in files} == {"greetings.ipynb", "add.py", "Greeter.py", *checks}
    assert not [path for path in files if "large_crowd" in path.read_text("utf-8")]
