"""Grading a class of the small second course with a real engine: results, resuming, score changes, reproducibility."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import load_course
from autograder.course.cells import Cell, illustrations_of
from autograder.grading.whole_class import grade_class, read_stored
from autograder.results.model import Status
from autograder.results.store import read_results, result_path, write_result
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, best_tier
from autograder.submissions.find import SubmissionFile
from autograder.submissions.read import read_cells
from autograder.submissions.restore import graded_cells

ROOT = Path(__file__).parents[2]
TIER = best_tier()
RIGHT = (Path(__file__).parents[1] / "tiny_course" / "solutions" / "greetings.py").read_text()
WRONG = "# %%\ndef add(numbers):\n    return 7\n"


@pytest.fixture
def course(tiny_course: Path):
    return load_course(tiny_course)


@pytest.fixture
def hand_in(tmp_path: Path):
    """Return a function that writes one student's module and returns the submission."""

    def write(student: str, text: str) -> SubmissionFile:
        path = tmp_path / "submitted" / student / "greetings" / "greetings.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return SubmissionFile(student, "greetings", path)

    return write


@pytest.fixture(scope="module")
def engine():
    with Engine(TIER) as running:
        yield running


class Borrowed:
    """The module's engine, which a run cannot close; it counts its jobs."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.tier, self.jobs = engine, engine.tier, 0

    def __enter__(self):
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def run(self, job):
        self.jobs += 1
        return self.engine.run(job)

    def stop(self) -> None:
        return None


@pytest.fixture
def borrowed(engine: Engine) -> Borrowed:
    return Borrowed(engine)


def snapshot(output: Path) -> dict[str, bytes]:
    """Return the bytes of every result, without durations, which differ from run to run."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*.json"))
        if "durations" not in path.name
    }


def test_parallel_grading_gives_the_same_bytes(course, hand_in, borrowed, tmp_path):
    handed = [hand_in(f"s{n}", RIGHT if n % 2 else WRONG) for n in range(6)]
    grade_class(course, handed, tmp_path / "one", lambda: borrowed, tier=TIER, jobs=1)
    grade_class(course, handed, tmp_path / "eight", lambda: borrowed, tier=TIER, jobs=8)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "eight")
    assert len(snapshot(tmp_path / "one")) == 6


def test_only_changed_submissions_run_again(course, hand_in, borrowed, tmp_path):
    handed = [hand_in("ada", RIGHT), hand_in("bob", WRONG)]
    grade_class(course, handed, tmp_path / "out", lambda: borrowed, tier=TIER)
    assert borrowed.jobs == 2
    before = snapshot(tmp_path / "out")
    again = grade_class(course, handed, tmp_path / "out", lambda: borrowed, tier=TIER)
    assert (borrowed.jobs, again.reused, snapshot(tmp_path / "out")) == (2, 2, before)
    hand_in("bob", RIGHT)
    third = grade_class(course, handed, tmp_path / "out", lambda: borrowed, tier=TIER)
    assert (borrowed.jobs, third.reused) == (3, 1)
    assert [(change.student, change.lowers) for change in third.score_changes] == [("bob", False)]


def test_a_damaged_result_is_graded_again(course, hand_in, borrowed, tmp_path):
    handed = [hand_in("ada", RIGHT)]
    grade_class(course, handed, tmp_path / "out", lambda: borrowed, tier=TIER)
    before = snapshot(tmp_path / "out")
    path = result_path(tmp_path / "out", "ada", "greetings")
    stored = before["ada/greetings.json"]
    for damaged in (b"", stored[:100], stored.replace(b"passed", b"failed", 1), b"[" * 100_000):
        assert damaged != stored
        path.write_bytes(damaged)
        grade_class(course, handed, tmp_path / "out", lambda: borrowed, tier=TIER)
        assert snapshot(tmp_path / "out") == before
    assert borrowed.jobs == 1 + 4


