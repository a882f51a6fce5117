"""Whose each file of a download is: never a classmate's, and in doubt nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.lms.downloads import AMBIGUOUS, INSIDE
from autograder.lms.importing import import_download
from autograder.lms.roster import read_record
from tests.lms.archives import notebook, zipped
from tests.lms.imported import EXERCISES, outcomes, reasons, submissions

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def who(output: Path) -> dict[str, tuple[str, str]]:
    return {entry.student: (entry.id, entry.late) for entry in read_record(output)}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reports are kept beside the repository")
def test_the_reported_download_of_anonymous_students(output):
    report = import_download([SHARED / "reports/canvas-anonymous-late/anon.zip"], output, EXERCISES)
    assert not report.refused
    assert who(output) == {
        "anon_aB3xZ": ("anon_aB3xZ", "yes"),
        "anon_Zz9yY": ("anon_Zz9yY", "yes"),
        "anon_Qq12z": ("anon_Qq12z", "no"),
    }


@pytest.mark.parametrize(
    ("name", "student", "identity", "late"),
    [
        ("anon_aB3xZ_20002_convolution.ipynb", "anon_aB3xZ", "anon_aB3xZ", "no"),
        ("LATE_anon_aB3xZ_20002_convolution.ipynb", "anon_aB3xZ", "anon_aB3xZ", "yes"),
        ("anon_aB3xZ_LATE_20002_convolution.ipynb", "anon_aB3xZ", "anon_aB3xZ", "yes"),
        ("LATE_anon_12345_20002_convolution.ipynb", "anon_12345", "anon_12345", "yes"),
        ("anon_12345_20002_01_convolution.ipynb", "anon_12345", "anon_12345", "no"),
        ("LATE_anon_aB3xZ_text.html", "anon_aB3xZ", "anon_aB3xZ", "yes"),
        ("lovelaceada_LATE_1001_20002_convolution.ipynb", "lovelaceada", "1001", "yes"),
        ("lovelaceada_1001_LATE_20002_convolution.ipynb", "lovelaceada", "1001", "yes"),
        ("LATE_1001_20002_convolution.ipynb", "1001", "1001", "yes"),  # a name without any letter
        ("lateada_1001_20002_LATE_convolution.ipynb", "lateada", "1001", "no"),  # the file is called LATE
        ("lovelaceada_1001_20002_01_convolution.ipynb", "lovelaceada", "1001", "no"),
    ],
)
def test_canvas_says_late_in_several_places(collect, output, name, student, identity, late):
    assert not collect({name: notebook("a")}).refused
    assert who(output) == {student: (identity, late)}


def test_a_number_in_a_canvas_name_is_not_a_classmates_id(collect, output):
    members = {
        "benker_12_20001_convolution.ipynb": notebook("ben"),
        "student_12_1001_20002_convolution.ipynb": notebook("of student_12, whose id is 1001"),
    }
    assert reasons(collect(members)) == {"student_12_1001_20002_convolution.ipynb": AMBIGUOUS}
    assert who(output) == {"benker": ("12", "no")}


def test_a_canvas_name_that_other_files_confirm_is_certain(collect, output):
    members = {
        "ada_1001_20001_convolution.ipynb": notebook("first"),
        "ada_1001_20002_2026_convolution.ipynb": notebook("second"),
    }
    assert not collect(members).refused
    assert who(output) == {"ada": ("1001", "no")}


MOODLE = [
    "Ada Lovelace_4711_assignsubmission_file_Ben Ker_4712_assignsubmission_file_convolution.ipynb",
    "Ada Lovelace_4711_assignsubmission_mahara2_Ben Ker_4712_assignsubmission_file_convolution.ipynb",
    "Ada Lovelace_4711_assignsubmission_file/Ben Ker_4712_assignsubmission_file/convolution.ipynb",
    "Ada Lovelace_4711_assignsubmission_file/Ben Ker_4712_assignsubmission_file_convolution.ipynb",
    "Ada Lovelace_4711_assignsubmission_file_benker_12_20001_convolution.ipynb",
]


@pytest.mark.parametrize("name", MOODLE)
def test_a_file_called_like_a_classmates_stays_with_its_student(collect, output, name):
    collect({name: notebook("ada"), "Ben Ker_4712_assignsubmission_file_convolution.ipynb": notebook("ben")})
    assert who(output) == {"Ada Lovelace": ("4711", ""), "Ben Ker": ("4712", "")}
    assert (output / "Ben Ker/convolution/convolution.ipynb").read_bytes() == notebook("ben")


@pytest.mark.parametrize(
    ("name", "student", "identity"),
    [
        ("Ada Lovelace 2_4711_assignsubmission_file_convolution.ipynb", "Ada Lovelace 2", "4711"),
        ("Ada_Lovelace_4711_assignsubmission_file_convolution.ipynb", "Ada_Lovelace", "4711"),
        ("student_12_4711_assignsubmission_file_12_convolution.ipynb", "student_12", "4711"),
        ("Group 7_4711_assignsubmission_file_convolution.ipynb", "Group 7", "4711"),
        ("Default group_assignsubmission_file_convolution.ipynb", "Default group", "Default group"),
    ],
)
def test_names_with_digits_and_underscores_in_moodles_flat_download(collect, output, name, student, identity):
    assert not collect({name: notebook("a")}).refused
    assert who(output) == {student: (identity, "")}


@pytest.mark.parametrize(
    "name",
    [
        "4712_assignsubmission_file_convolution.ipynb",  # a number for a name, or an id without one?
        "Ada_L_4712_assignsubmission_file_Ben_4713_assignsubmission_file_convolution.ipynb",
    ],
)
def test_a_flat_name_with_two_meanings_is_listed(collect, output, name):
    members = {name: notebook("x"), "Ben Ker_4712_assignsubmission_file_convolution.ipynb": notebook("ben")}
    assert reasons(collect(members)) == {name: AMBIGUOUS}
    assert who(output) == {"Ben Ker": ("4712", "")}


def test_two_names_with_one_id_are_both_listed(collect, output):
    members = {f"{name}_4711_assignsubmission_file_convolution.ipynb": notebook(name) for name in ("Ada", "Ben")}
    assert reasons(collect(members)) == dict.fromkeys(members, AMBIGUOUS)
    assert submissions(output) == []


@pytest.mark.parametrize(
    "name", ["Ben Ker_4712_assignsubmission_file_convolution.ipynb", "benker_12_20001_convolution.ipynb"]
)
def test_a_flat_name_inside_a_folder_of_nobody_is_listed(collect, output, name):
    members = {f"export/submission_1/{name}": notebook("ada"), "export/submission_2/a.ipynb": notebook("x")}
    assert reasons(collect(members))[f"export/submission_1/{name}"] == INSIDE
    assert submissions(output) == []


def test_a_flat_download_may_be_in_one_folder(collect):
    members = {f"unpacked/{name}_{n}_assignsubmission_file_convolution.ipynb": b"{}" for n, name in enumerate("ab")}
    assert sorted(outcomes(collect(members))) == ["a/convolution", "b/convolution"]


def test_a_students_zip_with_a_classmates_name_inside_stays_with_the_student(collect, output):
    inner = zipped({"Ben Ker_4712_assignsubmission_file_convolution.ipynb": notebook("ada")})
    collect({"Ada Lovelace_4711_assignsubmission_file_work.zip": inner})
    assert who(output) == {"Ada Lovelace": ("4711", "")}
