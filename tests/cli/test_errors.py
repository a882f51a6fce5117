"""Every fault of names, settings, folders, files and packages gives one message that says what to do, and no traceback.

Every command meets every kind of fault. The commands are those of the group itself: a new one fails these tests until
`GOOD` and `CASES` hold a correct and a faulty call of it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner, Result

from autograder.cli.doctor import Finding
from autograder.cli.main import EXIT_FAILED, EXIT_USAGE, main
from autograder.course import load_course
from autograder.course.manifest import Manifest, path_of
from autograder.files import write_zip
from autograder.release.make import stub_module
from autograder.results.model import CheckResult, Outcome, QuestionResult, Status
from autograder.results.model import Result as Graded
from autograder.results.store import write_result
from autograder.runtime import environment
from tests.conftest import copy_tiny_course

CONFIG, SOLUTION = "nbgrader_config.py", "solutions/greetings.py"
CHECKS, ANSWERS = "tests/checks/greetings/public/test_add.py", "tests/answers/greetings/add.py"

GOOD = {
    "new": "new waves",
    "build": "build",
    "lock": "lock",
    "diff": "diff 1.0 1.0",
    "verify": "verify 1.0",
    "collect": "collect a.zip",
    "grade": "grade submitted",
    "feedback": "feedback",
    "report": "report",
    "export": "export -f moodle --roster roster.csv",
    "prove": "prove",
    "calibrate": "calibrate",
    "doctor": "doctor",
}
"""How each command is called on the course of these tests: it fails only at what a test breaks."""

Break = Callable[[Path], object]


def garbage(path: Path) -> None:
    """Write bytes that are neither UTF-8 nor JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff{\n")


def folder(path: Path) -> None:
    """Put a folder in a file's place, which nobody can read as a file, not even root."""
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)


def file(path: Path) -> None:
    """Put a file in a folder's place."""
    shutil.rmtree(path)
    path.touch()


def added(text: str) -> Break:
    """Return a function that adds a line to a file."""
    return lambda path: path.write_text(f"{path.read_text('utf-8')}\n{text}\n", "utf-8")


def written(text: str) -> Break:
    """Return a function that writes this text to a file."""
    return lambda path: (path.parent.mkdir(parents=True, exist_ok=True), path.write_text(text, "utf-8"))


def replaced(old: str, new: str) -> Break:
    """Return a function that replaces text in a file."""
    return lambda path: path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


class Case(NamedTuple):
    """The kind of fault, the call, words of its message, and what is broken beforehand, and where."""

    kind: str
    command: str
    words: str
    at: str = ""
    broken: Break | None = None


NOSUCH = "There is no exercise 'nosuch'. Choose one of: greetings."
FAILS = "nbgrader_config.py fails: "
EXPORT = "export -f moodle --roster roster.csv"
STORED, RECORD = "graded/ada/greetings.json", "tests/checks/greetings/calibration.json"
MANIFEST, MEMORY = "release/1.0.json", ".calibration/greetings.jsonl"
NO_RELEASE = "There is no release 1.0 here. Known releases: none yet"

