"""What the targets of ``make`` install, and from where."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
NEEDED_BY_FEW = {"atheris", "playwright", "axe-playwright-python", "psycopg", "sphinx", "mypy", "pre-commit"}

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def packages(extra: str) -> set[str]:
    """Return the names of the packages that an extra of pyproject.toml installs."""
    found = set()
    for requirement in map(Requirement, EXTRAS[extra]):
        if requirement.name == "medical-image-autograder":
            found |= set().union(*map(packages, requirement.extras))
        else:
            found.add(requirement.name)
    return found


def said(*arguments: str, **environment: str) -> str:
    """Return the commands that make would run in a folder without a ``.venv``."""
    command = ["make", "--dry-run", "VENV=/nonexistent/venv", *arguments]
    # Without the variables that a `make` which runs these tests exports.
    exported = ("MAKE", "PIP_", "SLOW", "TORCH_INDEX", "PYTHON", "VENV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(exported)}
    done = subprocess.run(
        command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True, check=True
    )  # fmt: skip
    return done.stdout


def test_rarely_needed_packages_cannot_break_the_demo_or_the_tests():
    assert not packages("staff") & NEEDED_BY_FEW
    assert not packages("test") & NEEDED_BY_FEW
    assert packages("dev") >= packages("test") | NEEDED_BY_FEW


@needs_make
@pytest.mark.parametrize(
    ("target", "extra"), [("demo", "staff"), ("build", "staff"), ("test", "test"), ("test-all", "dev"), ("lint", "dev")]
)
def test_each_target_installs_what_it_needs(target, extra):
    assert re.findall(r'pip install .*--editable "\.\[(\w+)\]"', said(target)) == [extra]


@needs_make
def test_the_progress_of_pip_is_shown():
    assert not re.search(r"pip install.* (-q|--quiet)", said("demo"))


@needs_make
def test_another_build_of_torch_comes_from_the_given_index():
    index = "https://wheels.example.org/cpu"
    for named in (said(f"TORCH_INDEX={index}", "demo"), said("demo", TORCH_INDEX=index)):
        (line,) = [line for line in named.splitlines() if "pip install" in line]
        assert line.startswith(f'PIP_EXTRA_INDEX_URL="{index} ')
        assert "--constraint requirements.lock" in line
    assert "EXTRA_INDEX" not in said("demo")
