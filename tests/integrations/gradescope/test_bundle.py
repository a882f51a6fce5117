"""The zip that is uploaded to Gradescope."""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.course.cells import illustrations_of, locked_cells
from autograder.grading.scheduler import modules_to_preload
from autograder.release.make import stub_module
from autograder.release.platform_bundles import packed_course, write_bundle

ROOT = Path(__file__).resolve().parents[3]


def test_two_bundles_are_the_same_byte_for_byte(bundle, tmp_path):
    (exercise,) = load_course(ROOT / "tests" / "tiny_course").exercises
    write_bundle(exercise, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_the_scripts_are_at_the_top_and_executable(bundle):
    with zipfile.ZipFile(bundle) as opened:
        for name in ("setup.sh", "run_autograder"):
            assert opened.getinfo(name).external_attr >> 16 == 0o100755
            subprocess.run(["bash", "-n"], input=opened.read(name), check=True)
        assert "torch==" in opened.read("requirements.txt").decode()


def test_a_bundle_has_the_checks_and_the_solution(bundle):
    with zipfile.ZipFile(bundle) as opened:
        assert "course/tests/checks/greetings/hidden/test_add.py" in opened.namelist()
        assert not [name for name in opened.namelist() if name.startswith("/") or ".." in name]
        assert b"one guest after the other" in opened.read("course/solutions/greetings.py")


def test_a_bundle_has_only_what_grading_needs_of_the_package(bundle):
    with zipfile.ZipFile(bundle) as opened:
        names = {name for name in opened.namelist() if name.startswith("autograder/")}
    assert {"autograder/integrations/gradescope/container.py", "autograder/grading/one_submission.py"} <= names
    assert not {Path(name).parts[1] for name in names} & {"cli", "gradebook", "lms", "proving", "release", "reporting"}


@pytest.mark.parametrize("optional", [True, False])
def test_an_optional_exercise_stays_one(tmp_path, optional):
    (exercise,) = load_course(ROOT / "tests" / "tiny_course").exercises
    for name, content in packed_course(replace(exercise, optional=optional)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (packed,) = load_course(tmp_path / "course").exercises
    assert packed.optional is optional


@pytest.mark.parametrize("exercise", load_course(ROOT).exercises, ids=lambda exercise: exercise.name)
def test_grading_reads_the_same_from_a_stub_as_from_the_solution(exercise, tmp_path):
    stub = tmp_path / f"{exercise.name}.py"
    stub.write_text(stub_module(exercise), "utf-8")
    packed = replace(exercise, solution=stub)
    assert locked_cells(packed) == locked_cells(exercise)
    assert illustrations_of(packed) == illustrations_of(exercise)
    assert modules_to_preload([packed]) == modules_to_preload([exercise])
