"""The package's metadata agree: pyproject.toml, CITATION.cff, CHANGELOG.md, LICENSE and requirements.lock."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from autograder.release.pins import read_lock

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LICENCE = (ROOT / "LICENSE").read_text("utf-8")


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_the_citation_has_what_the_format_requires(citation):
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)


def test_the_citation_says_what_the_package_says(citation):
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    assert citation["abstract"] == PROJECT["description"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert citation.get("repository-code") == PROJECT.get("urls", {}).get("Repository")


def test_the_citation_has_the_date_of_the_changelog(citation):
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    dated = dict(re.findall(r"^## (\S+) - (\S+)$", changelog, re.MULTILINE))
    assert str(citation["date-released"]) == dated[PROJECT["version"]]


def test_the_authors_are_those_of_the_licence():
    for author in PROJECT["authors"]:
        assert author["name"] in LICENCE


def test_versions_of_python_in_the_classifiers_are_those_that_it_runs_on():
    prefix = "Programming Language :: Python :: 3."
    named = [line.removeprefix(prefix) for line in PROJECT["classifiers"] if line.startswith(prefix)]
    assert named
    admitted = SpecifierSet(PROJECT["requires-python"])
    assert all(f"3.{minor}" in admitted for minor in named)


def test_the_ranges_admit_the_locked_versions():
    lock = read_lock(ROOT)
    for need in map(Requirement, PROJECT["dependencies"]):
        assert lock[need.name] in need.specifier, need
