"""nbgrader's own programs can read the gradebook: its export, the formgrader's API, its pipeline."""

from __future__ import annotations

import csv
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from autograder.course.settings import load_settings
from autograder.errors import FileError
from autograder.gradebook.graded_notebooks import write_autograded
from autograder.gradebook.nbgrader_db import update_gradebook
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status

# The scores that a TA sees: student → exercise → score.
SCORES = {
    "ada": {"tensor_ops": 4.5, "convolution": 4.0},
    "bob": {"tensor_ops": 1.0, "convolution": 0.0},
    "zoë": {"tensor_ops": 0.0},
}
MAXIMA = {"tensor_ops": 4.5, "convolution": 4.0}


@pytest.fixture
def update(course, gradebook):
    """Return a function that writes results as ``autograder grade`` does."""

    def write(results, **options):
        settings = load_settings(course.root)
        update_gradebook(
            settings.db_url, course, results, course_id=settings.course_id, submitted=settings.submitted, **options
        )

    return write


@pytest.fixture
def open_book(course):
    """Return a function that opens the gradebook with nbgrader."""
    from nbgrader.api import Gradebook

    return lambda: Gradebook(load_settings(course.root).db_url, "tiny")


def grade_of(book, student, exercise, question):
    return book.find_grade(f"check-{question}", exercise, exercise, student)


def formgrader(course):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config({"CourseDirectory": {"root": str(course.root), "course_id": "tiny"}})
    config.Exchange.root = str(course.root / "exchange")
    return NbGraderAPI(CourseDirectory(config=config), config=config)


# --- Reading it with nbgrader ---------------------------------------------------------------------


@pytest.mark.slow
def test_nbgrader_export_shows_the_same_scores(course, results, update, hand_in):
    for result in results:
        hand_in(result.student, result.exercise, when="2026-01-05 11:30:00.000000 UTC\n")  # as collect writes it
    update(results)
    program = Path(sys.executable).with_name("nbgrader")
    subprocess.run([program, "export"], cwd=course.root, check=True, capture_output=True, text=True)
    with (course.root / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["student_id"], row["assignment"]): float(row["score"]) for row in rows} == {
        (student, exercise): SCORES[student].get(exercise, 0.0) for student in SCORES for exercise in MAXIMA
    }
    assert {row["assignment"]: float(row["max_score"]) for row in rows} == MAXIMA
    assert {row["timestamp"] for row in rows} == {"2026-01-05 11:30:00", ""}


def test_the_formgrader_shows_the_same_scores_as_autograded(course, results, update, hand_in):
    for result in results:
        path = hand_in(result.student, result.exercise, when="2026-01-05 12:30:00 CET")
        exercise = course.exercise(result.exercise)
        write_autograded(course.root / "autograded", exercise, result, path)
    hand_in("new", "tensor_ops")
    update(results)
    api = formgrader(course)
    for exercise, most in MAXIMA.items():
        seen = {entry["student"]: entry for entry in api.get_submissions(exercise) if entry["student"] != "new"}
        assert {name: entry["score"] for name, entry in seen.items()} == {
            name: scores[exercise] for name, scores in SCORES.items() if exercise in scores
        }
        assert {entry["max_score"] for entry in seen.values()} == {most}
        assert all(entry["autograded"] for entry in seen.values())
        assert {entry["timestamp"] for entry in seen.values()} == {"2026-01-05T11:30:00"}
        assert len(api.get_notebook_submissions(exercise, exercise)) == len(seen)
    waiting = {entry["student"] for entry in api.get_submissions("tensor_ops") if entry["needs_manual_grade"]}
    assert waiting == {"zoë"}
    assert {entry["student"] for entry in api.get_submissions("convolution") if entry["needs_manual_grade"]} == {"bob"}
    new = api.get_submission("tensor_ops", "new")
    assert (new["submitted"], new["autograded"]) == (True, False)


