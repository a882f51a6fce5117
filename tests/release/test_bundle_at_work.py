"""The zip that students get, where they work: in an environment without this package, and on what looks like Colab."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.files import write_zip
from autograder.release.make import cleared, write_source
from autograder.release.notebooks import source_notebook
from autograder.release.student_bundle import student_bundle

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="a venv is laid out in another way there")]

TOP = "exercises-2026.1"
WHEEL = "medical_image_autograder-2026.1-py3-none-any.whl"

# Runs the first cell and a check of the notebook in the kernel of the environment, and prints what they show.
RUN = """
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read("greetings.ipynb", as_version=4)
where = nbformat.v4.new_code_cell("import autograder; print(autograder.__file__)")
notebook.cells = [cell for cell in notebook.cells if cell.id in ("autograder", "add", "check-add")] + [where]
NotebookClient(notebook, timeout=120, allow_errors=True).execute()
for cell in notebook.cells:
    for output in cell.outputs:
        print(output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue"))
"""
NOT_ATTEMPTED = "not attempted"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the students' zip of the small course."""
    from tests.conftest import copy_tiny_course

    root = copy_tiny_course(tmp_path_factory.mktemp("made") / "course")
    course = load_course(root)
    exercise = course.exercise("greetings")
    write_source(exercise, cleared(source_notebook(exercise, "2026.1")), root / "release/student/greetings")
    write_zip(root / f"{TOP}.zip", student_bundle(course, "2026.1", root / "release", {}))
    return root / f"{TOP}.zip"


@pytest.fixture
def computer(tmp_path):
    """Return the folder of an environment with every package that is installed here, except this one."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if "medical_image_autograder" not in path.name and path.suffix != ".pth":
            (libraries / path.name).symlink_to(path)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    for old in site(tmp_path).glob("setuptools*"):  # Python 3.11 brings one that is too old for torch
        shutil.rmtree(old)
    (site(tmp_path) / "libraries.pth").write_text(f"{libraries}\n")
    kernel = tmp_path / "venv/share/jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    argv = [str(tmp_path / "venv/bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    return tmp_path


def site(computer):
    return next(computer.glob("venv/lib/python*/site-packages"))


def python(computer, folder, *arguments):
    """Run the environment's Python in a folder, without a network for pip; return what it prints."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    own = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "IPYTHONDIR": str(computer / "ipython")}
    command = [computer / "venv/bin/python", *arguments]
    done = subprocess.run(command, cwd=folder, env=inherited | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_installed_from_the_unpacked_zip(computer, made):
    with zipfile.ZipFile(made) as bundle:
        bundle.extractall(computer)
    folder = computer / TOP / "greetings"
    before = python(computer, folder, "-c", RUN)
    assert "pip install -r requirements.txt" in before
    assert "No module named 'autograder'" in before  # in the last cell: nothing was installed

    python(computer, computer / TOP, "-m", "pip", "install", "--no-index", "--no-deps", WHEEL)
    shown = python(computer, folder, "-c", RUN)
    assert NOT_ATTEMPTED in shown
    assert str(site(computer)) in shown


@pytest.mark.parametrize("place", ["", "drive/MyDrive/course"], ids=["uploaded", "on Drive"])
def test_on_colab(computer, made, place):
    """On Colab there are only the notebook, alone in a folder, and a kernel with ``google.colab``."""
    (site(computer) / "colab.pth").write_text(
        "import sys, types; sys.modules['google.colab'] = types.ModuleType('c')\n"
    )
    content = computer / "content"
    (content / place).mkdir(parents=True)
    with zipfile.ZipFile(made) as bundle:
        (content / "greetings.ipynb").write_bytes(bundle.read(f"{TOP}/greetings/greetings.ipynb"))
    if not place:
        assert f"upload {TOP.split('-')[0]}-….zip" in python(computer, content, "-c", RUN)
    (content / place / f"{TOP} (1).zip").write_bytes(made.read_bytes())  # as a browser names a second download

    for _ in range(2 if not place else 1):  # the second time it is there
        shown = python(computer, content, "-c", RUN)
        assert NOT_ATTEMPTED in shown
        assert str(site(computer)) in shown
    assert (content / "checks/greetings/public/test_add.py").is_file()
    assert not list(site(computer).glob("torch*")), "torch was replaced"
