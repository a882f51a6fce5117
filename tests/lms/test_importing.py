"""Importing downloads of Moodle, Canvas and Gradescope: no submission is lost or overwritten."""

from __future__ import annotations

import csv
import os

import pytest

from autograder.errors import FileError
from autograder.lms.importing import import_download
from autograder.lms.roster import read_record, read_roster
from autograder.lms.student_folders import PlacingOutcome
from autograder.submissions.timestamps import read_timestamp
from tests.lms.archives import gradescope_metadata, notebook, write_zip, zipped
from tests.lms.imported import EXERCISES, files, outcomes, reasons, submissions

# --- Platforms --------------------------------------------------------------------------------------

MOODLE_FOLDERS = {
    "Ada Lovelace_4711_assignsubmission_file/convolution.ipynb": notebook("ada"),
    "Émilie du Châtelet_4712_assignsubmission_file_/My Answer.ipynb": notebook("emilie"),
    "Ben Nobody_4713_assignsubmission_onlinetext/onlinetext.html": b"<p>I could not</p>",
}
MOODLE_FLAT = {
    "Ada Lovelace_4711_assignsubmission_file_convolution.ipynb": notebook("ada"),
    "Émilie du Châtelet_4712_assignsubmission_file_My Answer.ipynb": notebook("emilie"),
    "Ben Nobody_4713_assignsubmission_onlinetext_onlinetext.html": b"<p>I could not</p>",
}


@pytest.mark.parametrize("members", [MOODLE_FOLDERS, MOODLE_FLAT], ids=["folders", "flat"])
def test_moodle(collect, output, members):
    report = collect(members)
    assert not report.refused
    assert submissions(output) == [
        "Ada Lovelace/convolution/convolution.ipynb",
        "Ben Nobody/convolution/onlinetext.html",
        "Émilie du Châtelet/convolution/convolution.ipynb",
    ]
    assert [(e.student, e.platform, e.id, e.late) for e in read_record(output)] == [
        ("Ada Lovelace", "moodle", "4711", ""),
        ("Ben Nobody", "moodle", "4713", ""),
        ("Émilie du Châtelet", "moodle", "4712", ""),
    ]


def test_moodle_with_blind_marking_keeps_participants_apart(collect, output):
    collect({f"Participant_{n}_assignsubmission_file_/convolution.ipynb": notebook(str(n)) for n in (1, 2)})
    assert submissions(output) == [f"Participant {n}/convolution/convolution.ipynb" for n in (1, 2)]


def test_canvas(collect, output):
    report = collect(
        {
            "lovelaceada_1001_20002_convolution.ipynb": notebook("first"),
            "lovelaceada_1001_20009_convolution-1.ipynb": notebook("second"),
            "müllerjörg_LATE_1002_20003_convolution-12.ipynb": notebook("late"),
            "anon_x1Y2z_20004_convolution.ipynb": notebook("anonymous"),
            "nobodyben_1003_text.html": b"<p>",
        }
    )
    assert not report.refused
    assert files(output / "lovelaceada/convolution") == {
        "convolution.ipynb": notebook("second"),
        "convolution (2).ipynb": notebook("first"),
    }
    assert {e.student: (e.id, e.upload, e.late) for e in read_record(output)} == {
        "anon_x1Y2z": ("anon_x1Y2z", "20004", "no"),
        "lovelaceada": ("1001", "20009", "no"),
        "müllerjörg": ("1002", "20003", "yes"),
        "nobodyben": ("1003", "", "no"),
    }


def test_gradescope(collect, output):
    report = collect(
        {
            "assignment_9_export/submission_metadata.yml": gradescope_metadata(
                submission_1=("2026-11-20 15:04:05.5 Z", [("Ada Lovelace", "555", "ada@example.edu")]),
                submission_2=("2026-11-21 15:04:05 +01:00", [("Ben B", "", "ben@example.edu"), ("C, Dr", "7", "")]),
                submission_3=("2026-11-19 10:00:00 Z", [("Ada Lovelace", "555", "ada@example.edu")]),
            ),
            "assignment_9_export/submission_1/src/convolution.py": b"x = 1",
            "assignment_9_export/submission_2/convolution.ipynb": notebook("group"),
            "assignment_9_export/submission_3/convolution.ipynb": notebook("before"),
            "assignment_9_export/submission_4/convolution.ipynb": notebook("nobody's"),
        }
    )
    assert submissions(output) == [
        "555/convolution/convolution.py",
        "555/convolution/timestamp.txt",
        "7/convolution/convolution.ipynb",
        "7/convolution/timestamp.txt",
        "ben@example.edu/convolution/convolution.ipynb",
        "ben@example.edu/convolution/timestamp.txt",
    ]
    assert reasons(report) == {
        "assignment_9_export/submission_3/convolution.ipynb": "It is from an earlier attempt; only the latest counts.",
        "assignment_9_export/submission_4/convolution.ipynb": "submission_metadata.yml names no student for it.",
    }
    assert (output / "555/convolution/timestamp.txt").read_text() == "2026-11-20 15:04:05.500000 UTC\n"
    assert (output / "7/convolution/timestamp.txt").read_text() == "2026-11-21 14:04:05.000000 UTC\n"