def test_each_question_has_its_score_comment_and_need_for_review(results, update, open_book):
    update(results)
    with open_book() as book:
        seen = {
            (grade.student.id, grade.name): (grade.auto_score, grade.score, grade.max_score, grade.needs_manual_grade)
            for exercise in MAXIMA
            for entry in book.assignment_submissions(exercise)
            for grade in entry.notebooks[0].grades
        }
        comments = {
            (comment.student.id, comment.name): comment.auto_comment
            for exercise in MAXIMA
            for entry in book.assignment_submissions(exercise)
            for comment in entry.notebooks[0].comments
        }
    assert seen == {
        ("ada", "check-add"): (3.0, 3.0, 3.0, False),
        ("ada", "check-norm"): (1.5, 1.5, 1.5, False),
        ("ada", "check-conv2d"): (4.0, 4.0, 4.0, False),
        ("bob", "check-add"): (1.0, 1.0, 3.0, False),
        ("bob", "check-norm"): (0.0, 0.0, 1.5, False),
        ("bob", "check-conv2d"): (0.0, 0.0, 4.0, True),  # unreadable
        ("zoë", "check-add"): (None, 0.0, 3.0, True),  # a grader error
        ("zoë", "check-norm"): (0.0, 0.0, 1.5, False),
    }
    assert {key: text for key, text in comments.items() if text} == {
        ("bob", "norm"): "No response.",
        ("bob", "conv2d"): "The file is empty.",
    }


# --- Grading again --------------------------------------------------------------------------------


def test_grading_again_keeps_what_teachers_entered(grade, results, update, open_book):
    update(results)
    with open_book() as book:
        add, norm = (grade_of(book, "bob", "tensor_ops", name) for name in ("add", "norm"))
        add.manual_score, add.needs_manual_grade, add.extra_credit = 2.5, False, 0.25
        norm.manual_score, norm.needs_manual_grade = 0.5, False
        book.find_comment("add", "tensor_ops", "tensor_ops", "bob").manual_comment = "Nearly."
        submission = book.find_submission("tensor_ops", "bob")
        submission.notebooks[0].late_submission_penalty = 0.5
        submission.notebooks[0].flagged = True
        book.update_or_create_assignment("tensor_ops", duedate="2026-01-01 00:00:00 UTC")
        book.db.commit()

    update([grade("bob", "tensor_ops", add="passed passed", norm="not_attempted")])
    with open_book() as book:
        add, norm = (grade_of(book, "bob", "tensor_ops", name) for name in ("add", "norm"))
        assert (add.auto_score, add.manual_score, add.extra_credit, add.score) == (3.0, 2.5, 0.25, 2.75)
        assert add.needs_manual_grade, "the automatic score changed beneath the manual one"
        assert (norm.auto_score, norm.score, norm.needs_manual_grade) == (0.0, 0.5, False)
        assert book.find_comment("add", "tensor_ops", "tensor_ops", "bob").comment == "Nearly."
        submission = book.find_submission("tensor_ops", "bob")
        assert submission.late_submission_penalty == 0.5
        assert submission.notebooks[0].flagged
        assert book.find_assignment("tensor_ops").duedate == datetime(2026, 1, 1)
        assert book.find_submission("tensor_ops", "ada").score == 4.5


def test_a_new_result_ends_the_need_for_review(grade, results, update, open_book):
    update(results)
    update(
        [
            grade("zoë", "tensor_ops", add="passed passed", norm="passed"),
            grade("bob", "convolution", conv2d="passed failed"),
        ]
    )
    with open_book() as book:
        for student, exercise, score in (("zoë", "tensor_ops", 4.5), ("bob", "convolution", 2.0)):
            submission = book.find_submission(exercise, student)
            assert (submission.score, submission.needs_manual_grade) == (score, False)


def test_writing_twice_changes_nothing(results, update, dump):
    update(results)
    before = dump()
    update(results)
    assert dump() == before


