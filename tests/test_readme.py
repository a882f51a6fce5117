"""The README, the guide for students and the page in their zip agree, and their commands work."""

from __future__ import annotations

import json
import os
import re
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
from autograder.release.pins import LOCK, core_needs, installed
from autograder.release.student_bundle import student_bundle
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, best_tier
from tests.conftest import copy_tiny_course
from tests.events import Output

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
GUIDE = (ROOT / "docs" / "student.md").read_text("utf-8")
TOP = "exercises-2026.1"

in_a_venv = pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="the README's commands are those of a .venv")


def blocks(page: str, section: str) -> list[str]:
    """Return the shell examples of a section."""
    (text,) = re.findall(rf"^##+ {re.escape(section)}\n(.*?)(?=^##|\Z)", page, re.M | re.S)
    return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The unpacked zip of the small course for students."""
    folder = tmp_path_factory.mktemp("student")
    course = load_course(copy_tiny_course(folder / "course"))
    exercise = course.exercise("greetings")
    made = course.root / "release"
    write_source(exercise, cleared(source_notebook(exercise, "2026.1")), made / "student" / exercise.name)
    pins = {name: version for name, version in installed().items() if name in core_needs()}
    write_zip(folder / "exercises.zip", student_bundle(course, "2026.1", made, pins))
    with zipfile.ZipFile(folder / "exercises.zip") as bundle:
        bundle.extractall(folder)
    return folder / TOP


# --- Students -------------------------------------------------------------------------------------


def test_students_read_the_same_commands_everywhere(unpacked):
    (in_the_zip,) = blocks((unpacked / "README.md").read_text("utf-8"), "Start in JupyterLab")
    (in_the_guide,) = blocks(GUIDE, "In JupyterLab")
    (in_the_readme,) = blocks(README, "For students")
    assert in_the_zip == in_the_guide == in_the_readme


@pytest.mark.parametrize("table", ["it says"])
def test_students_read_the_same_words_everywhere(unpacked, table):
    """The meaning of the marks in a table of checks: the zip's page may say more, but nothing else."""

    def rows(page: str) -> dict[str, str]:
        lines = page.split(f"| {table} |", 1)[1].splitlines()[2:]
        return dict(re.fullmatch(r"\| (.+?) \| (.+?) \|", line).groups() for line in lines[: lines.index("")])

    in_the_zip, in_the_guide = rows((unpacked / "README.md").read_text("utf-8")), rows(GUIDE)
    assert list(in_the_zip) == list(in_the_guide)
    for mark, words in in_the_guide.items():
        assert in_the_zip[mark].partition(";")[0] == words.partition(";")[0], mark


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a .venv is laid out in another way there")
def test_a_student_sets_up_and_starts_jupyterlab(unpacked):
    """Follow the pages without a network: this environment shares all packages except the course's own."""
    make, install, start = blocks(README, "For students")[0].splitlines()
    shell(make.replace("python3", sys.executable), unpacked)
    lend_packages(unpacked / ".venv")
    shell(install, unpacked, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert shell('.venv/bin/python -c "import autograder; print(autograder.__version__)"', unpacked).strip() == "2026.1"

    command = f"exec {start} --no-browser --allow-root --ServerApp.port=0 2>&1"
    server = subprocess.Popen(["bash", "-c", command], cwd=unpacked, stdout=subprocess.PIPE)
    try:
        Output(server.stdout).wait_for("http://localhost")
    finally:
        server.terminate()
        server.wait()


def lend_packages(venv: Path) -> None:
    """Let an environment use the packages that are installed here, except this one."""
    libraries = venv / "libraries"
    libraries.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if "medical_image_autograder" not in path.name and path.suffix != ".pth":
            (libraries / path.name).symlink_to(path)
    (site,) = venv.glob("lib/python*/site-packages")
    for old in site.glob("setuptools*"):  # Python 3.11 brings one that is too old for torch
        shutil.rmtree(old)
    (site / "libraries.pth").write_text(f"{libraries}\n")
    for name, module in (("jupyter", "jupyter"), ("jupyter-lab", "jupyterlab")):
        script = venv / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {venv}/bin/python -m {module} "$@"\n')
        script.chmod(0o755)


def shell(line: str, folder: Path, **settings: str) -> str:
    """Run shell commands and return their output; fail if one fails."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        ["bash", "-e", "-c", line],
        cwd=folder, env=inherited | settings, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


# --- Staff ----------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path) -> Path:
    """The small course after the first `make`, with one submission."""
    root = copy_tiny_course(tmp_path / "course")
    (root / ".venv").symlink_to(sys.prefix)
    submission = root / "submitted" / "ada" / "greetings"
    submission.mkdir(parents=True)
    exercise = load_course(root).exercise("greetings")
    (submission / "greetings.ipynb").write_text(json.dumps(source_notebook(exercise, "unreleased")), "utf-8")
    return root


def as_here(block: str) -> str:
    """Return a block with the option that this machine needs if its sandbox is weak."""
    return (
        block
        if best_tier() in ISOLATING_TIERS
        else block.replace("grade submitted", "grade --allow-weak-sandbox submitted")
    )


@pytest.mark.slow
@in_a_venv
def test_a_ta_grades(course):
    (block,) = blocks(README, "For TAs")
    assert "as nbgrader does" in README
    output = shell(as_here(block), course)
    assert "5.5" in output
    assert (course / "graded" / "grades.csv").is_file()
    assert (course / "gradebook.db").is_file()
    for also in re.findall(r"`(autograder (?:report|feedback))`", README):
        shell(f". .venv/bin/activate; {also}", course)
    assert (course / "graded" / "class.html").is_file()
    assert (course / "graded" / "ada" / "greetings.html").is_file()


@pytest.mark.slow
@in_a_venv
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: a release is built from a commit")
def test_an_instructor_builds_proves_and_releases(course):
    (block,) = blocks(README, "For instructors")
    (course / LOCK).write_text("".join(f"{name}=={version}\n" for name, version in installed(["staff"]).items()))
    (course / ".gitignore").write_text("*\n")
    identity = "git -c user.name=Ada -c user.email=ada@example.org"
    commit = f"git init -q; git add -f solutions tests nbgrader_config.py {LOCK}; {identity} commit -q -m First"
    shell(f"{commit}\n. .venv/bin/activate\n{block}", course)
    assert (course / "release" / "2026.1.json").is_file()
    assert (course / "release" / "2026.1" / "exercises-2026.1.zip").is_file()
    assert (course / "exercises" / "greetings.py").is_file()
