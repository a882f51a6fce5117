"""Tables for Canvas and Moodle: their importers can read them, and no student, formula or point is out of place."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import FileError, UsageError
from autograder.lms import spreadsheet
from autograder.lms.exports import Exported, ExportTask, export_canvas, export_moodle, points_of
from autograder.lms.roster import COLUMNS, Entry, Identity, read_record, read_roster
from autograder.lms.spreadsheet import escape_foreign, escape_formula, read_table, unescape_formula
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status

TASK = ExportTask({"tensor_ops": 12.0, "convolution": 16.0}, frozenset(), {})


def result(
    student: str, exercise: str, score: float, status: Status = Status.GRADED, outcome: str = "failed"
) -> Result:
    check = CheckResult("c", "It.", "public", Outcome(outcome), score, 16.0)
    return Result(student, exercise, "r", "s", "c", "e", "A", status, (QuestionResult("q", (check,)),))


def rows(exported: Exported) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported.data.decode("utf-8-sig"), newline="")))


@pytest.fixture
def roster(tmp_path):
    def write(text: str):
        (tmp_path / "roster.csv").write_bytes(text.encode())
        return read_roster(tmp_path / "roster.csv")

    return write


# --- Canvas -----------------------------------------------------------------------------------------

GRADEBOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Tensor Ops (70),Homework 3 (71),Essay (72),Final Score\n"
    ",,,,,,Manual Posting,,,\n"
    "    Points Possible,,,,,,12,16,10,(read only)\n"
    '"Lovelace, Ada",1001,s1,ada,A,nice,,9.5,8,90\n'
    '"Müller, Jörg",1002,s2,joerg,"A, and B",,EX,N/A,,\n'
    '"Nobody, Ben",1003,s3,ben,B,,7,3.00,1,2\n'
    '"Student, Test",1004,,,A,,,,,\n'
)


def canvas_reads(exported: Exported) -> dict[str, dict[str, str]]:
    """Return id → title → grade, by the rules of Canvas's importer (lib/gradebook_importer.rb)."""
    header, *body = list(csv.reader(io.StringIO(exported.data.decode(), newline="")))
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert header[2:5] == ["SIS User ID", "SIS Login ID", "Section"]
    grades: dict[str, dict[str, str]] = {}
    for row in body:
        if "Points Possible" in row[0] or not any(
            re.fullmatch(r"(?i)\s*(?!muted|manual posting).+", cell) for cell in row
        ):
            continue
        grades[row[1]] = dict(zip(header[5:], row[5:], strict=True))
    for row in grades.values():
        assert all(re.fullmatch(r"(?i)-?[0-9.,]*%?|EX|N/A", cell) for cell in row.values())
    return grades


def test_canvas_gets_its_gradebook_back_with_the_exercises_only(roster):
    task = ExportTask(TASK.points, frozenset(), {"convolution": "Homework 3 (71)"})
    results = [
        result("ada", "tensor_ops", 11.5),
        result("joerg", "tensor_ops", 3),
        result("joerg", "convolution", 4),
        result("ben", "convolution", 2.5),
    ]
    exported = export_canvas(roster(GRADEBOOK), task, results, [])
    assert canvas_reads(exported) == {
        "1001": {"Tensor Ops (70)": "11.5", "Homework 3 (71)": "9.5"},
        "1002": {"Tensor Ops (70)": "EX", "Homework 3 (71)": "N/A"},
        "1003": {"Tensor Ops (70)": "7", "Homework 3 (71)": "2.5"},
        "1004": {"Tensor Ops (70)": "", "Homework 3 (71)": ""},
    }
    assert exported.notes.lost == []
    assert exported.notes.remarks == [
        "joerg, tensor_ops: 3 was not filled in, because the list says EX.",
        "joerg, convolution: 4 was not filled in, because the list says N/A.",
        "ben, convolution: 3.00 in the list becomes 2.5.",
    ]


def test_canvas_students_are_found_by_id_login_or_unique_name(roster):
    entries = [Entry("lovelaceada", "tensor_ops", "canvas", "1001", "lovelaceada")]
    results = [result(name, "tensor_ops", 1) for name in ("lovelaceada", "JOERG", "Ben Nobody", "zoe")]
    exported = export_canvas(roster(GRADEBOOK), TASK, results, entries)
    assert [row["Tensor Ops (70)"] for row in canvas_reads(exported).values()] == ["1", "EX", "1", ""]
    assert [lost.split(" (")[0] for lost in exported.notes.lost] == ["zoe"]