def test_a_question_added_later_is_recorded_for_earlier_submissions(course, grade, update, open_book):
    from dataclasses import replace

    first, second = course.exercises
    short = replace(course, exercises=(replace(first, questions=first.questions[:1]), second))
    settings = load_settings(course.root)
    one = grade("ada", "tensor_ops", add="passed passed")
    update_gradebook(settings.db_url, short, [one], course_id="tiny")
    update([grade("ada", "tensor_ops", add="passed passed", norm="passed")])
    with open_book() as book:
        submission = book.find_submission("tensor_ops", "ada")
        assert (submission.score, submission.max_score) == (4.5, 4.5)


def test_a_question_without_a_result_needs_review(grade, update, open_book):
    update([grade("ada", "tensor_ops", add="passed passed"), grade("bob", "tensor_ops", Status.GRADER_ERROR)])
    with open_book() as book:
        norm = grade_of(book, "ada", "tensor_ops", "norm")
        assert (norm.auto_score, norm.needs_manual_grade) == (None, True)
        assert book.find_submission("tensor_ops", "ada").score == 3.0
        assert book.find_submission("tensor_ops", "bob").needs_manual_grade


# --- Together with nbgrader -----------------------------------------------------------------------


def instructor_notebook(exercise):
    """Return a notebook like that of a release: prose, locked code, and each question with its graded cell."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    from autograder.course.cells import cell_metadata, check_source

    locked = cell_metadata("setup")
    locked["nbgrader"] |= {"solution": False, "locked": True}
    cells = [new_markdown_cell("# Hello"), new_code_cell("import torch", metadata=locked)]
    for question in exercise.questions:
        cells.append(new_code_cell(f"def {question.name}(): ...", metadata=cell_metadata(question.name)))
        graded = cell_metadata(question.name, question.max_score)
        cells.append(new_code_cell(check_source(question.name), metadata=graded))
    return new_notebook(cells=cells)


def save_cells(course, exercise):
    """Run the part of ``nbgrader generate_assignment`` that writes to the gradebook."""
    from nbgrader.preprocessors import ComputeChecksums, SaveCells

    notebook, resources = ComputeChecksums().preprocess(instructor_notebook(exercise), {})
    url = load_settings(course.root).db_url
    names = {"assignment": exercise.name, "notebook": exercise.name, "student": ".", "db_url": url}
    SaveCells().preprocess(notebook, {**resources, "nbgrader": names})


def cells_in(book, exercise):
    notebook = book.find_notebook(exercise, exercise)
    parts = (notebook.grade_cells, notebook.solution_cells, notebook.source_cells)
    volatile = {"id"}
    return [
        sorted([{k: v for k, v in cell.to_dict().items() if k not in volatile} for cell in part], key=str)
        for part in parts
    ]


def test_generate_assignment_agrees_after_grading(course, results, update, open_book):
    exercise = course.exercise("tensor_ops")
    update(results, source_of=instructor_notebook)
    with open_book() as book:
        before = cells_in(book, "tensor_ops")
    save_cells(course, exercise)
    with open_book() as book:
        assert cells_in(book, "tensor_ops") == before
        assert book.find_submission("tensor_ops", "ada").score == 4.5


def test_grading_agrees_after_generate_assignment(course, results, update, open_book):
    exercise = course.exercise("tensor_ops")
    with open_book() as book:
        book.update_or_create_assignment("tensor_ops")
    save_cells(course, exercise)
    with open_book() as book:
        before = cells_in(book, "tensor_ops")
    update(results)
    with open_book() as book:
        assert cells_in(book, "tensor_ops") == before
        assert book.find_submission("tensor_ops", "ada").score == 4.5


@pytest.mark.parametrize("text", ["", "yesterday-ish", "\x00", "9" * 500, "2026-99-99 00:00:00 UTC"])
def test_an_invalid_timestamp_is_ignored(grade, update, hand_in, open_book, text):
    hand_in("ada", "convolution", when=text or " ")
    update([grade("ada", "convolution", conv2d="passed passed")])
    with open_book() as book:
        assert book.find_submission("convolution", "ada").timestamp is None


def test_a_locked_gradebook_is_explained_and_left_as_it_was(course, grade, results, update, open_book):
    update(results)
    with closing(sqlite3.connect(course.root / "gradebook.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FileError) as caught:
            update([grade("ada", "convolution", conv2d="failed failed")], wait_s=0.05)
        other.execute("ROLLBACK")
    assert "another program is writing to it" in str(caught.value)
    assert "the result files contain every grade" in str(caught.value)
    with open_book() as book:
        assert book.find_submission("convolution", "ada").score == 4.0


def test_a_failure_half_way_leaves_the_gradebook_as_it_was(results, update, dump, monkeypatch):
    from autograder.gradebook import nbgrader_db

    update(results[:1])
    before = dump()
    count = iter(range(100))
    real = nbgrader_db._set_score
    monkeypatch.setattr(
        nbgrader_db, "_set_score", lambda *args: real(*args) if next(count) < 4 else pytest.fail("stop")
    )
    with pytest.raises(pytest.fail.Exception):
        update(results)
    assert dump() == before


def test_a_file_that_is_not_a_database_is_explained_without_its_password(course, update):
    (course.root / "gradebook.db").write_text("x" * 5000)
    with pytest.raises(FileError, match="file is not a database"):
        update([])
    with pytest.raises(FileError, match=r"c\.CourseDirectory\.db_url"):
        update_gradebook("no url", course, [], course_id="tiny")


@pytest.mark.slow
def test_a_new_gradebook_is_made_in_an_environment_that_is_not_activated(results, update, gradebook, dump, monkeypatch):
    gradebook.unlink()
    monkeypatch.setenv("PATH", "/nowhere")
    update(results[:1])
    assert sum('INSERT INTO "alembic_version"' in line for line in dump()) == 1


def test_a_class_is_one_transaction(course, grade, update):
    """The file is written once, for any number of submissions."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    commits = []
    listener = commits.append
    update([])
    event.listen(Engine, "commit", listener)
    try:
        update([grade(f"s{n}", "convolution", conv2d="passed failed") for n in range(20)])
    finally:
        event.remove(Engine, "commit", listener)
    assert len(commits) <= 3, "two for opening, one for the class"


