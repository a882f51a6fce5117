"""After an edit of the checks, only the affected ones run, and the result equals that of grading from scratch."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.course import load_course
from autograder.course.digests import check_digests
from autograder.grading.whole_class import grade_class
from autograder.results.model import CellResult, CheckResult, Outcome
from autograder.results.store import read_results
from autograder.sandbox.engine import Engine
from autograder.sandbox.protocol.messages import Graded
from autograder.submissions.find import SubmissionFile
from tests.conftest import TINY_COURSE, copy_tiny_course, split_files
from tests.grading.processes import RIGHT, TIER, WRONG

FOLDER = TINY_COURSE / "tests" / "checks" / "greetings"
CHECKS = "".join(
    f"# %% {path.relative_to(FOLDER).as_posix()}\n{path.read_text()}" for path in sorted(FOLDER.glob("*/*.py"))
)
"""All check files in one text, as `split_files` reads them."""

ALL = {
    *("add.two_invitations", "add.large_crowd", "add.nobody_invited"),
    *("Greeter.remembers_everybody", "Greeter.word", "Greeter.empty_name"),
}
NOTHING: set[str] = set()
ADDED = '''

@pytest.mark.points(2)
@pytest.mark.after("nobody_invited")
def test_negative(submission):
    """Who leaves is taken off."""
    assert_equal(submission.add([3, -1]), 2, what="add([3, -1])")


# %% public/counting.py
'''

HINTED = "pytestmark = [pytest.mark.hints('Go.')]"

Edit = Callable[[str], str]


def swap(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new)


def without(name: str) -> Edit:
    """Remove a check, with its decorators."""
    return lambda text: re.sub(rf"\n\n(@.*\n)+def test_{name}\(.*\n(    .*\n)+", "", text)


def moved(name: str) -> Edit:
    """Move the checks of a hidden file into the public one of the same question."""

    def edit(text: str) -> str:
        _, *parts = re.split(r"^# %% (\S+)\n", text, flags=re.MULTILINE)
        files = dict(zip(parts[::2], parts[1::2], strict=True))
        files[f"public/{name}"] += files.pop(f"hidden/{name}").replace("..public", "")
        return "".join(f"# %% {each}\n{part}" for each, part in files.items())

    return edit


FIVE = {"add.two_invitations", "add.large_crowd"}
ADD = {"add.two_invitations", "add.large_crowd", "add.nobody_invited"}
GREETER = ALL - ADD
BREAKS = swap("greeter.greeted, [", "greeter.greeted[0].missing, [")

EDITS: dict[str, tuple[Edit, set[str]]] = {
    "a remark": (swap("# The sum is 2 + 3.", "# It adds up."), NOTHING),
    "layout": (swap("math.fsum([0.1, 0.2]), atol", "math.fsum(\n            [0.1, 0.2]), atol"), NOTHING),
    "points": (swap("points(0.5)", "points(3)"), NOTHING),
    "a hint": (swap("Go through the numbers", "Walk through the numbers"), NOTHING),
    "an expectation": (swap("[]), 0, what", "[]), 1, what"), {"add.nobody_invited"}),
    "a check that others come after": (swap("INVITATIONS), 5", "INVITATIONS), 6"), FIVE),
    "a title": (swap("make five guests", "make 5 guests"), FIVE),
    "what it comes after": (swap('@pytest.mark.after("two_invitations")\n', ""), {"add.large_crowd"}),
    "a time limit": (swap("points(0.5)", "points(0.5)\n@pytest.mark.timeout(2)"), {"Greeter.empty_name"}),
    "hidden checks made public": (moved("test_add.py"), ADD),
    "a hint to begin with": (swap("import pytest\n", f"import pytest\n\n{HINTED}\n"), ALL),
    "another hint to begin with": (swap("Begin with the empty list.", "Begin with one number."), NOTHING),
    "a helper": (swap("return submission.add(invitations)", "return submission.add(list(invitations))"), ADD),
    "a constant": (swap("repeat(1, 40)", "repeat(1, 41)"), {"add.large_crowd", "add.nobody_invited"}),
    "a constant of another question": (swap('"Salve"', '"Ave"'), {"Greeter.remembers_everybody"}),
    "a helper of several files": (swap('"greet", "greeted"', '"greet"'), GREETER),
    "a check added": (swap("\n# %% public/counting.py\n", ADDED), {"add.negative"}),
    "a check removed": (without("nobody_invited"), NOTHING),
    "a check that breaks": (BREAKS, {"Greeter.remembers_everybody"}),
}  # fmt: skip


class Noted:
    """An engine that passes every check and records which ones it was asked to run."""

    def __init__(self) -> None:
        self.run_checks: set[str] = set()

    def __enter__(self):
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def stop(self) -> None:
        return None

    def run(self, job):
        kept = {(question, name) for question, name, _ in job.reused}
        checks = [check for check in job.checks if (check.question, check.name) not in kept]
        self.run_checks |= {f"{check.question}.{check.name}" for check in checks}
        passed = [
            (c.question, CheckResult(c.name, c.title, c.visibility, Outcome.PASSED, c.points, c.points)) for c in checks
        ]
        return Graded([CellResult(name, Outcome.PASSED) for name, _ in job.cells], passed, complete=True)


def write_checks(root: Path, text: str) -> None:
    """Replace all check files."""
    shutil.rmtree(root / "tests/checks/greetings")
    split_files(text, "greetings").write_to(root / "tests/checks")


@pytest.fixture
def graded(tiny_course, tmp_path):
    """Return a function that grades a right answer by the checks in a text, and returns those that ran."""
    path = tmp_path / "greetings.py"
    path.write_text(RIGHT)

    def grade(text: str, **keywords: object) -> tuple[set[str], object]:
        write_checks(tiny_course, text)
        engine = Noted()
        handed = [SubmissionFile("ada", "greetings", path)]
        run = grade_class(load_course(tiny_course), handed, tmp_path / "out", lambda: engine, tier=TIER, **keywords)
        return engine.run_checks, run

    return grade


@pytest.mark.parametrize("name", EDITS)
def test_only_the_checks_that_an_edit_affects_are_run(graded, name):
    edit, affected = EDITS[name]
    assert graded(CHECKS)[0] == ALL
    assert edit(CHECKS) != CHECKS
    assert graded(edit(CHECKS))[0] == affected
    assert graded(edit(CHECKS))[0] == NOTHING


def test_changed_points_change_the_score_without_a_run(graded):
    graded(CHECKS)
    ran, run = graded(CHECKS.replace("points(0.5)", "points(3)"))
    assert ran == NOTHING
    assert [(change.before, change.after, change.checks) for change in run.score_changes] == [
        (5.5, 8, (("Greeter.empty_name", 2.5),))
    ]


def test_fewer_points_need_permission(graded):
    graded(CHECKS)
    _, run = graded(CHECKS.replace("points(0.5)", "points(0.25)"))
    assert [(change.before, change.after) for change in run.kept] == [(5.5, 5.25)]
    _, run = graded(CHECKS.replace("points(0.5)", "points(0.25)"), allow_lower=True)
    assert [result.score for result in run.results] == [5.25]


def digests(root: Path, text: str) -> dict[tuple[str, str], str]:
    write_checks(root, text)
    return check_digests(load_course(root).exercise("greetings"))


def test_a_check_that_another_one_calls_is_part_of_both(tiny_course):
    calls = CHECKS.replace('submission.add([]), 0, what="add([])")', 'test_large_crowd(submission), None, what="")')
    before = digests(tiny_course, calls)
    after = digests(tiny_course, calls.replace("CROWD), 45", "CROWD), 46"))
    assert before["add", "nobody_invited"] != after["add", "nobody_invited"]


def test_a_file_beside_the_checks_is_part_of_them_all(tiny_course):
    before = digests(tiny_course, CHECKS)
    (tiny_course / "tests/checks/greetings/data.json").write_text("[]")
    after = check_digests(load_course(tiny_course).exercise("greetings"))
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


# --- The same bytes, with a real engine -------------------------------------------------------------


@pytest.fixture(scope="module")
def engine():
    with Engine(TIER) as running:
        yield running


class Borrowed(Noted):
    """The module's engine, which a run cannot close."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, job):
        return self._engine.run(job)

    def has_ended(self, within_s: float = 1.0) -> bool:
        return self._engine.has_ended(within_s)