def test_two_folders_of_one_student_are_reported_and_not_filled_in(roster):
    results = [result("ada", "tensor_ops", 1), result("Ada Lovelace", "tensor_ops", 2)]
    exported = export_canvas(roster(GRADEBOOK), TASK, results, [])
    assert canvas_reads(exported)["1001"]["Tensor Ops (70)"] == ""
    assert "both match Lovelace, Ada" in exported.notes.lost[0]


def test_a_student_who_has_left_is_not_confused_with_a_namesake(roster):
    entries = [Entry("lovelaceada", "tensor_ops", "canvas", "9", "lovelaceada")]
    left = roster(GRADEBOOK).find(Identity("9", ("ada",), ("Ada Lovelace",)), "canvas")
    assert left is None
    clash = GRADEBOOK.replace("Müller, Jörg", "Lovelace, Ada")
    exported = export_canvas(roster(clash), TASK, [result("lovelaceada", "tensor_ops", 1)], entries)
    assert len(exported.notes.lost) == 1


def test_undecided_results_are_reported_and_not_filled_in(roster):
    results = [
        result("ada", "tensor_ops", 0, Status.UNREADABLE),
        result("ben", "tensor_ops", 0, Status.GRADER_ERROR),
        result("Student, Test", "tensor_ops", 0, outcome="grader_error"),
    ]
    exported = export_canvas(roster(GRADEBOOK), TASK, results, [])
    assert [row["Tensor Ops (70)"] for row in canvas_reads(exported).values()] == ["0", "EX", "7", ""]
    assert "could not be read" in exported.notes.remarks[1]
    assert all("after a grader error" in remark for remark in exported.notes.remarks[2:4])
    assert len(exported.notes.remarks) == 4


def test_missing_columns_and_other_maxima_are_reported(roster):
    other = GRADEBOOK.replace("Possible,,,,,,12", "Possible,,,,,,100")
    exported = export_canvas(roster(other), TASK, [result("ada", "tensor_ops", 1)], [])
    assert exported.notes.remarks[0].startswith("convolution has no column there.")
    assert exported.notes.remarks[1].startswith("tensor_ops has 12 points here and 100 there.")
    with pytest.raises(UsageError, match="There is no column 'Homework 9'"):
        export_canvas(roster(GRADEBOOK), ExportTask(TASK.points, frozenset(), {"convolution": "Homework 9"}), [], [])
    with pytest.raises(FileError, match="no column of convolution"):
        export_canvas(roster(GRADEBOOK), ExportTask({"convolution": 16.0}, frozenset(), {}), [], [])


def test_other_maxima_of_optional_exercises_are_not_reported(roster):
    other = GRADEBOOK.replace("Possible,,,,,,12", "Possible,,,,,,100")
    task = ExportTask({"tensor_ops": 12.0}, frozenset({"tensor_ops"}), {})
    assert export_canvas(roster(other), task, [result("ada", "tensor_ops", 1)], []).notes.remarks == []


def test_results_of_other_exercises_change_nothing(roster):
    task = ExportTask({"tensor_ops": 12.0}, frozenset(), {})
    exported = export_canvas(roster(GRADEBOOK), task, [result("ada", "convolution", 1)], [])
    assert canvas_reads(exported)["1001"] == {"Tensor Ops (70)": ""}
    assert not exported.notes.lost


def test_two_columns_of_one_exercise_are_not_guessed(roster):
    both = GRADEBOOK.replace("Essay (72)", "tensor-ops (72)")
    with pytest.raises(UsageError, match=r"match tensor_ops: Tensor Ops \(70\), tensor-ops \(72\)\. Name one"):
        export_canvas(roster(both), TASK, [], [])


@pytest.mark.parametrize("before", ["ex", "n/a"])
def test_marks_of_canvas_in_lower_case_are_kept(roster, before):
    exported = export_canvas(roster(GRADEBOOK.replace("EX", before)), TASK, [result("joerg", "tensor_ops", 3)], [])
    assert canvas_reads(exported)["1002"]["Tensor Ops (70)"] == before


def test_a_score_with_a_decimal_comma_is_known_to_be_higher(roster):
    text = GRADEBOOK.replace("B,,7,3.00", 'B,,"7,5",3.00')
    exported = export_canvas(roster(text), TASK, [result("ben", "tensor_ops", 7)], [])
    assert exported.notes.remarks[-1] == "ben, tensor_ops: 7,5 in the list becomes 7."


def test_a_gradebook_keeps_its_columns_and_separator(roster):
    text = (
        "LastName;FirstName;ID;SIS Login ID;Section;Tensor_Ops (70)\nPoints Possible;;;;;12\nLovelace;Ada;1001;ada;A;\n"
    )
    exported = export_canvas(roster("\ufeff" + text), TASK, [result("Ada Lovelace", "tensor_ops", 1.5)], [])
    assert exported.data.decode("utf-8") == "\ufeff" + text.replace("A;\n", "A;1.5\n")


