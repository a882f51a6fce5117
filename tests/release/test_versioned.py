"""A version can be built again from its commit, by anybody, anywhere, any day: the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course.manifest import read_manifest
from autograder.errors import CourseError
from autograder.release import pins
from autograder.release.pins import LOCK, clean_commit, installed, require_pinned
from tests.conftest import copy_tiny_course, require

ROOT = Path(__file__).resolve().parents[2]
VERSION = "2026.1"
WORLD = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(root: Path, *arguments: str) -> str:
    require("git", "git")
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "safe.directory=*"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=root, env=os.environ | WORLD, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(root: Path) -> str:
    git(root, "init", "-q")
    git(root, "add", "solutions", "tests", "nbgrader_config.py", LOCK)
    git(root, "commit", "-q", "--allow-empty", "-m", "The course")
    return git(root, "rev-parse", "HEAD")


def pin(root: Path, **others: str) -> None:
    lines = [f"{name}=={version}" for name, version in (installed(["staff"]) | others).items()]
    (root / LOCK).write_text("\n".join(["# A lock", *lines, ""]))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def build(root: Path, version: str = VERSION, *options: str):
    return CliRunner().invoke(main, ["build", "--version", version, *options, "--course", str(root)])


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """A course with one built version; tests must not modify it."""
    root = copy_tiny_course(tmp_path_factory.mktemp("released") / "course")
    pin(root)
    commit(root)
    done = build(root)
    assert done.exit_code == 0, done.output
    return root


@pytest.mark.slow
def test_what_a_version_consists_of(released):
    folder = released / "release" / VERSION
    assert set(files(folder)) == {"exercises-2026.1.zip", "exercises-2026.1-solutions.zip", "gradescope/greetings.zip"}
    manifest = read_manifest(released, VERSION)
    assert (manifest.version, manifest.course) == (VERSION, "good-manners")
    assert manifest.commit == git(released, "rev-parse", "HEAD")
    assert manifest.packages == installed(["staff"])
    assert manifest.exercises["greetings"].points == {"add": 3.0, "Greeter": 2.5}
    members = {name.partition("!")[2] for name in manifest.files if name.startswith("exercises-2026.1.zip!")}
    with zipfile.ZipFile(folder / "exercises-2026.1.zip") as archive:
        assert members == set(archive.namelist())
    assert CliRunner().invoke(main, ["verify", VERSION, "--course", str(released)]).exit_code == 0


@pytest.mark.slow
def test_the_version_is_in_the_notebooks(released):
    for kind in ("student", "solution"):
        notebook = json.loads((released / f"release/{kind}/greetings/greetings.ipynb").read_bytes())
        assert notebook["metadata"]["autograder"] == {"exercise": "greetings", "release": VERSION}


@pytest.mark.slow
def test_somebody_else_elsewhere_on_another_day_builds_the_same_bytes(released, tmp_path):
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.getuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o011)
    clone = tmp_path / "another place" / "course"
    git(tmp_path, "clone", "-q", "--no-local", str(released), str(clone))
    for path in (clone.parent, *clone.parent.rglob("*")):  # another day: files have other times
        path.chmod(path.stat().st_mode | 0o066 | (0o011 if path.is_dir() else 0))
        os.utime(path, (0, 10**9), follow_symlinks=False)
    (clone / "release").mkdir(mode=0o777)
    shutil.copyfile(released / f"release/{VERSION}.json", clone / f"release/{VERSION}.json")  # as it was committed
    for folder in (clone, clone / "release"):
        folder.chmod(0o777)
    world = WORLD | {"TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONHASHSEED": "77", "HOME": str(tmp_path / "home")}
    (tmp_path / "home").mkdir(mode=0o777)
    (tmp_path / "home").chmod(0o777)
    world |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    command = [sys.executable, "-m", "autograder", "build", "--version", VERSION, "--course", str(clone)]
    command = ["sh", "-c", 'umask 077; exec "$@"', "sh", *command]
    if os.getuid() == 0:
        command = [sys.executable, "-m", "tests.sandbox.elsewhere", "--as-nobody", "--", *command]
    done = subprocess.run(
        command,
        cwd=ROOT, env=os.environ | world | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "this build is identical, byte for byte" in done.stdout
    made = files(clone / "release" / VERSION)
    assert made == files(released / "release" / VERSION)


@pytest.mark.slow
def test_a_version_is_never_built_again_with_other_bytes(released, tmp_path):
    root = Path(shutil.copytree(released, tmp_path / "course"))
    before = files(root / "release")
    solution = root / "solutions/greetings.py"
    solution.write_text(solution.read_text().replace("How many guests come", "How many guests will come"))
    commit(root)
    done = build(root)
    assert done.exit_code == 2
    assert "2026.1 was released before with other content (commit, exercises, files)" in done.output
    assert "exercises-2026.1.zip was changed" in done.output
    assert files(root / "release") == before
    assert build(root, "2026.2").exit_code == 0
    said = CliRunner().invoke(main, ["diff", VERSION, "2026.2", "--course", str(root)]).output
    assert said == "For students\n  greetings: the cell intro-text-2: changed\n"


def test_what_is_not_committed_is_named(tiny_course):
    pin(tiny_course)
    made = commit(tiny_course)
    assert clean_commit(tiny_course) == made
    (tiny_course / "solutions/more.py").write_text("")
    with (tiny_course / "nbgrader_config.py").open("a") as file:
        file.write("# more\n")
    with pytest.raises(CourseError, match=r"Not committed: nbgrader_config\.py, solutions/more\.py\. .* Commit first"):
        clean_commit(tiny_course)
    (tiny_course / "graded").mkdir()
    (tiny_course / "solutions/more.py").unlink()
    git(tiny_course, "checkout", "-q", "nbgrader_config.py")
    assert clean_commit(tiny_course) == made


def test_without_a_commit_there_is_no_version(tiny_course):
    with pytest.raises(CourseError, match="no git commit to build a version from"):
        clean_commit(tiny_course)


def test_without_git_the_error_says_what_to_install(tiny_course, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    done = build(tiny_course)
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert (
        "git is not installed, and a version is built from a commit. Install it (Debian, Ubuntu: apt install git)"
        in said
    )
    assert "or build without --version" in said


def test_other_packages_than_those_of_the_lock_are_named(tiny_course):
    with pytest.raises(CourseError, match=r"requirements\.lock is missing"):
        require_pinned(tiny_course)
    pin(tiny_course)
    assert require_pinned(tiny_course)["torch"].count("+") == 0
    pin(tiny_course, torch="1.0")
    with pytest.raises(CourseError, match=r"not those in requirements\.lock .*: torch \S+ \(1\.0\)\."):
        require_pinned(tiny_course)


def test_torch_for_gpus_needs_no_other_lock(monkeypatch):
    """The wheels for Python 3.12 and later require libraries that the build for the CPU does not."""
    real = pins.distribution

    def with_libraries(name):
        found = real(name)
        if name == "torch":
            needs = [*(found.requires or ()), "nvidia-nccl-cu99", "cuda-toolkit[cudart]", "cuda_bindings", "triton"]
            return SimpleNamespace(version=found.version, requires=needs)
        return found

    before = installed(["staff"])
    monkeypatch.setattr(pins, "distribution", with_libraries)
    assert installed(["staff"]) == before


def test_this_courses_lock_is_what_is_installed():
    require_pinned(ROOT)


@pytest.mark.parametrize("version", ["", "latest", "2026", "2026.1-beta", "../1.0", "1.0.0.0.0"])
def test_a_version_is_numbers_with_dots(tiny_course, version):
    done = build(tiny_course, version)
    assert done.exit_code == 2
    assert "Use numbers with dots between them, such as 2026.1" in done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sign", str(ROOT / "LICENSE")], "Name it with --version"),
        (["--version", VERSION, "greetings"], "A release holds all exercises"),
        (["--version", VERSION, "--check"], "A release holds all exercises"),
    ],
)
def test_options_that_do_not_go_together_are_told(tiny_course, options, said):
    done = CliRunner().invoke(main, ["build", *options, "--course", str(tiny_course)])
    assert done.exit_code == 2
    assert said in done.output