@pytest.mark.slow
def test_generate_assignment_itself_agrees_with_what_a_release_recorded(tiny_course, empty_gradebook):
    """End to end with nbgrader's own program: grade first, then make the release in the same gradebook."""
    import nbformat
    from nbgrader.api import Gradebook

    from autograder.course import load_course
    from autograder.release.make import cleared
    from autograder.release.notebooks import source_notebook

    course = load_course(tiny_course)
    (exercise,) = course.exercises
    settings = load_settings(tiny_course)
    shutil.copy(empty_gradebook, tiny_course / "gradebook.db")
    result = Result("ada", exercise.name, "r", "s", "c", "e", "A", Status.GRADED, full_marks(exercise))
    update_gradebook(
        settings.db_url,
        course,
        [result],
        course_id=settings.course_id,
        source_of=lambda exercise: cleared(source_notebook(exercise, "")),
    )
    source = tiny_course / "release/source" / exercise.name
    source.mkdir(parents=True)
    nbformat.write(source_notebook(exercise, ""), source / f"{exercise.name}.ipynb")
    program = Path(sys.executable).with_name("nbgrader")
    command = [program, "generate_assignment", exercise.name, "--CourseDirectory.source_directory=release/source"]
    done = subprocess.run(command, cwd=tiny_course, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with Gradebook(settings.db_url, settings.course_id) as book:
        submission = book.find_submission(exercise.name, "ada")
        assert submission.score == submission.max_score == exercise.max_score


def full_marks(exercise):
    return tuple(
        QuestionResult(
            question.name,
            tuple(
                CheckResult(check.name, check.title, check.visibility, Outcome.PASSED, check.points, check.points)
                for check in question.checks
            ),
        )
        for question in exercise.questions
    )