CASES = [
    Case("name", "new My-Exercise", "'My-Exercise' cannot name an exercise"),
    Case("name", "new greetings", "There is already an exercise 'greetings'"),
    Case("name", "new waves --question 1", "'1' cannot name a question"),
    Case("name", "build nosuch", NOSUCH),
    Case("name", "build --check nosuch", NOSUCH),
    Case("name", "build --version new", "'new' cannot be a version"),
    Case("name", "lock --course nosuch", "'nosuch' does not exist"),
    Case("name", "diff 1.0 9.9", "There is no release 9.9 here. Known releases: 1.0."),
    Case("name", "verify 9.9", "There is no release 9.9 here. Known releases: 1.0."),
    Case("name", "verify ../1.0", "There is no release ../1.0 here"),
    Case("name", "collect a.zip -e nosuch", NOSUCH),
    Case("name", "grade submitted -e nosuch", NOSUCH),
    Case("name", "grade submitted -s nobody", "has no folder for a student 'nobody'"),
    Case("name", "grade submitted -s ../ada", "cannot be a student's name"),
    Case("name", "grade a.zip", "autograder collect a.zip"),
    Case("name", "feedback -e nosuch", "Grade first, or name another exercise or student"),
    Case("name", "report -e nosuch", NOSUCH),
    Case("name", "export -f plain -e nosuch", NOSUCH),
    Case("name", f"{EXPORT} --column nosuch=A", NOSUCH),
    Case("name", f"{EXPORT} --column greetings=A", "There is no column 'A' in roster.csv"),
    Case("name", "prove nosuch", NOSUCH),
    Case("name", "calibrate nosuch", NOSUCH),
    Case("name", "doctor --course nosuch", "'nosuch' does not exist"),
    Case("config", "build", f"{FAILS}ZeroDivisionError", CONFIG, added("1 / 0")),
    Case("config", "grade submitted", f"{FAILS}ZeroDivisionError", CONFIG, added("1 / 0")),
    Case("config", "grade submitted", "db_url to 5", CONFIG, added("c.CourseDirectory.db_url = 5")),
    Case("config", "grade submitted", f"{FAILS}SystemExit", CONFIG, added("raise SystemExit")),
    Case("config", "feedback --nbgrader", FAILS, CONFIG, added("c.CourseDirectory = 5")),
    Case("config", "feedback --nbgrader", "root to 5", CONFIG, added("c.CourseDirectory.root = 5")),
    Case(
        "config",
        "build",
        "No module named 'nosuch'",
        CONFIG,
        added('c.GenerateAssignment.preprocessors = ["nosuch.X"]'),
    ),
    Case("folder", "diff 1.0 1.0", NO_RELEASE, "release", shutil.rmtree),
    Case("folder", "verify 1.0", NO_RELEASE, "release", shutil.rmtree),
    Case("folder", "collect nosuch.zip", "'nosuch.zip' does not exist"),
    Case("folder", "grade submitted", "'submitted' does not exist", "submitted", shutil.rmtree),
    Case("folder", "grade submitted", "Nothing to grade in submitted", "submitted/ada", shutil.rmtree),
    Case("folder", "feedback", "There is no folder graded. Grade first", "graded", shutil.rmtree),
    Case("folder", "report", "There is no folder graded. Grade first", "graded", shutil.rmtree),
    Case("folder", EXPORT, "There is no folder graded. Grade first", "graded", shutil.rmtree),
    Case("folder", "export -f plain", "no results of greetings. Grade first", "graded/ada", shutil.rmtree),
    Case("folder", "prove", "is missing. Run `autograder build` first", "exercises", shutil.rmtree),
    Case("folder", "prove", "add.py is missing. Write right and wrong", "tests/answers", shutil.rmtree),
    Case("file", "new waves", "tests/answers/waves exists already", "tests/answers/waves", folder),
    Case("file", "new waves", "waves_question.py cannot be written", "tests/answers", file),
    Case("file", "build", "cell 8 (question Greeter) is not valid Python", SOLUTION, added("def (:")),
    Case("file", "lock", "requirements.lock cannot be written (Is a directory)", "requirements.lock", folder),
    Case("file", "diff 1.0 1.0", "1.0.json is damaged", MANIFEST, garbage),
    Case("file", "diff 1.0 1.0", "1.0.json is damaged", MANIFEST, written("[]")),
    Case("file", "verify 1.0", "1.0.json is damaged", MANIFEST, replaced('"files": {}', '"files": 5')),
    Case("file", "verify 1.0", NO_RELEASE, MANIFEST, folder),
    Case("file", "collect a.zip", "has no column email", "submitted/students.csv", written("a,b\n1,2\n")),
    Case("file", "collect a.zip", "cannot be written (Is a directory)", "submitted/students.csv", folder),
    Case("file", "collect a.zip --roster roster.csv", "roster.csv has no column", "roster.csv", garbage),
    Case("file", "grade submitted", "ada/greetings.json cannot be written", STORED, folder),
    Case("file", "grade submitted", "Is a directory (graded/.grading.lock)", "graded/.grading.lock", folder),
    Case("file", "feedback", "holds no such results. Grade first", STORED, garbage),
    Case("file", "feedback", "greetings.html cannot be written", "graded/ada/greetings.html", folder),
    Case("file", "feedback --nbgrader", "cannot be read: file is not a database", "gradebook.db", garbage),
    Case("file", "report", "holds no results of greetings. Grade first", STORED, folder),
    Case("file", "report", "class.html cannot be written (Is a directory)", "graded/class.html", folder),
    Case("file", "report", "cell 8 (question Greeter) is not valid Python", SOLUTION, added("def (:")),
    Case("file", EXPORT, "roster.csv is empty", "roster.csv", written("")),
    Case("file", EXPORT, "moodle.csv cannot be written (Is a directory)", "graded/moodle.csv", folder),
    Case("file", EXPORT, "holds no results of greetings", STORED, written("{}")),
    Case("file", "prove", "add.py cannot be read: it is not text in UTF-8", ANSWERS, garbage),
    Case("file", "prove", "add.py is missing. Write", ANSWERS, folder),
    Case("file", "prove", "which is not a check of add", ANSWERS, added('# %% wrong="x" caught_by=5\npass')),
    Case("file", "prove", "has no cell for Greeter, add. Run `autograder build`", "exercises/greetings.py", garbage),
    Case("file", "calibrate", "is not a calibration record", RECORD, garbage),
    Case("file", "calibrate --check", "is not a calibration record", RECORD, written('{"experiments": {"a": 3}}')),
    Case("file", "calibrate", "greetings.jsonl:1 is damaged", MEMORY, garbage),
    Case("file", "calibrate", "greetings.jsonl cannot be read (Is a directory)", MEMORY, folder),
]

