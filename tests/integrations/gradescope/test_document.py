"""What Gradescope is told about each check, and what grading leaves to the rest of a container."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.course import Check, CheckFiles, Exercise, Question
from autograder.integrations.gradescope import UNDECIDED, container, document
from autograder.integrations.gradescope.container import RESERVE_MB, GradescopeReport, closed, container_memory_mb
from autograder.results.model import CheckResult, Outcome
from autograder.sandbox.protocol.messages import Limits

CHECKS = (
    Check("small", "add", "Adds.", 0.1, public=True, hint="Think."),
    Check("large", "add", "Adds more.", 0.2, public=False, hint="Think."),
)
EXERCISE = Exercise("sums", Path(), "", CheckFiles((), ()), (Question("add", CHECKS),))


def finished(*outcomes: str) -> dict[tuple[str, str], CheckResult]:
    return {
        ("add", check.name): CheckResult(
            *(check.name, check.title, check.visibility, Outcome(outcome)),
            points=check.points if outcome == "passed" else 0.0,
            max_points=check.points,
            message="So.",
            hint=check.hint,
        )
        for check, outcome in zip(CHECKS, outcomes, strict=False)
    }


def told(*outcomes: str) -> list[str]:
    return [test["output"] for test in document(EXERCISE, finished(*outcomes), "", "Missing.")["tests"]]


def test_only_a_check_that_did_not_pass_comes_with_its_hint():
    assert told("passed", "failed") == ["Passed.\nSo.", "Failed.\nSo.\nHint: Think."]


def test_a_check_that_itself_failed_says_no_more_than_that():
    assert told("grader_error") == [UNDECIDED, "Missing."]


def test_scores_add_up_and_hidden_checks_and_output_are_kept_back():
    content = document(EXERCISE, finished("passed", "passed"), "", "")
    assert content["score"] == 0.3
    assert [test["visibility"] for test in content["tests"]] == ["visible", "after_published"]
    assert (content["visibility"], content["stdout_visibility"]) == ("visible", "hidden")


def test_fewer_finished_checks_do_not_replace_more(tmp_path):
    report = GradescopeReport(tmp_path / "results.json", EXERCISE)
    scores = []
    for outcomes in (("passed",), ("passed", "passed"), ("passed",)):
        report.progress(finished(*outcomes), "")
        scores.append(json.loads((tmp_path / "results.json").read_bytes())["score"])
    assert scores == [0.1, 0.3, 0.3]


USUAL = Limits().memory_mb


@pytest.mark.parametrize(
    ("available", "memory"),
    [(None, USUAL), (USUAL + RESERVE_MB, USUAL), (USUAL + RESERVE_MB - 1, USUAL - 1), (RESERVE_MB, 192)],
)
def test_a_student_gets_the_memory_that_the_grader_leaves(monkeypatch, available, memory):
    monkeypatch.setattr(container, "container_memory_mb", lambda: available)
    assert container.limits().memory_mb == memory


def test_a_limit_counts_only_below_the_memory_of_the_machine(monkeypatch, tmp_path):
    first, second = tmp_path / "memory.max", tmp_path / "limit_in_bytes"
    monkeypatch.setattr(container, "_MEMORY_FILES", (str(first), str(second)))
    assert container_memory_mb() is None
    first.write_text("max\n")
    second.write_text(f"{2**62}\n")
    assert container_memory_mb() is None
    second.write_text(f"{64 * 2**20}\n")
    assert container_memory_mb() == 64


def test_the_folder_is_closed_while_grading_and_then_as_before(tmp_path):
    tmp_path.chmod(0o755)
    with closed(tmp_path):
        assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_mode & 0o777 == 0o755
