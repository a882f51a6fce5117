"""The declared bounds, those that `make bounds` tests and those in the documentation are the same."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from autograder.release.student_bundle import NEEDS
from tools import bounds
from tools.bounds import oldest

ROOT = Path(__file__).resolve().parents[2]
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]


def lower_bounds(requirements):
    parsed = [Requirement(line) for line in requirements]
    return {need.name: part.version for need in parsed for part in need.specifier if part.operator == ">="}


def test_the_lower_bound_of_every_dependency_is_tested():
    assert lower_bounds(NEEDS) == dict(pin.split("==") for pin in oldest())
    assert len(oldest()) == len(NEEDS)


def test_the_package_has_the_lower_bounds_of_the_students_wheel():
    assert lower_bounds(DEPENDENCIES) == lower_bounds(NEEDS)


def test_the_documentation_names_them():
    page = (ROOT / "docs/maintaining.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z]+)` \| ([\d.]+) \|", page, re.MULTILINE)
    assert dict(rows) == lower_bounds(NEEDS)


def test_only_the_oldest_are_pinned(monkeypatch, tmp_path):
    asked = []

    class Environment:
        def __init__(self, _folder):
            pass

        def install(self, *arguments):
            asked.append(arguments[3:])

        def installed(self):
            return lower_bounds(NEEDS)

        def run(self, *_command, **_options):
            return SimpleNamespace(returncode=1)

    (tmp_path / "x.whl").touch()
    monkeypatch.setattr(bounds, "Environment", Environment)
    monkeypatch.setattr(bounds, "unpack", lambda folder: folder)
    assert [bounds.try_one(end, tmp_path) for end in bounds.ENDS] == [False, False]
    assert asked == [tuple(oldest()), ()]


def test_the_versions_that_failed_are_named(monkeypatch, capsys):
    monkeypatch.setattr(bounds, "try_one", lambda end, _folder: end == "newest")
    monkeypatch.setattr("sys.argv", ["bounds"])
    with pytest.raises(SystemExit, match="Not everything passed with the oldest versions"):
        bounds.main()
    monkeypatch.setattr("sys.argv", ["bounds", "--only", "newest"])
    bounds.main()
    assert capsys.readouterr().out == "Every public check passes with the newest versions.\n"