def test_a_score_is_never_lowered_without_permission(course, hand_in, borrowed, tmp_path):
    out = tmp_path / "out"
    grade_class(course, [hand_in("ada", RIGHT)], out, lambda: borrowed, tier=TIER)
    full = read_stored(out, "ada", "greetings")
    handed = [hand_in("ada", WRONG)]

    dry = grade_class(course, handed, out, lambda: borrowed, tier=TIER, dry_run=True)
    changes = [(change.student, change.before, change.checks != ()) for change in dry.score_changes]
    assert changes == [("ada", full.score, True)]
    assert read_stored(out, "ada", "greetings") == full

    kept = grade_class(course, handed, out, lambda: borrowed, tier=TIER)
    assert [change.student for change in kept.kept] == ["ada"]
    assert kept.results == [full]
    assert read_stored(out, "ada", "greetings") == full

    lowered = grade_class(course, handed, out, lambda: borrowed, tier=TIER, allow_lower=True)
    assert [change.lowers for change in lowered.score_changes] == [True]
    assert read_stored(out, "ada", "greetings").score < full.score


def test_no_score_is_read_from_what_a_cell_prints(course, borrowed, tmp_path):
    """Neither from its output when it runs here nor from outputs in the submitted notebook."""
    claims = "import sys\nprint('passed 3/3')\nprint('3.0', file=sys.stderr)\n3.0\n"
    worth = {"nbgrader": {"grade": True, "grade_id": "add", "points": 3, "solution": True, "locked": False}}

    def handed(student: str, *, boasts: bool) -> SubmissionFile:
        outputs = [
            {"output_type": "stream", "name": "stdout", "text": "passed 3/3\n"},
            {"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1},
        ]
        cell = {"cell_type": "code", "id": "a", "metadata": worth, "execution_count": 1}
        cell |= {"source": "def add(numbers):\n    return 7\n" + claims * boasts, "outputs": outputs if boasts else []}
        path = tmp_path / "submitted" / student / "greetings.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return SubmissionFile(student, "greetings", path)

    both = [handed("ada", boasts=True), handed("bob", boasts=False)]
    boastful, modest = grade_class(course, both, tmp_path / "out", lambda: borrowed, tier=TIER).results
    assert borrowed.jobs == 2
    assert boastful.status is Status.GRADED
    assert boastful.score == 0
    assert boastful.questions == modest.questions


def test_a_dry_run_writes_nothing(course, hand_in, borrowed, tmp_path):
    grade_class(course, [hand_in("ada", RIGHT)], tmp_path / "out", lambda: borrowed, tier=TIER, dry_run=True)
    assert not (tmp_path / "out").exists()


def test_an_unreadable_submission_has_a_result_and_stops_no_other(course, hand_in, borrowed, tmp_path):
    bad = hand_in("eve", "")
    html = tmp_path / "x.ipynb"
    html.write_text("<!DOCTYPE html><p>Log in")
    handed = [bad, SubmissionFile("mal", "greetings", html), SubmissionFile("zoe", "greetings", None, "nothing here")]
    handed.append(hand_in("ada", RIGHT))
    run = grade_class(course, handed, tmp_path / "out", lambda: borrowed, tier=TIER)
    by_student = {result.student: result for result in run.results}
    assert by_student["ada"].score == by_student["ada"].max_score
    for name, words in (("eve", "empty"), ("mal", "web page"), ("zoe", "nothing here")):
        result = by_student[name]
        assert (result.status, result.score) == (Status.UNREADABLE, 0)
        assert words in result.message
        assert result.max_score == by_student["ada"].max_score


def test_illustrations_are_recognised_by_their_source_and_changed_ones_run(course):
    exercise = course.exercise("greetings")
    figure = 'try:\n    print("guests:", add([2, 3]))\nexcept NotImplementedError:\n' \
             '    print("write `add` first, then run this cell again")'  # fmt: skip
    cells = (Cell("a", figure), Cell("b", "print(1)", ("active-ipynb",)), Cell("c", "x = 1"))
    assert [cell.id for cell in graded_cells(cells, exercise)] == ["b", "c"]


@pytest.mark.parametrize("exercise", load_course(ROOT).exercises, ids=lambda exercise: exercise.name)
def test_illustrations_are_those_that_jupytext_reads(exercise):
    read = {cell.source.strip() for cell in read_cells(exercise.solution) if cell.is_illustration}
    assert illustrations_of(exercise) == read


# --- The command ------------------------------------------------------------------------------------


@pytest.fixture
def grade(tiny_course: Path, tmp_path: Path):
    """Return a function that runs ``autograder grade`` on the submissions."""

    def run(*arguments: str):
        fixed = ["grade", str(tmp_path / "submitted"), "--course", str(tiny_course), "-o", str(tmp_path / "out")]
        weak = [] if TIER in ISOLATING_TIERS else ["--allow-weak-sandbox"]
        return CliRunner().invoke(main, [*fixed, *weak, *arguments])

    return run


def test_the_command_grades_writes_tables_and_the_gradebook(grade, hand_in, tmp_path, tiny_course):
    hand_in("ada", RIGHT)
    hand_in("bob", WRONG)
    done = grade()
    assert done.exit_code == 0, done.output
    assert "ada" in done.output
    lines = (tmp_path / "out" / "grades.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["student", "ada", "bob"]
    assert (tiny_course / "gradebook.db").is_file()
    record = json.loads((tmp_path / "out" / "ada" / "greetings.json").read_text())
    assert record["tier"] == TIER
    assert "duration_s" not in json.dumps(record)
    repeated = grade()
    assert repeated.exit_code == 0
    assert "2 of 2 had not changed" in repeated.output


def test_results_of_another_grader_version_are_made_again_with_a_message(grade, hand_in, tmp_path):
    hand_in("ada", RIGHT)
    assert "graded again" not in grade("--gradebook", "none").output
    (result,) = read_results(tmp_path / "out")
    write_result(tmp_path / "out", replace(result, environment="python 3.11.7, grader 00000000"))
    output = " ".join(grade("--gradebook", "none").output.split())
    assert "1 of 1 had not changed, but were graded again: another version of the grader" in output
    assert read_results(tmp_path / "out") == [result]


def test_the_command_says_what_it_kept_and_fails(grade, hand_in):
    hand_in("ada", RIGHT)
    assert grade("--gradebook", "none").exit_code == 0
    hand_in("ada", WRONG)
    dry = grade("--gradebook", "none", "--dry-run")
    assert dry.exit_code == 0
    assert any(line.split()[:5] == ["ada", "greetings", "5.5", "0", "-5.5"] for line in dry.output.splitlines())
    assert "Greeter.word -1" in dry.output
    assert max(map(len, dry.output.splitlines())) <= 80
    kept = grade("--gradebook", "none")
    assert (kept.exit_code, "--allow-lower" in kept.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--exercise", "nonsense"], "Choose one of: greetings"),
        (["--student", "nobody"], "no folder for a student"),
        (["--student", "../x"], "cannot be a student's name"),
    ],
)
def test_wrong_use_is_reported_in_a_sentence(grade, hand_in, arguments, words):
    hand_in("ada", RIGHT)
    done = grade(*arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_a_weak_sandbox_is_refused_unless_allowed(grade, hand_in, monkeypatch, tmp_path):
    from autograder.sandbox.isolation import tiers

    monkeypatch.setattr(tiers, "probe", lambda tier: tiers.Probe(tier, works=tier == "D", problem="switched off"))
    hand_in("ada", RIGHT)
    refused = grade("--gradebook", "none")
    assert refused.exit_code == 2
    assert "switched off" in refused.output
    assert grade("--gradebook", "none", "--allow-weak-sandbox", "--require-tier", "A").exit_code == 2
    allowed = grade("--gradebook", "none", "--allow-weak-sandbox")
    assert allowed.exit_code == 0
    assert "WEAK SANDBOX" in allowed.output
    assert json.loads((tmp_path / "out" / "ada" / "greetings.json").read_text())["tier"] == "D"


def test_the_course_is_found_from_a_folder_below(tiny_course, hand_in, monkeypatch):
    hand_in("ada", RIGHT)
    monkeypatch.chdir(tiny_course / "solutions")
    assert load_course().root == tiny_course
    shutil.rmtree(tiny_course / "solutions")