def test_a_student_id_without_quotes_is_one(collect):
    metadata = b"s:\n  :submitters:\n  - :name: Ada\n    :sid: 555\n"
    report = collect({"submission_metadata.yml": metadata, "s/convolution.ipynb": notebook("a")})
    assert [taken.entry.id for taken in report.taken] == ["555"]


def test_nbgrader_reads_the_timestamp(collect, output):
    from nbgrader.utils import parse_utc

    collect(
        {
            "submission_metadata.yml": gradescope_metadata(s=("2026-11-20 15:04:05.5 Z", [("A", "5", "")])),
            "s/convolution.ipynb": notebook("a"),
        }
    )
    folder = output / "5/convolution"
    assert parse_utc((folder / "timestamp.txt").read_text().strip()) == read_timestamp(folder).replace(tzinfo=None)


def test_folders_and_folders_of_zips_are_imported_like_a_zip(tmp_path, output):
    write_zip(tmp_path / "downloads/moodle.zip", MOODLE_FLAT)
    for name, content in {
        "lovelaceada_1_2_convolution.ipynb": notebook("a"),
        "x_3_4_hw.zip": zipped({"h.ipynb": b"{}"}),
    }.items():
        (tmp_path / "downloads" / name).write_bytes(content)
    report = import_download([tmp_path / "downloads"], output, EXERCISES, exercise="convolution")
    assert not report.refused
    assert sorted({taken.entry.student for taken in report.taken}) == [
        *("Ada Lovelace", "Ben Nobody", "lovelaceada", "x", "Émilie du Châtelet")
    ]


def test_file_names_decide_without_an_exercise(collect, output):
    report = collect(
        {
            "ada_1_10_Tensor-Ops-2.ipynb": notebook("t"),
            "ada_1_11_convolution.py": b"c",
            "ada_1_12_homework.ipynb": notebook("?"),
        },
        exercise=None,
    )
    assert submissions(output) == ["ada/convolution/convolution.py", "ada/tensor_ops/tensor_ops.ipynb"]
    assert "--exercise tensor_ops" in reasons(report)["ada_1_12_homework.ipynb"]


def test_moodles_name_of_the_download_decides_as_well(collect, output):
    collect({"Ada_1_assignsubmission_file_/homework.ipynb": notebook("a")}, "DL2026-Tensor Ops-77.zip", exercise=None)
    assert submissions(output) == ["Ada/tensor_ops/tensor_ops.ipynb"]


def test_the_name_of_a_file_counts_more_than_that_of_the_download(collect, output):
    members = {"Ada_1_assignsubmission_file_/convolution.ipynb": notebook("a")}
    collect(members, "DL2026-Tensor Ops-77.zip", exercise=None)
    assert submissions(output) == ["Ada/convolution/convolution.ipynb"]


def test_a_hidden_file_beside_zips_is_no_download(tmp_path, output):
    write_zip(tmp_path / "downloads/moodle.zip", MOODLE_FLAT)
    (tmp_path / "downloads/._moodle.zip").write_bytes(b"of macOS")
    report = import_download([tmp_path / "downloads"], output, EXERCISES, exercise="convolution")
    assert reasons(report) == {"._moodle.zip": "It is a file of the system or of an editor, not of the student."}


# --- Repeated, newer and older downloads ------------------------------------------------------------


def test_repeating_an_import_changes_nothing(collect, output):
    collect(MOODLE_FOLDERS)
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    assert set(outcomes(collect(MOODLE_FOLDERS)).values()) == {PlacingOutcome.UNCHANGED}
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == before