# --- Lists of students ------------------------------------------------------------------------------


def test_two_spellings_of_a_letter_in_unicode_are_one(roster):
    found = roster("Username,Full name\njo\u0308rg,Jo\u0308rg\n")
    assert found.find(Identity(keys=("J\xf6rg",))) is found.people[0]


def test_a_name_as_canvas_writes_it_in_file_names_is_found(roster):
    found = roster(GRADEBOOK)
    assert found.find(Identity(names=("lovelaceada",))) is found.people[0]


def test_the_row_of_points_is_no_student(roster):
    assert [person.id for person in roster(GRADEBOOK).people] == ["1001", "1002", "1003", "1004"]


def test_a_student_whose_login_is_the_email_address_is_found(roster):
    found = roster("Username,Email address\nada@x.org,ada@x.org\nben,\nzoe,\n")
    assert found.find(Identity(keys=("ada@x.org",))) is found.people[0]


def test_students_without_a_name_are_not_those_whose_name_has_no_letter(roster):
    assert roster("Username\nada\n").find(Identity(names=("???",))) is None


def test_blanks_in_a_title_do_not_count(roster):
    assert roster("Full\u00a0 name , ID  number\nAda,7\n").people[0].number == "7"


def test_a_record_without_one_of_its_columns_is_refused(tmp_path):
    (tmp_path / "students.csv").write_text(",".join(COLUMNS[:-1]) + "\n")
    with pytest.raises(FileError, match=r"has no column source\. Move it away"):
        read_record(tmp_path)


# --- Moodle -----------------------------------------------------------------------------------------

WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 4711,Ada Lovelace,ada@x.org,Submitted for grading,,16.00,Yes,"Monday, 23 November 2026, 11:52 AM",-,\n'
    "Participant 4712,Anna Müller,am@x.org,No submission,12.00,16.00,Yes,-,-,good\n"
    "Participant 4713,Anna Müller,anna@x.org,Submitted for grading,,16.00,Yes,-,-,\n"
)


def test_moodles_worksheet_comes_back_with_grades(roster):
    entries = [
        Entry("Anna Müller (4713)", "convolution", "moodle", "4713", "Anna Müller"),
        Entry("Ben", "tensor_ops", "moodle", "4712", "Ben"),  # another exercise's 4712
    ]
    results = [
        result("Ada Lovelace", "convolution", 15),
        result("Anna Müller (4713)", "convolution", 8.25),
        result("Ben", "convolution", 3),
        result("Ben", "tensor_ops", 3),
    ]
    task = ExportTask({"convolution": 16.0}, frozenset(), {})
    exported = export_moodle(roster(WORKSHEET), task, results, entries)
    assert [(row["Identifier"], row["Grade"]) for row in rows(exported)] == [
        ("Participant 4711", "15"),
        ("Participant 4712", "12.00"),
        ("Participant 4713", "8.25"),
    ]
    assert exported.data.decode().splitlines()[0] == WORKSHEET.splitlines()[0]
    assert rows(exported)[1]["Feedback comments"] == "good"
    assert [lost.split(" (")[0] for lost in exported.notes.lost] == ["Ben"]


@pytest.mark.parametrize("answer", ["No", " no "])
def test_a_grade_that_moodle_locks_is_left_alone_and_named(roster, answer):
    text = WORKSHEET.replace(",12.00,16.00,Yes,", f",12.00,16.00,{answer},").replace("4712,Anna Müller", "4712,Ben Ker")
    task = ExportTask({"convolution": 16.0}, frozenset(), {})
    results = [result("Ada Lovelace", "convolution", 15), result("Ben Ker", "convolution", 14)]
    exported = export_moodle(roster(text), task, results, [])
    assert [row["Grade"] for row in rows(exported)] == ["15", "12.00", ""]
    (remark,) = exported.notes.remarks
    assert remark.startswith(
        "Ben Ker, convolution: 14 was not filled in, because the list says Grade can be changed: No."
    )
    assert not exported.notes.lost


def test_a_worksheet_without_the_time_of_grades_is_reported(roster):
    task = ExportTask({"convolution": 16.0}, frozenset(), {})
    assert not export_moodle(roster(WORKSHEET), task, [], []).notes.remarks
    (remark,) = export_moodle(roster(WORKSHEET.replace("Last modified (grade)", "Time")), task, [], []).notes.remarks
    assert remark.startswith("Moodle also needs the column Last modified (grade)")


def test_a_worksheet_needs_a_single_exercise(roster):
    with pytest.raises(UsageError, match="--exercise tensor_ops"):
        export_moodle(roster(WORKSHEET), TASK, [], [])


