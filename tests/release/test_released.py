"""What has been released of this course: its manifests are in the clone, whole, and tell where to build from."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.course.manifest import read_manifest, versions

ROOT = Path(__file__).resolve().parents[2]
RELEASED = versions(ROOT)


def test_a_first_release_was_cut():
    assert "2026.1" in RELEASED
    assert "2026.1" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("version", RELEASED)
def test_a_manifest_is_whole(version):
    manifest = read_manifest(ROOT, version)
    assert manifest.version == version
    assert [sum(record.points.values()) for record in manifest.exercises.values()] == [12, 14, 20, 16, 16, 22, 15]
    assert set(manifest.exercises) == {exercise.name for exercise in load_course(ROOT).exercises}
    bundles = {name for name in manifest.files if "!" not in name}
    assert {f"exercises-{version}.zip", f"exercises-{version}-solutions.zip"} <= bundles
    assert {f"gradescope/{name}.zip" for name in manifest.exercises} <= bundles
    assert not [name for name in manifest.packages if name.startswith(("nvidia", "cuda", "triton"))]


@pytest.mark.parametrize("version", RELEASED)
def test_the_commit_of_a_release_is_in_the_history(version):
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("needs git, and the history of this folder")
    here = ["-c", f"safe.directory={ROOT}"]
    shallow = subprocess.run(
        [git, *here, "rev-parse", "--is-shallow-repository"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    if shallow == "true":
        pytest.skip("this clone holds no history")
    commit = read_manifest(ROOT, version).commit
    done = subprocess.run([git, *here, "merge-base", "--is-ancestor", commit, "HEAD"], cwd=ROOT, check=False)
    assert done.returncode == 0, f"{commit} is no ancestor of HEAD"


def test_the_changelog_dates_the_packages_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(version)} - 20\d\d-\d\d-\d\d$", changelog, re.M)
    assert changelog.index("## Unreleased") < changelog.index(f"## {version} - ")