BROKEN_COURSE = {
    "a syntax error in the settings": (CONFIG, added("c = ["), "nbgrader_config.py:37: this is not valid Python"),
    "settings that are no text": (CONFIG, garbage, "nbgrader_config.py cannot be read: it is not text in UTF-8"),
    "a folder as the settings": (CONFIG, folder, "No course here"),
    "no settings": (CONFIG, Path.unlink, "No course here"),
    "a number as exercises": (CONFIG, added("c.Course.exercises = 3"), "write c.Course.exercises as a literal list"),
    "a text as exercises": (CONFIG, added("c.Course.exercises = 'x'"), "write c.Course.exercises as a literal list"),
    "numbers as exercises": (CONFIG, added("c.Course.exercises = [1]"), "write c.Course.exercises as a literal list"),
    "nothing as optional": (CONFIG, added("c.Course.optional = None"), "write c.Course.optional as a literal list"),
    "an unknown exercise": (CONFIG, added("c.Course.exercises = ['x']"), "without a solutions/*.py: x."),
    "no folder of checks": ("tests/checks", shutil.rmtree, "has no checks: write tests/checks/greetings/public"),
    "a solution that is no text": (SOLUTION, garbage, "solutions/greetings.py cannot be read: it is not text in UTF-8"),
    "a folder as a solution": (SOLUTION, folder, "solutions/greetings.py cannot be read (Is a directory)"),
    "checks that are no text": (CHECKS, garbage, "test_add.py cannot be read: it is not text in UTF-8"),
    "a folder as checks": (CHECKS, folder, "test_add.py cannot be read (Is a directory)"),
    "a syntax error in checks": (CHECKS, added("def (:"), "test_add.py:19: this is not valid Python"),
    "points that are no number": (
        CHECKS, added("@pytest.mark.points('x')\ndef test_q(): 'Q.'"), "write a number in pytest.mark.points(…)"
    ),
}  # fmt: skip
"""Faults of a course, which every command must report, as all of them read the course."""

MISSING = {
    ("build", "jupytext"): "build",
    ("build", "nbgrader"): "build",
    ("build", "traitlets"): "build",
    ("collect", "rich"): "collect a.zip",
    ("collect", "yaml"): "collect export.zip",
    ("diff", "rich"): "diff 1.0 1.0",
    ("doctor", "rich"): "doctor",
    ("export", "rich"): EXPORT,
    ("feedback", "jinja2"): "feedback",
    ("feedback", "sqlalchemy"): "feedback --nbgrader",
    ("grade", "distributed"): "grade submitted --dask tcp://localhost:1",
    ("grade", "msgpack"): "grade submitted --allow-weak-sandbox",
    ("grade", "nbgrader"): "grade submitted --allow-weak-sandbox",
    ("lock", "packaging"): "lock",
    ("prove", "jupytext"): "prove --allow-weak-sandbox",
    ("prove", "msgpack"): "prove --allow-weak-sandbox",
    ("report", "copydetect"): "report",
    ("calibrate", "rich"): "calibrate",
}
"""(Command, package) → a call of the command that needs the package."""

EXTRA = {"distributed": "[cluster]", "packaging": ""}
"""The extra that installs a package, if it is not ``staff``."""

NEED_NOTHING = {"new", "verify"}
"""Commands that need no package except click."""


# --- The course of these tests --------------------------------------------------------------------


@pytest.fixture(scope="module")
def ready_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a course with all that commands look for: a stub, a submission, a result, a manifest, a download."""
    root = copy_tiny_course(tmp_path_factory.mktemp("ready") / "course")
    (exercise,) = load_course(root).exercises
    written(stub_module(exercise))(root / "exercises/greetings.py")
    check = CheckResult("two_invitations", "It.", "public", Outcome.FAILED, 0, 1)
    questions = (QuestionResult("add", (check,)),)
    write_result(root / "graded", Graded("ada", "greetings", "", "s", "c", "e", "A", Status.GRADED, questions))
    written("")(root / "submitted/ada/greetings/greetings.py")  # empty: graded without a sandbox
    manifest = path_of(root, "1.0")
    manifest.parent.mkdir()
    manifest.write_bytes(Manifest("1.0", "good-manners", "abc", "3.12", {}, {}).to_bytes())
    written("Username,Email address\nada,a@x.org\n")(root / "roster.csv")
    write_zip(root / "a.zip", {"ada_1_2_greetings.ipynb": b"{}"})
    write_zip(root / "export.zip", {"a/submission_metadata.yml": b"{}", "a/submission_1/x.py": b""})
    return root


@pytest.fixture
def course(ready_course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a fresh copy of the course as the working directory; no sandbox is tried or started."""
    root = shutil.copytree(ready_course, tmp_path / "course")
    monkeypatch.chdir(root)
    monkeypatch.setattr("autograder.sandbox.isolation.tiers.best_tier", lambda: "A")
    monkeypatch.setattr("autograder.cli.doctor._torch", lambda: Finding("torch", fine=True, found="not imported"))
    engine = contextlib.nullcontext(SimpleNamespace(tier="A"))
    for name in main.list_commands(click.Context(main)):  # a module imported meanwhile would keep the patch for good
        main.get_command(click.Context(main), name)
    for module in [module for name, module in sys.modules.items() if name.startswith("autograder.cli.")]:
        if hasattr(module, "engine_factory"):
            monkeypatch.setattr(module, "engine_factory", lambda *_: lambda: engine)
    return root