HALF = RIGHT.replace("raise ValueError", "print")
CLASS = {"ada": RIGHT, "bob": WRONG, "cleo": HALF, "dan": ""}


@pytest.mark.slow
def test_edits_after_edits_give_the_bytes_of_a_fresh_grading(engine, tmp_path):
    """For any sequence of edits, with all earlier results stored."""
    assert HALF != RIGHT
    handed = []
    for student, text in CLASS.items():
        path = tmp_path / "submitted" / student / "greetings.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        handed.append(SubmissionFile(student, "greetings", path))
    root = copy_tiny_course(tmp_path / "course")

    @settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(sorted(EDITS)), unique=True, max_size=4))
    def grade_again(names: list[str]) -> None:
        text = CHECKS
        for name in names:
            text = EDITS[name][0](text)
        write_checks(root, text)
        course = load_course(root)
        with tempfile.TemporaryDirectory(dir=tmp_path) as fresh:
            for output in (tmp_path / "again", Path(fresh)):
                grade_class(course, handed, output, lambda: Borrowed(engine), tier=TIER, allow_lower=True)
            assert read_results(tmp_path / "again") == read_results(Path(fresh))
            assert _bytes(tmp_path / "again") == _bytes(Path(fresh))

    grade_again()
    shutil.rmtree(tmp_path / "again")


def _bytes(output: Path) -> dict[str, bytes]:
    paths = [path for path in output.rglob("*.json") if "durations" not in path.name]
    return {str(path.relative_to(output)): path.read_bytes() for path in paths}