def test_a_newer_one_replaces_and_the_older_is_kept(collect, output):
    name = "Ada Lovelace_4711_assignsubmission_file/convolution.ipynb"
    collect({name: notebook("old")}, "monday.zip")
    assert set(outcomes(collect({name: notebook("new")}, "tuesday.zip")).values()) == {PlacingOutcome.REPLACED}
    assert (output / "Ada Lovelace/convolution/convolution.ipynb").read_bytes() == notebook("new")
    kept = files(output / ".replaced/Ada Lovelace/convolution")
    assert list(kept.values()) == [notebook("old")]
    # Monday's submission was replaced already, so importing it again does not bring it back.
    assert set(outcomes(collect({name: notebook("old")}, "monday.zip")).values()) == {PlacingOutcome.OLDER}
    assert (output / "Ada Lovelace/convolution/convolution.ipynb").read_bytes() == notebook("new")


def test_in_canvas_the_file_number_decides_which_is_newer(collect, output):
    collect({"a_1_20_convolution.ipynb": notebook("new")})
    assert outcomes(collect({"a_1_19_convolution.ipynb": notebook("old")})) == {"a/convolution": PlacingOutcome.OLDER}
    assert read_record(output)[0].upload == "20"
    assert outcomes(collect({"a_1_21_convolution.ipynb": notebook("newest")})) == {
        "a/convolution": PlacingOutcome.REPLACED
    }
    assert read_record(output)[0].upload == "21"


def test_in_gradescope_the_time_decides_which_is_newer(collect, output):
    def handed_in(when: str, text: str) -> dict[str, PlacingOutcome]:
        metadata = gradescope_metadata(s=(when, [("A", "5", "")]))
        return outcomes(collect({"submission_metadata.yml": metadata, "s/convolution.ipynb": notebook(text)}))

    assert handed_in("2026-11-20 15:00:00 Z", "b") == {"5/convolution": PlacingOutcome.NEW}
    assert handed_in("2026-11-19 15:00:00 Z", "a") == {"5/convolution": PlacingOutcome.OLDER}
    assert handed_in("2026-11-21 15:00:00 Z", "c") == {"5/convolution": PlacingOutcome.REPLACED}


def test_a_submission_that_was_placed_by_hand_is_kept_too(collect, output):
    folder = output / "Ada Lovelace/convolution"
    folder.mkdir(parents=True)
    (folder / "convolution.ipynb").write_text("by hand")
    collect(MOODLE_FOLDERS)
    assert list(files(output / ".replaced").values()) == [b"by hand"]


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_run_that_is_killed_at_any_move_loses_nothing(collect, output, monkeypatch, moment):
    name = "Ada Lovelace_4711_assignsubmission_file/convolution.ipynb"
    collect({name: notebook("old")})
    real, calls = os.replace, []

    def replace(*paths: object) -> None:
        calls.append(paths)
        if len(calls) == moment:
            raise KeyboardInterrupt
        real(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            collect({name: notebook("new")}, "tuesday.zip")
    assert notebook("old") in files(output).values()
    collect({name: notebook("new")}, "tuesday.zip")
    assert (output / "Ada Lovelace/convolution/convolution.ipynb").read_bytes() == notebook("new")
    assert list(files(output / ".replaced").values()) == [notebook("old")]
    assert read_record(output)[0].source.startswith("tuesday.zip")
    assert not list(output.glob(".collecting-*"))


def test_different_notebooks_of_one_canvas_submission_are_both_kept(collect, output):
    collect({"a_1_20_part-one.ipynb": notebook("1"), "a_1_21_part-two.ipynb": notebook("2")})
    assert submissions(output) == ["a/convolution/part-one.ipynb", "a/convolution/part-two.ipynb"]


# --- Students and their folders ---------------------------------------------------------------------


def test_namesakes_have_separate_folders_in_every_import(collect, output):
    both = {f"Anna Müller_{n}_assignsubmission_file_/convolution.ipynb": notebook(str(n)) for n in (4711, 4712)}
    collect(both)
    collect(both)
    assert submissions(output) == [f"Anna Müller ({n})/convolution/convolution.ipynb" for n in (4711, 4712)]


def test_the_order_of_a_download_does_not_decide_who_gets_which_folder(collect, output):
    """Ids that begin alike give folders that are numbered."""
    names = [f"Anna Müller_{'7' * 24}{n}_assignsubmission_file_/convolution.ipynb" for n in (1, 2)]
    collect({name: notebook(name[-30]) for name in reversed(names)})
    assert [(entry.id[-1], entry.student[-3:]) for entry in read_record(output)] == [("1", "77)"), ("2", ") 2")]


def test_a_later_namesake_gets_another_folder(collect, output):
    first = {"Anna Müller_1_assignsubmission_file_/convolution.ipynb": notebook("1")}
    collect(first)
    second = {"ANNA MÜLLER_2_assignsubmission_file_/convolution.ipynb": notebook("2")}
    assert outcomes(collect(second)) == {"ANNA MÜLLER (2)/convolution": PlacingOutcome.NEW}
    assert set(outcomes(collect(first | second)).values()) == {PlacingOutcome.UNCHANGED}


def test_a_roster_names_the_folders(collect, output, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "Identifier,Full name,Email address\nParticipant 1,Anna M,anna@x.org\nParticipant 2,Anna M,am@x.org\n"
    )
    report = collect(
        {
            "Anna M_1_assignsubmission_file_/convolution.ipynb": notebook("1"),
            "Anna M_2_assignsubmission_file_/convolution.ipynb": notebook("2"),
            "New Student_3_assignsubmission_file_/convolution.ipynb": notebook("3"),
        },
        roster=read_roster(roster),
    )
    assert sorted(outcomes(report)) == ["New Student/convolution", "am@x.org/convolution", "anna@x.org/convolution"]
    assert [taken.entry.student for taken in report.taken if not taken.listed] == ["New Student"]


def test_canvas_ids_are_found_in_its_gradebook(collect, output, tmp_path):
    roster = tmp_path / "Grades.csv"
    roster.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
        '"Lovelace, Ada",1001,77,alovelace,A\n"Student, Test",9,,,A\n'
    )
    collect({"lovelaceada_1001_2_convolution.ipynb": notebook("a")}, roster=read_roster(roster))
    assert submissions(output) == ["alovelace/convolution/convolution.ipynb"]