def run(command: str) -> Result:
    return CliRunner().invoke(main, command.split())


def assert_told(done: Result, words: str, code: int = EXIT_USAGE) -> None:
    """Assert that a command ended with one message on standard error, and printed nothing to standard output."""
    assert isinstance(done.exception, SystemExit), done.exception
    said = " ".join(done.stderr.split())
    assert done.exit_code == code, done.output
    assert sum(line.startswith("Error: ") for line in done.stderr.splitlines()) == 1, said
    assert words in said
    assert "Traceback" not in said
    assert done.stdout == ""


# --- Every command --------------------------------------------------------------------------------


def test_every_command_is_tried():
    commands = set(main.list_commands(click.Context(main)))
    assert set(GOOD) == commands
    tried = {kind: {case.command.split()[0] for case in CASES if case.kind == kind} for kind in ("name", "file")}
    assert tried["name"] == commands
    assert tried["file"] == commands - {"doctor"}  # it reads nothing but the course
    assert {command for command, _ in MISSING} == commands - NEED_NOTHING


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.command}")
def test_one_sentence(course, case):
    if case.broken is not None:
        case.broken(course / case.at)
    assert_told(run(case.command), case.words)


@pytest.mark.parametrize("fault", BROKEN_COURSE)
def test_a_broken_course_is_told_by_every_command(course, fault):
    at, broken, words = BROKEN_COURSE[fault]
    broken(course / at)
    before = sorted(course.rglob("*"))
    for command in GOOD:
        done = run(GOOD[command])
        if command == "doctor":  # a finding like any other: doctor goes on
            assert done.exit_code == EXIT_FAILED
            assert words in " ".join(done.stdout.split())
        else:
            assert_told(done, words)
    assert sorted(course.rglob("*")) == before


def test_a_folder_without_a_course_is_told_by_every_command(course, tmp_path):
    (tmp_path / "empty").mkdir()
    for command in GOOD.keys() - {"doctor"}:
        done = run(f"{GOOD[command]} --course {tmp_path / 'empty'}")
        assert_told(done, "Change to the course's folder, or name it")


def test_a_file_that_this_user_may_not_read_is_told_by_every_command(course):
    (course / CONFIG).chmod(0)
    if os.access(course / CONFIG, os.R_OK):
        pytest.skip("root may read everything")
    for command in GOOD.keys() - {"doctor"}:
        assert_told(run(GOOD[command]), "nbgrader_config.py cannot be read (Permission denied)")


@pytest.mark.parametrize(("command", "package"), MISSING)
def test_a_missing_package_is_told_with_what_brings_it(ready_course, command, package):
    """Runs in a process of its own, in which nothing has imported the package before."""
    hide = f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = {MISSING[command, package].split()!r}"
    done = subprocess.run(
        [sys.executable, "-c", f"{hide}; from autograder.cli.main import main; main(prog_name='autograder')"],
        cwd=ready_course, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == EXIT_USAGE, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert f"medical-image-autograder{EXTRA.get(package, '[staff]')}" in done.stderr
    assert package in done.stderr or package == "distributed"  # which its users know as dask


def test_doctor_goes_on_without_medmnist(course, monkeypatch):
    monkeypatch.setattr("autograder.datasets.images.medmnist_info", lambda: importlib.import_module("nosuch"))
    done = run("doctor --json")
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert not findings["data"]["fine"]
    assert "The package nosuch is not installed" in findings["data"]["advice"]
    assert findings["course"]["fine"]


@pytest.mark.parametrize("command", ["diff", "verify", "grade", "prove"])
def test_for_scripts_nothing_but_a_document_is_printed(course, command):
    added("c = [")(course / CONFIG)
    assert_told(run(f"{GOOD[command]} --json"), "nbgrader_config.py:37")
