"""After a change to the checks only what it touches is run, and the result is the one that a fresh grading gives."""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.course import load_course
from autograder.grading.collect import Handed
from autograder.grading.digests import check_digests
from autograder.grading.run import grade_class
from autograder.results import CellResult, CheckResult, Outcome, read_results
from autograder.sandbox.engine import Engine, Graded
from tests.conftest import TINY_COURSE, copy_tiny_course
from tests.grading.processes import RIGHT, TIER, WRONG

CHECKS = (TINY_COURSE / "tests" / "checks" / "test_greetings.py").read_text()
ALL = {
    *("add.two_invitations", "add.large_crowd", "add.nobody_invited"),
    *("Greeter.remembers_everybody", "Greeter.word", "Greeter.empty_name"),
}
NOTHING: set[str] = set()
ADDED = '''
    @pytest.mark.points(2)
    @pytest.mark.after("nobody_invited")
    def test_negative(self, submission):
        """Who leaves is taken off."""
        assert_equal(submission.add([3, -1]), 2, what="add([3, -1])")


@pytest.mark.question("Greeter")'''

Edit = Callable[[str], str]


def swap(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new)


def without(name: str) -> Edit:
    """Remove a check, with its decorators."""

    def edit(text: str) -> str:
        found = [node for node in ast.walk(ast.parse(text)) if getattr(node, "name", "") == f"test_{name}"]
        lines = text.splitlines(keepends=True)
        for node in found:
            del lines[node.decorator_list[0].lineno - 1 : node.end_lineno]
        return "".join(lines)

    return edit


FIVE = {"add.two_invitations", "add.large_crowd"}
BREAKS = swap("greeter.greeted, [", "greeter.greeted[0].missing, [")

EDITS: dict[str, tuple[Edit, set[str]]] = {
    "a remark": (swap("# The sum is 2 + 3.", "# It adds up."), NOTHING),
    "layout": (swap("math.fsum([0.1, 0.2]), atol", "math.fsum(\n            [0.1, 0.2]), atol"), NOTHING),
    "points": (swap("points(0.5)", "points(3)"), NOTHING),
    "a hint": (swap("Go through the numbers", "Walk through the numbers"), NOTHING),
    "an expectation": (swap("[]), 0, what", "[]), 1, what"), {"add.nobody_invited"}),
    "a check that others come after": (swap("INVITATIONS), 5", "INVITATIONS), 6"), FIVE),
    "a title": (swap("make five guests", "make 5 guests"), FIVE),
    "what it comes after": (swap('    @pytest.mark.after("two_invitations")\n', ""), {"add.large_crowd"}),
    "a time limit": (swap("points(0.5)", "points(0.5)\n    @pytest.mark.timeout(2)"), {"Greeter.empty_name"}),
    "a hidden check made public": (swap("# A hidden remark about crowds.", "@pytest.mark.public"), {"add.large_crowd"}),
    "a helper": (swap("return submission.add(invitations)", "return submission.add(list(invitations))"), ALL),
    "a constant": (swap("repeat(1, 40)", "repeat(1, 41)"), ALL),
    "a class's constant": (swap('"Salve"', '"Ave"'), ALL),
    "a check added": (swap('\n\n@pytest.mark.question("Greeter")', ADDED), {"add.negative"}),
    "a check removed": (without("nobody_invited"), NOTHING),
    "a check that breaks": (BREAKS, {"Greeter.remembers_everybody"}),
}  # fmt: skip


class Noted:
    """An engine that passes every check, and notes which it was asked to run."""

    def __init__(self) -> None:
        self.run_checks: set[str] = set()

    def __enter__(self):
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def stop(self) -> None:
        return None

    def run(self, job):
        kept = {(question, name) for question, name, _ in job.kept}
        checks = [check for check in job.checks if (check.question, check.name) not in kept]
        self.run_checks |= {f"{check.question}.{check.name}" for check in checks}
        passed = [
            (c.question, CheckResult(c.name, c.title, c.visibility, Outcome.PASSED, c.points, c.points)) for c in checks
        ]
        return Graded([CellResult(name, Outcome.PASSED) for name, _ in job.cells], passed, complete=True)


@pytest.fixture
def graded(tiny_course, tmp_path):
    """Return what grades one right answer with checks of this text, and says which were run."""
    path = tmp_path / "greetings.py"
    path.write_text(RIGHT)

    def grade(text: str, **keywords: object) -> tuple[set[str], object]:
        checks = tiny_course / "tests" / "checks" / "test_greetings.py"
        checks.write_text(text)
        engine = Noted()
        handed = [Handed("ada", "greetings", path)]
        run = grade_class(load_course(tiny_course), handed, tmp_path / "out", lambda: engine, tier=TIER, **keywords)
        return engine.run_checks, run

    return grade


@pytest.mark.parametrize("name", EDITS)
def test_only_what_a_change_touches_is_run(graded, name):
    edit, touched = EDITS[name]
    assert graded(CHECKS)[0] == ALL
    assert edit(CHECKS) != CHECKS
    assert graded(edit(CHECKS))[0] == touched
    assert graded(edit(CHECKS))[0] == NOTHING


def test_changed_points_move_the_score_without_a_run(graded):
    graded(CHECKS)
    ran, run = graded(CHECKS.replace("points(0.5)", "points(3)"))
    assert ran == NOTHING
    assert [(move.before, move.after, move.checks) for move in run.moves] == [(5.5, 8, (("Greeter.empty_name", 2.5),))]


def test_fewer_points_are_not_taken_away_unseen(graded):
    graded(CHECKS)
    _, run = graded(CHECKS.replace("points(0.5)", "points(0.25)"))
    assert [(move.before, move.after) for move in run.kept] == [(5.5, 5.25)]
    _, run = graded(CHECKS.replace("points(0.5)", "points(0.25)"), allow_lower=True)
    assert [result.score for result in run.results] == [5.25]


def test_a_check_that_another_one_calls_is_part_of_both(tiny_course):
    exercise = load_course(tiny_course).exercise("greetings")
    calls = CHECKS.replace(
        'submission.add([]), 0, what="add([])")', 'self.test_two_invitations(submission), None, what="")'
    )
    exercise.checks.write_text(calls)
    before = check_digests(exercise)
    exercise.checks.write_text(calls.replace("INVITATIONS), 5", "INVITATIONS), 6"))
    after = check_digests(exercise)
    assert before["add", "nobody_invited"] != after["add", "nobody_invited"]


def test_a_file_beside_the_checks_is_part_of_them_all(tiny_course):
    exercise = load_course(tiny_course).exercise("greetings")
    before = check_digests(exercise)
    exercise.checks.with_suffix(".data.json").write_text("[]")
    after = check_digests(exercise)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


# --- The same bytes, for real -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine():
    with Engine(TIER) as running:
        yield running


class Borrowed(Noted):
    """The module's engine as one that a run opens and closes."""

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
    """Whatever was graded before, in whatever order checks were changed."""
    assert HALF != RIGHT
    handed = []
    for student, text in CLASS.items():
        path = tmp_path / "submitted" / student / "greetings.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        handed.append(Handed(student, "greetings", path))
    root = copy_tiny_course(tmp_path / "course")
    checks = root / "tests" / "checks" / "test_greetings.py"

    @settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(sorted(EDITS)), unique=True, max_size=4))
    def grade_again(names: list[str]) -> None:
        text = CHECKS
        for name in names:
            text = EDITS[name][0](text)
        checks.write_text(text)
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
