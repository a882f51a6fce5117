"""Which of two submissions is kept, in whose folder, and under which names its files are stored."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from autograder.lms import importing, uploaded_files
from autograder.lms.archives import Member
from autograder.lms.downloads import CANVAS, PlatformUser, UploadedFile
from autograder.lms.importing import import_download
from autograder.lms.roster import read_record
from autograder.lms.student_folders import Directory, Occupied, PlacingOutcome, Version, place
from autograder.submissions.timestamps import read_timestamp
from tests.lms.archives import notebook, write_zip
from tests.lms.imported import EXERCISES, files, outcomes, reasons, submissions


@pytest.mark.parametrize("source", ["unpacked", "download.zip"])
def test_an_import_that_fails_records_what_is_in_place(tmp_path, output, monkeypatch, source):
    def fail_for_ben(root, student, *rest):
        if student == "Ben":
            raise OSError("the disk is full")
        return place(root, student, *rest)

    monkeypatch.setattr(importing, "place", fail_for_ben)
    for name in ("Ada_1", "Ben_2"):
        folder = tmp_path / "unpacked" / f"{name}_assignsubmission_file_"
        folder.mkdir(parents=True)
        (folder / "convolution.py").write_bytes(b"")
    write_zip(tmp_path / "download.zip", files(tmp_path / "unpacked"))
    with pytest.raises(OSError, match="disk"):
        import_download([tmp_path / source], output, EXERCISES, exercise="convolution")
    assert [entry.student for entry in read_record(output)] == ["Ada"]


def test_the_record_names_the_first_files_and_counts_the_others(collect, output):
    collect({f"Ada_1_assignsubmission_file_/{name}": b"" for name in ("convolution.py", "a", "b", "c", "d")})
    (entry,) = read_record(output)
    assert entry.source.endswith("file_/a, Ada_1_assignsubmission_file_/b and 2 more")


def test_a_number_in_the_record_that_is_too_long_counts_as_none(collect, output):
    collect({"a_1_20_convolution.ipynb": notebook("old")})
    record = output / "students.csv"
    record.write_text(record.read_text().replace(",20,", f",{'9' * 5000},"))
    assert outcomes(collect({"a_1_21_convolution.ipynb": notebook("new")})) == {
        "a/convolution": PlacingOutcome.REPLACED
    }


def test_the_same_files_handed_in_later_get_the_later_time(tmp_path):
    east = timezone(timedelta(hours=1))
    times = [Version(datetime(2026, 11, day, 10, tzinfo=east)) for day in (20, 22, 21)]
    done = [place(tmp_path, "ada", "convolution", {"a": b""}, when, Version()) for when in times]
    assert done == [PlacingOutcome.NEW, PlacingOutcome.UNCHANGED, PlacingOutcome.UNCHANGED]
    assert (tmp_path / "ada/convolution/timestamp.txt").read_text() == "2026-11-22 09:00:00.000000 UTC\n"


def test_the_order_of_files_makes_no_other_submission(tmp_path):
    files = {name: name.encode() for name in "abcdefgh"}
    ways = [files, dict(reversed(files.items())), files]
    done = [place(tmp_path, "ada", "convolution", way, Version(), Version()) for way in ways]
    assert done == [PlacingOutcome.NEW, PlacingOutcome.UNCHANGED, PlacingOutcome.UNCHANGED]


def test_a_time_without_a_fraction_is_read(tmp_path):
    (tmp_path / "timestamp.txt").write_text("2026-11-20 15:04:05 UTC\n")
    when = read_timestamp(tmp_path)
    assert when is not None
    assert when.isoformat() == "2026-11-20T15:04:05+00:00"


def test_two_submissions_in_turns_are_each_kept_once(collect, output):
    for number, text in enumerate("abab", 20):
        collect({f"a_1_{number}_convolution.ipynb": notebook(text)})
    assert (output / "a/convolution/convolution.ipynb").read_bytes() == notebook("b")
    assert sorted(files(output / ".replaced").values()) == [notebook("a"), notebook("b")]


def test_with_the_same_number_the_one_replaced_before_is_older(collect):
    both = {"a_1_20_convolution.ipynb": notebook("x"), "a_1_19_utils.py": b""}
    one = {"a_1_20_convolution.ipynb": notebook("x")}
    done = [outcomes(collect(members))["a/convolution"] for members in (both, one, both)]
    assert done == [PlacingOutcome.NEW, PlacingOutcome.REPLACED, PlacingOutcome.OLDER]


def test_what_a_killed_run_began_is_removed_and_others_may_read_the_rest(collect, output):
    (output / ".collecting-x").mkdir(parents=True)
    collect({"Ada Lovelace_4711_assignsubmission_file/convolution.ipynb": notebook("ada")})
    assert not (output / ".collecting-x").exists()
    assert (output / "Ada Lovelace/convolution").stat().st_mode & 0o777 == 0o755


def test_nothing_is_kept_behind_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".replaced").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Occupied, match=r"\.replaced is not a folder"):
        place(tmp_path, "ada", "convolution", {"a": b""}, Version(), Version())


def test_moodles_number_is_another_students_in_another_exercise(collect, output):
    collect({"Ada_1_assignsubmission_file_/convolution.py": b""})
    collect({"Ben_1_assignsubmission_file_/tensor_ops.py": b""}, exercise="tensor_ops")
    assert submissions(output) == ["Ada/convolution/convolution.py", "Ben/tensor_ops/tensor_ops.py"]


def test_one_name_on_two_platforms_is_one_student():
    directory = Directory([], None)
    users = [PlatformUser(platform, "7", "Ada") for platform in ("moodle", "canvas")]
    assert [directory.folder_of(user, "convolution") for user in users] == ["Ada", "Ada"]


def test_only_canvas_numbers_the_files_of_one_name(collect):
    report = collect({"Ada_1_assignsubmission_file_/convolution-1.ipynb": notebook("a")}, exercise=None)
    assert not report.taken
    user = PlatformUser(CANVAS, "1", "ada")
    upload = UploadedFile(user, "conv-2.ipynb", Member("a", 0, bytes))
    assert uploaded_files.exercise_of(upload, ["conv", "tensor_ops"]) == "conv"
    assert uploaded_files.exercise_of(upload, ["conv", "conv_2"]) is None


def test_a_download_with_the_names_of_two_exercises_has_none():
    assert uploaded_files.exercise_in("DL-Tensor Ops-Convolution-77.zip", EXERCISES) is None


def test_a_submission_has_as_many_files_and_bytes_as_allowed_and_no_more(collect, output, monkeypatch):
    monkeypatch.setattr(uploaded_files, "MAX_FILES", 3)
    monkeypatch.setattr(uploaded_files, "MAX_BYTES", 10)
    report = collect({f"Ada_1_assignsubmission_file_/{name}": b"x" for name in ("convolution.py", "a", "b", "c")})
    assert list(reasons(report)) == ["Ada_1_assignsubmission_file_/c"]
    sizes = {"convolution.py": 5, "a": 5, "b": 1}
    report = collect({f"Ben_2_assignsubmission_file_/{name}": bytes(size) for name, size in sizes.items()})
    assert list(reasons(report)) == ["Ben_2_assignsubmission_file_/b"]


def test_of_files_that_resemble_an_exercise_the_one_with_its_name_is_the_answer(collect, output):
    texts = {"Convolution.ipynb": notebook("other"), "convolution.ipynb": notebook("exact")}
    collect({f"Ada_1_assignsubmission_file_/{name}": text for name, text in texts.items()})
    assert (output / "Ada/convolution/convolution.ipynb").read_bytes() == notebook("exact")


def test_the_file_that_is_least_deep_keeps_its_name(collect, output):
    members = {"convolution.py": b"", "a/utils.py": b"deep", "utils.py": b"top"}
    collect({f"Ada_1_assignsubmission_file_/{name}": text for name, text in members.items()})
    assert (output / "Ada/convolution/utils.py").read_bytes() == b"top"


def test_names_of_files_fit_every_system(collect, output):
    names = ["convolution.py", "wh?t:*.py", f"{'x' * 180}.{'y' * 100}"]
    collect({f"Ada_1_assignsubmission_file_/{name}": b"" for name in names})
    assert sorted(path.name for path in (output / "Ada/convolution").iterdir()) == [
        *("convolution.py", "wh_t__.py", "x" * 180)
    ]
