"""Results for Gradescope: the format, the scores, and what remains when grading is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from autograder.course import load_course
from autograder.grading.one_submission import grade, prepare
from autograder.grading.scheduler import modules_to_preload
from autograder.integrations.gradescope.container import grade_submission, students
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier, probe
from autograder.sandbox.protocol.messages import Limits
from autograder.submissions.find import SubmissionFile
from tests.integrations.gradescope import spec
from tests.integrations.gradescope.spec import by_question

pytestmark = pytest.mark.slow

RIGHT = """
class Greeter:
    def __init__(self, word="Hello"):
        self.word, self.greeted = word, []
    def greet(self, name):
        if not name:
            raise ValueError("empty")
        self.greeted.append(name)
        return f"{self.word}, {name}!"
def add(numbers):
    return sum(numbers)
"""
HALF = RIGHT.replace("return sum(numbers)", "return 5  # <script>alert(1)</script>")
LEAVES = RIGHT.replace("return sum(numbers)", "import os; os._exit(0)")
LOOPS = RIGHT.replace("return sum(numbers)", "\n    while True: pass")
HOARDS = RIGHT.replace("return sum(numbers)", "return len(bytearray(1 << 40))")
SLEEPS = "import time\ntime.sleep(600)\n" + RIGHT
RAISES_MARKUP = RIGHT.replace("return sum(numbers)", "raise ValueError('<b>**\\x1b[31m\\ud800')")

ANSWERS = {"right": RIGHT, "half": HALF, "leaves": LEAVES, "hoards": HOARDS, "markup": RAISES_MARKUP}


def hand_in(places, source, name="greetings.py"):
    (places.submission / name).write_text(source, "utf-8")


def results(places):
    return spec.results(places.results)


def graded_scores(places, path):
    """Return the scores that `autograder grade` gives, by question."""
    exercise = load_course(places.course).exercises[0]
    prepared = prepare(SubmissionFile("ada", exercise.name, path), exercise, best_tier())
    with Engine(best_tier(), protected=[places.root], preload=modules_to_preload([exercise])) as engine:
        result = grade(engine, prepared, Limits())
    return {question.name: question.score for question in result.questions}


@pytest.mark.slow
@pytest.mark.parametrize("answer", ANSWERS)
def test_scores_are_those_of_autograder_grade(places, answer):
    hand_in(places, ANSWERS[answer])
    grade_submission(places)
    assert by_question(results(places)) == graded_scores(places, places.submission / "greetings.py")


def test_a_right_answer_has_all_points_and_hidden_checks_wait(places):
    hand_in(places, RIGHT)
    grade_submission(places)
    content = results(places)
    assert content["score"] == 5.5
    assert {test["status"] for test in content["tests"]} == {"passed"}
    assert [test["number"] for test in content["tests"]] == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]
    assert {test["visibility"] for test in content["tests"] if "hidden" in test["tags"]} == {"after_published"}
    assert {test["visibility"] for test in content["tests"] if "public" in test["tags"]} == {"visible"}


def test_another_file_name_is_accepted_and_mentioned(places):
    hand_in(places, RIGHT, "my work (2).py")
    grade_submission(places)
    content = results(places)
    assert content["score"] == 5.5
    assert "my work (2).py" in content["output"]


def test_nothing_to_grade_says_what_to_do(places):
    grade_submission(places)
    content = results(places)
    assert content["score"] == 0
    assert "Hand in greetings.ipynb" in content["output"]
    assert len(content["tests"]) == 6


def test_names_of_students_are_read_and_odd_metadata_is_ignored(places):
    people = [{"name": "Ada", "id": 1, "email": "ada@example.org"}, {"name": "Em\nmy", "id": 2}]
    places.metadata.write_text(json.dumps({"users": people}))
    assert students(places.metadata) == "Ada, Em my"
    for text in (
        "",
        "[",
        "[]",
        "{}",
        '{"users": [{}]}',
        '{"users": null}',
        "\udcff".encode("utf-8", "replace").decode(),
    ):
        places.metadata.write_text(text)
        assert students(places.metadata) == ""


def test_checks_after_the_deadline_are_not_run(places):
    hand_in(places, SLEEPS)
    grade_submission(places, budget_s=6)
    content = results(places)
    assert content["score"] == 0
    assert all("allowed for grading" in test["output"] for test in content["tests"])
    assert "allowed for grading" in content["output"]


KILLED = """
import os, signal, sys
from pathlib import Path
from autograder.integrations.gradescope.container import Places
from autograder.integrations.gradescope.container import grade_submission

places, left = Places(Path(sys.argv[1])), int(sys.argv[2])

def die_before(event, arguments):
    global left
    if event in ("open", "os.chmod", "os.rename") and str(arguments[0]).startswith(str(places.results.parent)):
        left -= 1
        if left < 0:
            os.killpg(0, signal.SIGKILL)

sys.addaudithook(die_before)
grade_submission(places)
"""
"""Grades, and dies with all its processes before it touches the folder of results once more than a number of times."""


@pytest.mark.slow
@pytest.mark.parametrize("times", [3, 4, 5, 9, 13, 17])
def test_a_kill_at_any_moment_leaves_a_valid_result(places, times):
    """Each writing is an `open`, a change of mode and a renaming: the first three make the first result."""
    hand_in(places, LOOPS)
    command = [sys.executable, "-c", KILLED, places.root, str(times)]
    grader = subprocess.run(command, stdout=subprocess.DEVNULL, start_new_session=True, check=False)
    assert grader.returncode == -signal.SIGKILL
    content = results(places)
    assert len(content["tests"]) == 6
    for test in content["tests"]:
        assert test["score"] == 0 or test["status"] == "passed"


READS = """
import glob, os
def listed(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []
def can_write(path):
    try:
        open(path, "a").close()
        return True
    except OSError:
        return False
ROOT = "@ROOT@"
if listed(ROOT) or listed(ROOT + "/source/course") or can_write(ROOT + "/results/results.json"):
    def add(numbers):
        return "seen"
"""


@pytest.mark.parametrize("tier", ["A", "B", "C"])
def test_no_tier_that_changes_the_user_shows_the_checks_or_the_results(places, tier):
    if not probe(tier).works or os.geteuid():
        pytest.skip(f"tier {tier} as root does not work here: {probe(tier).problem}")
    hand_in(places, RIGHT + READS.replace("@ROOT@", str(places.root)))
    grade_submission(places, tier=tier)
    assert results(places)["score"] == 5.5
