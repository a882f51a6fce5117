"""The wheel of the light core: what is in it, and that it is a wheel."""

import ast
import base64
import csv
import hashlib
import io
import re
import tomllib
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from autograder.errors import CourseError
from autograder.release.student_bundle import NEEDS, light_wheel

ROOT = Path(__file__).resolve().parents[2]
GRADING = {"sandbox", "grading", "release", "proving", "gradebook", "cli", "lms", "reporting"}
INTEGRATED = {"nbgrader", "otter", "gradescope"}


@pytest.fixture(scope="module")
def wheel():
    return zipfile.ZipFile(io.BytesIO(light_wheel("2026.1")[1]))


@pytest.fixture(scope="module")
def metadata(wheel):
    return PathDistribution(zipfile.Path(wheel, "medical_image_autograder-2026.1.dist-info/")).metadata


def imported(source):
    """Yield the imports of this package in a module, including those in functions: (module, name or None)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name.split(".")[0] == "autograder")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "autograder":
            yield from ((node.module, alias.name) for alias in node.names)


def test_modules_are_closed_under_import(wheel):
    names = {name for name in wheel.namelist() if name.endswith(".py")}
    for name in names:
        for module, attribute in imported(wheel.read(name)):
            path = module.replace(".", "/")
            assert {f"{path}.py", f"{path}/__init__.py"} & names, f"{name} imports {module}"
            submodule = f"{path}/{attribute}.py"
            assert submodule in names or not (ROOT / submodule).exists(), f"{name} imports {submodule}"


def test_nothing_that_grades_is_in_it(wheel):
    rooms = {Path(name).parts[1].removesuffix(".py") for name in wheel.namelist() if name.startswith("autograder/")}
    assert not rooms & GRADING
    assert not [name for name in wheel.namelist() if set(Path(name).parts) & INTEGRATED]
    assert {"checking", "datasets", "runtime", "results", "course"} <= rooms


def test_modules_are_those_of_the_package(wheel):
    for name in wheel.namelist():
        if name.startswith("autograder/"):
            assert wheel.read(name) == (ROOT / name).read_bytes()


def test_record_lists_every_file_with_its_digest(wheel):
    record = "medical_image_autograder-2026.1.dist-info/RECORD"
    rows = {name: (digest, size) for name, digest, size in csv.reader(io.StringIO(wheel.read(record).decode()))}
    assert set(rows) == set(wheel.namelist())
    assert rows.pop(record) == ("", "")
    for name, row in rows.items():
        content = wheel.read(name)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert row == (f"sha256={digest}", str(len(content)))


def test_name_and_tag(wheel):
    name, version, build, tags = parse_wheel_filename(light_wheel("2026.1")[0])
    assert (name, str(version), build, {str(tag) for tag in tags}) == (
        "medical-image-autograder", "2026.1", (), {"py3-none-any"},
    )  # fmt: skip
    assert b"Root-Is-Purelib: true\nTag: py3-none-any\n" in wheel.read(
        "medical_image_autograder-2026.1.dist-info/WHEEL"
    )


def test_it_needs_what_the_project_needs_without_exact_versions(metadata):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    core = {Requirement(line).name: Requirement(line) for line in project["dependencies"]}
    needs = {Requirement(line).name: Requirement(line) for line in metadata.get_all("Requires-Dist")}
    assert list(needs) == list(core) == [Requirement(line).name for line in NEEDS]
    for name, need in needs.items():
        assert {part.operator for part in need.specifier} == {">="}
        lowest = [part.version for part in core[name].specifier if part.operator in ("==", ">=")]
        assert all(need.specifier.contains(version) for version in lowest)
    assert metadata["Version"] == "2026.1"
    assert metadata["Requires-Python"] == re.match(r"[^,]+", project["requires-python"])[0]


def test_the_same_bytes_every_time():
    assert light_wheel("2026.1") == light_wheel("2026.1")


@pytest.mark.parametrize("version", ["unreleased", "2026-1", "2026.01", "v2026.1", "2026.1+cpu", "", "2026.1\n"])
def test_an_invalid_version_is_refused(version):
    with pytest.raises(CourseError, match=r"Use numbers and dots, such as 2026\.1"):
        light_wheel(version)


@pytest.mark.parametrize("version", ["2026.1", "2026.10", "2026.2rc1", "2026.1.post1", "0.1.0"])
def test_versions(version):
    assert light_wheel(version)[0] == f"medical_image_autograder-{version}-py3-none-any.whl"
