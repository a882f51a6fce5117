"""All pages name the same versions of Python, and other versions are refused with advice."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autograder.release.pins import read_lock
from autograder.runtime import versions

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.mark.parametrize("page", ["README.md", "docs/student.md"])
def test_pages_name_the_versions_that_are_tested(page):
    assert f"You need Python {versions.words()}" in (ROOT / page).read_text("utf-8")


def test_pip_accepts_the_tested_and_the_next_versions():
    lowest, after = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    taken = tuple(f"3.{minor}" for minor in range(int(lowest), int(after)))
    assert taken == (*versions.TESTED, *versions._AHEAD)


def test_this_python_can_be_used():
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "autograder/runtime/versions.py"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_old_python_is_refused_with_advice(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    monkeypatch.setattr(sys, "argv", ["runtime/versions.py", "demo"])
    with pytest.raises(SystemExit) as caught:
        versions.main()
    said = str(caught.value)
    assert said.startswith("Python 3.10 is not one of 3.11, 3.12, 3.13 or 3.14.\n")
    for advice in ("apt install python3.13-venv", "pyenv install 3.13", "make PYTHON=python3.13 demo"):
        assert advice in said


def test_the_next_python_is_refused_with_what_is_missing():
    said = versions.fault("3.15")
    pins = read_lock(ROOT)
    for name in ("torch", "torchvision"):
        assert f"{name} {pins[name]}" in said
        assert f"{name} {pins[name]}" in (ROOT / "README.md").read_text("utf-8")
    assert versions.fault("3.14") == ""
    assert versions.fault("3.99") == "Python 3.99 is not one of 3.11, 3.12, 3.13 or 3.14."
