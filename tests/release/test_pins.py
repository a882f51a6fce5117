"""The lock names what the course needs, whichever build of PyTorch is installed, and is never lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.errors import CourseError
from autograder.release.pins import DISTRIBUTION, LOCK, installed, read_lock, require_pinned, write_lock

EXTRAS = ("staff", "test", "dev")
NEEDS = {
    DISTRIBUTION: (
        "0.1.0",
        'torch; python_version > "3"',
        'Grader_Tool; extra == "staff"',
        f'{DISTRIBUTION}[staff]; extra == "test"',
        'tester; extra == "test"',
        f'{DISTRIBUTION}[test]; extra == "dev"',
        'linter; extra == "dev"',
    ),
    "Grader.Tool": ("3.0", "jinja2"),
    "jinja2": ("3.1.6",),
    "tester": ("9.0", "tester-plugin"),
    "tester-plugin": ("1.0",),
    "linter": ("0.1",),
}
CPU = {"torch": ("2.13.0+cpu", "jinja2", "sympy"), "sympy": ("1.14",)}
CUDA = {
    "torch": (
        "2.13.0",
        "jinja2",
        "sympy",
        'cuda-toolkit[cublas]==13.0.3; platform_system == "Linux"',
        "cuda-bindings<14,>=13.0.3",
        'triton==3.7.1; platform_system == "Linux"',
        "nvidia-cudnn-cu13==9.20.0.48",
    ),
    "sympy": ("1.14",),
    "cuda-toolkit": ("13.0.3", 'nvidia-cublas==13.1.*; extra == "cublas"'),
    "nvidia-cublas": ("13.1.1.3",),
    "cuda-bindings": ("13.5.0",),
    "triton": ("3.7.1",),
    "nvidia-cudnn-cu13": ("9.20.0.48",),
}


def install(site: Path, packages: dict[str, tuple[str, ...]]) -> None:
    """Write the metadata that pip leaves of packages: name → version, requirements."""
    for name, (version, *needs) in packages.items():
        folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {need}" for need in needs]
        lines += [f"Provides-Extra: {extra}" for extra in EXTRAS if name == DISTRIBUTION]
        (folder / "METADATA").write_text("\n".join(lines) + "\n")


def remove(site: Path, name: str) -> None:
    (folder,) = site.glob(f"{name}-*.dist-info")
    (folder / "METADATA").unlink()
    folder.rmdir()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that makes this a machine with only some packages, and returns their folder."""

    def made(torch: dict[str, tuple[str, ...]]) -> Path:
        site = tmp_path / f"site {torch['torch'][0]}"
        install(site, NEEDS | torch)
        monkeypatch.setattr(sys, "path", [str(site)])
        return site

    return made


@pytest.fixture
def course(tmp_path) -> Path:
    root = tmp_path / "course"
    root.mkdir()
    return root


def test_both_builds_of_torch_have_the_same_pins(machine, course):
    machine(CPU)
    on_the_cpu = installed(["staff"])
    write_lock(course)
    text = (course / LOCK).read_text()
    machine(CUDA)
    assert installed(["staff"]) == on_the_cpu == {"grader-tool": "3.0", "jinja2": "3.1.6", "torch": "2.13.0"}
    assert require_pinned(course) == on_the_cpu
    write_lock(course)
    assert (course / LOCK).read_text() == text


def test_another_version_of_torch_is_another_version(machine, course):
    machine(CPU)
    write_lock(course)
    machine(CUDA | {"torch": ("2.14.1", *CUDA["torch"][1:])})
    with pytest.raises(
        CourseError, match=r"not those in requirements\.lock \(in brackets\): torch 2\.14\.1 \(2\.13\.0\)"
    ):
        require_pinned(course)


def test_the_lock_holds_what_every_extra_needs(machine, course):
    machine(CPU)
    lock = write_lock(course)
    assert read_lock(course) == lock.versions == {
        "grader-tool": "3.0", "jinja2": "3.1.6", "linter": "0.1", "tester": "9.0", "tester-plugin": "1.0",
        "torch": "2.13.0",
    }  # fmt: skip
    assert lock.kept == ()


def test_a_missing_package_that_only_tests_need_keeps_its_line(machine, course):
    site = machine(CPU)
    complete = write_lock(course).versions
    remove(site, "tester")
    remove(site, "linter")
    assert write_lock(course).kept == ("linter", "tester", "tester-plugin")
    assert read_lock(course) == complete


def test_a_line_that_nothing_needs_goes(machine, course):
    machine(CPU)
    (course / LOCK).write_text("sympy==1.14\nold==1.0\n")
    assert write_lock(course).kept == ()
    assert not {"sympy", "old"} & set(read_lock(course))


@pytest.mark.parametrize("missing", ["torch", "Grader.Tool"])
def test_the_lock_does_not_change_if_a_package_that_grades_is_missing(machine, course, missing):
    (course / LOCK).write_text("torch==2.13.0\n")
    remove(machine(CPU), missing)
    with pytest.raises(
        CourseError, match=r"is not installed. Install it with: pip install -c requirements\.lock -e '\.\[staff\]'"
    ):
        write_lock(course)
    assert (course / LOCK).read_text() == "torch==2.13.0\n"
    assert [path.name for path in course.iterdir()] == [LOCK]


def test_a_line_without_a_version_is_reported(course):
    (course / LOCK).write_text("torch>=2\n")
    with pytest.raises(CourseError, match=r"a line that pins no version: 'torch>=2'"):
        read_lock(course)


def test_the_command_writes_the_file(tiny_course):
    done = CliRunner().invoke(main, ["lock", "--course", str(tiny_course)])
    assert done.exit_code == 0, done.output
    assert f"{LOCK}: {len(read_lock(tiny_course))} versions." in done.output
    assert require_pinned(tiny_course)["torch"].count("+") == 0
    assert not {name for name in read_lock(tiny_course) if name.startswith(("nvidia", "cuda", "triton"))}