def test_a_list_without_students_is_refused(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Bewertung,Kommentar\n1,gut\n")
    with pytest.raises(FileError, match="Switch the platform to English"):
        read_roster(path)


# --- Contents of submissions ------------------------------------------------------------------------


def test_a_zip_of_a_student_is_opened_once(collect, output):
    inner = zipped(
        {
            "hw/src/convolution.ipynb": notebook("a"),
            "hw/utils.py": b"x",
            "hw/.ipynb_checkpoints/convolution-checkpoint.ipynb": b"{}",
            "__MACOSX/hw/._convolution.ipynb": b"",
            "hw/more.zip": zipped({"convolution.ipynb": b"{}"}),
        }
    )
    report = collect({"Ada_1_assignsubmission_file_/hw.zip": inner, "Ben_2_assignsubmission_file_/no.zip": b"PK"})
    assert submissions(output) == ["Ada/convolution/convolution.ipynb", "Ada/convolution/utils.py"]
    why = reasons(report)
    assert "a zip inside a zip" in why.pop("Ada_1_assignsubmission_file_/hw.zip: hw/more.zip")
    assert "not a zip archive" in why.pop("Ben_2_assignsubmission_file_/no.zip")
    assert set(why.values()) == {"It is a file of the system or of an editor, not of the student."}


def test_files_of_one_name_are_both_kept(collect, output):
    collect(
        [
            ("Ada_1_assignsubmission_file_/a/convolution.ipynb", notebook("a")),
            ("Ada_1_assignsubmission_file_/b/Convolution.ipynb", notebook("b")),
            ("Ada_1_assignsubmission_file_/timestamp.txt", b"1999-01-01 00:00:00 UTC"),
        ]
    )
    assert files(output / "Ada/convolution") == {
        "_timestamp.txt": b"1999-01-01 00:00:00 UTC",
        "convolution.ipynb": notebook("a"),
        "Convolution (2).ipynb": notebook("b"),
    }


def test_ambiguous_notebooks_are_left_to_grading(collect, output):
    collect({f"Ada_1_assignsubmission_file_/{name}.ipynb": notebook(name) for name in ("draft", "final")})
    assert submissions(output) == ["Ada/convolution/draft.ipynb", "Ada/convolution/final.ipynb"]


def test_the_record_is_a_table_without_formulas(collect, output):
    collect({'=HYPERLINK("x")_1_assignsubmission_file_/convolution.ipynb': notebook("a")})
    with (output / "students.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["student"] == "HYPERLINK(x)"
    assert rows[0]["name"] == '\'=HYPERLINK("x")'
    assert read_record(output)[0].name == '=HYPERLINK("x")'
