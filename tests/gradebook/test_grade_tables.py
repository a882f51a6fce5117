"""Grades as CSV tables."""

from __future__ import annotations

import csv

from autograder.lms.spreadsheet import grades_table, write_grades
from autograder.results.model import Status


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_one_row_for_each_submission_and_each_question(results, course, tmp_path):
    grades, questions = write_grades(tmp_path, reversed(results), course)
    assert grades.read_text("utf-8") == (
        "student,exercise,status,score,max_score,bonus,needs_human,message,release,tier\n"
        "ada,convolution,graded,4,4,4,,,2026.1,A\n"
        "ada,tensor_ops,graded,4.5,4.5,0,,,2026.1,A\n"
        "bob,convolution,unreadable,0,4,0,yes,The file is empty.,2026.1,A\n"
        "bob,tensor_ops,graded,1,4.5,0,,,2026.1,A\n"
        "zoë,tensor_ops,graded,1,4.5,0,yes,,2026.1,A\n"
    )
    assert grades_table(reversed(results), course) == grades.read_bytes()
    assert [tuple(row.values()) for row in rows_of(questions)] == [
        ("ada", "convolution", "conv2d", "4", "4", ""),
        ("ada", "tensor_ops", "add", "3", "3", ""),
        ("ada", "tensor_ops", "norm", "1.5", "1.5", ""),
        ("bob", "tensor_ops", "add", "1", "3", ""),
        ("bob", "tensor_ops", "norm", "0", "1.5", ""),
        ("zoë", "tensor_ops", "add", "1", "3", "yes"),
        ("zoë", "tensor_ops", "norm", "0", "1.5", ""),
    ]


def test_the_same_results_give_the_same_bytes(results, course, tmp_path):
    first = [path.read_bytes() for path in write_grades(tmp_path / "a", results, course)]
    assert first == [path.read_bytes() for path in write_grades(tmp_path / "b", reversed(results), course)]


def test_no_text_becomes_a_formula_or_breaks_a_row(grade, course, tmp_path):
    messages = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", 'a,"b"\nc', "\x1b[2J\u202e"]
    results = [grade(f"s{n}", "convolution", Status.UNREADABLE, text) for n, text in enumerate(messages)]
    grades, _ = write_grades(tmp_path, results, course)
    assert [row["message"] for row in rows_of(grades)] == [
        *("'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)", "'=1", "'=1", "'＝1"),
        *('a,"b" c', "�[2J�"),
    ]


def test_an_empty_class_is_a_table_without_rows(course, tmp_path):
    grades, questions = write_grades(tmp_path, [], course)
    assert len(grades.read_text().splitlines()) == len(questions.read_text().splitlines()) == 1