def test_namesakes_without_a_number_are_reported_not_guessed(roster):
    task = ExportTask({"convolution": 16.0}, frozenset(), {})
    exported = export_moodle(roster(WORKSHEET), task, [result("Anna Müller", "convolution", 1)], [])
    assert "matches no row of the list, or several" in exported.notes.lost[0]


def test_moodles_grade_import_gets_one_column_per_exercise(roster):
    text = (
        "First name,Last name,ID number,Institution,Email address,Assignment: Tensor Ops (Real),Course total (Real)\n"
        "Ada,Lovelace,77,Uni,ada@x.org,-,-\nBen,Nobody,78,Uni,=1+1@x.org,3.00,3.00\n"
    )
    task = ExportTask(TASK.points, frozenset({"convolution"}), {})
    results = [result("77", "tensor_ops", 10), result("Nobody, Ben", "convolution", 1)]
    exported = export_moodle(roster(text), task, results, [])
    assert rows(exported) == [
        {
            "First name": "Ada",
            "Last name": "Lovelace",
            "ID number": "77",
            "Email address": "ada@x.org",
            "Assignment: Tensor Ops (Real)": "10",
            "convolution (bonus)": "",
        },
        {
            "First name": "Ben",
            "Last name": "Nobody",
            "ID number": "78",
            "Email address": "'=1+1@x.org",
            "Assignment: Tensor Ops (Real)": "3.00",
            "convolution (bonus)": "1",
        },
    ]
    assert "Moodle will not recognise" in exported.notes.remarks[0]


def test_columns_come_in_the_order_of_the_course(roster):
    exported = export_moodle(roster("Username,Convolution\nada,\n"), TASK, [], [])
    assert list(rows(exported)[0]) == ["Username", "tensor_ops", "Convolution"]
    assert exported.exercises == ("tensor_ops", "convolution")


def test_each_platform_refuses_the_others_list(roster):
    with pytest.raises(FileError, match="not Canvas's gradebook"):
        export_canvas(roster(WORKSHEET), TASK, [], [])
    with pytest.raises(FileError, match="Canvas's gradebook"):
        export_moodle(roster(GRADEBOOK), TASK, [], [])


# --- Cells ------------------------------------------------------------------------------------------


@given(st.floats(0, 1000, allow_nan=False).map(lambda score: round(score, 6)))
def test_no_score_is_rounded_up(score):
    written = Decimal(points_of(score))
    assert 0 <= Decimal(repr(score)) - written < Decimal("0.00001")
    assert re.fullmatch(r"\d+(\.\d{1,5})?", points_of(score))


@pytest.mark.parametrize(
    "text", ["=1", "+cmd", "-x", "@S", "\t=1", "\r=1", " =1", "＝1", "＋1", "'=1", "''=1", "\ufeff=1"]
)
def test_a_formula_never_begins_a_cell(text):
    assert escape_formula(text).startswith("'")
    assert escape_foreign(text).startswith("'") == escape_formula(text).startswith("'")


@given(st.text(alphabet="'=+-@ \ta1", max_size=8))
def test_escaping_can_be_undone(text):
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text).lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("text", ["-", "-1.50", "+3", "12,5", "80%", "", "EX", "O'Brien"])
def test_numbers_and_plain_words_are_not_escaped(text):
    assert escape_foreign(text) == text


@pytest.mark.parametrize(
    "data",
    [
        "Name,Email\nÄda,a@x\n".encode(),
        "\ufeffName;Email\nÄda;a@x\n".encode(),
        "Name\tEmail\nÄda\ta@x\n".encode("utf-16"),
        "Name;Email\r\nÄda;a@x\r\n".encode("cp1252"),
    ],
)
def test_tables_are_read_in_common_encodings(tmp_path: Path, data):
    (tmp_path / "t.csv").write_bytes(data)
    table = read_table(tmp_path / "t.csv")
    assert (table.columns, table.rows) == (("Name", "Email"), (("Äda", "a@x"),))


def test_rows_are_as_long_as_the_header_and_empty_ones_are_left_out(tmp_path: Path):
    (tmp_path / "t.csv").write_text("Name,Email\nAda\n,\n\nBen,b@x,more,still\n")
    assert read_table(tmp_path / "t.csv").rows == (("Ada", ""), ("Ben", "b@x"))


def test_a_table_may_be_as_large_as_allowed_and_no_larger(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_BYTES", 10)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n\n\n")
    assert read_table(tmp_path / "t.csv").rows == (("1", "2"),)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n\n\n\n")
    with pytest.raises(FileError, match="is larger than"):
        read_table(tmp_path / "t.csv")
