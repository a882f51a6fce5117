"""Results that the gradebook lacks or has differently are found without writing to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy.engine import make_url

from autograder.gradebook.entries import not_recorded
from autograder.gradebook.nbgrader_db import update_gradebook
from autograder.results.model import Outcome, Status


@pytest.fixture
def results(grade):
    return [
        grade("ada", "tensor_ops", add="passed failed", norm="passed"),
        grade("bob", "tensor_ops", add="not_attempted not_attempted", norm="failed"),
        grade("bob", "convolution", Status.UNREADABLE, "It is a web page."),
    ]


@pytest.fixture
def recorded(course, gradebook, results):
    """Write the results to the gradebook; return a function that says which results are missing there."""
    submitted = course.root / "submitted"
    folder = submitted / "ada" / "tensor_ops"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text("2026-02-03 04:05:06 UTC")
    update_gradebook(f"sqlite:///{gradebook}", course, results, course_id="tiny", submitted=submitted)

    def ask(wanted):
        url = make_url(f"sqlite:///{gradebook}")
        return {(result.student, result.exercise) for result in not_recorded(url, course, wanted, submitted)}

    return ask


EVERY = {("ada", "tensor_ops"), ("bob", "tensor_ops"), ("bob", "convolution")}


def test_recorded_results_are_not_written_again(recorded, results, course, gradebook):
    assert recorded(results) == set()
    before = gradebook.read_bytes(), gradebook.stat().st_mtime_ns
    update_gradebook(f"sqlite:///{gradebook}", course, results, course_id="tiny", submitted=course.root / "submitted")
    assert (gradebook.read_bytes(), gradebook.stat().st_mtime_ns) == before


def test_a_new_result_is_noticed(recorded, results, grade):
    new = [grade("cleo", "tensor_ops"), grade("ada", "tensor_ops", add="passed passed", norm="passed")]
    assert recorded([*results[1:], *new]) == {("cleo", "tensor_ops"), ("ada", "tensor_ops")}


def test_a_new_message_or_grader_error_is_noticed(recorded, results, grade):
    assert recorded([replace(results[2], message="It is empty.")]) == {("bob", "convolution")}
    faulty = grade("ada", "tensor_ops", add=f"passed {Outcome.GRADER_ERROR}", norm="passed")
    assert recorded([faulty]) == {("ada", "tensor_ops")}


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ("update grade set auto_score = 0.25", EVERY),
        ("update grade set needs_manual_grade = not needs_manual_grade", EVERY),
        ("delete from grade", EVERY),
        ("update comment set auto_comment = 'Well done.'", EVERY),
        ("update grade_cells set max_score = 9", EVERY),
        ("delete from source_cell", EVERY),
        ("delete from solution_cells", EVERY),
        ("update submitted_assignment set timestamp = null", {("ada", "tensor_ops")}),
        ("delete from submitted_assignment", EVERY),
        ("drop table submitted_notebook", EVERY),
        ("update grade set manual_score = 1, needs_manual_grade = 0", set()),
        ("update grade set extra_credit = 1", set()),
    ],
)
def test_differences_are_noticed_except_for_what_teachers_entered(recorded, results, gradebook, change, noticed):
    with closing(sqlite3.connect(gradebook)) as database:
        database.execute(change)
        database.commit()
    assert recorded(results) == noticed


def test_reading_a_missing_gradebook_does_not_create_it(course, results, tmp_path):
    path = tmp_path / "none.db"
    assert len(not_recorded(make_url(f"sqlite:///{path}"), course, results, None)) == 3
    assert not path.exists()
