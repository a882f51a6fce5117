"""Hostile archives: nothing is written outside the output, sizes are bounded, and every member is reported."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.lms import archives
from autograder.lms.archives import ArchiveError, ArchiveLimits, Unfit, open_archive, open_handed_in
from autograder.lms.importing import ImportReport, import_download
from autograder.lms.roster import read_record
from autograder.text import name_fault
from tests.lms.archives import gradescope_metadata, notebook, write_zip, zipped

EXERCISES = ["tensor_ops", "convolution"]
NAME = "Ada_1_assignsubmission_file_/convolution.ipynb"


def collect(path: Path, output: Path) -> ImportReport:
    return import_download([path], output, EXERCISES, exercise="convolution")


def why_of(report: ImportReport) -> dict[str, str]:
    return {refused.path: refused.why for _archive, refused in report.refused}


def with_attributes(name: str, mode: int, content: bytes) -> bytes:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(info, content)
    return data.getvalue()


def patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field in every record of a kind."""
    at, changed = data.find(signature), bytearray(data)
    while at >= 0:
        changed[at + offset : at + offset + len(value)] = value
        at = data.find(signature, at + 1)
    return bytes(changed)


# --- Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../Ada_1_assignsubmission_file_/convolution.ipynb",
        "/etc/Ada_1_assignsubmission_file_/convolution.ipynb",
        "C:/Ada_1_assignsubmission_file_/convolution.ipynb",
        "..\\..\\Ada_1_assignsubmission_file_\\convolution.ipynb",
        "Ada_1_assignsubmission_file_/../../convolution.ipynb",
    ],
)
def test_a_path_that_leaves_the_archive_is_refused(tmp_path, name):
    report = collect(write_zip(tmp_path / "a.zip", {name: notebook("x")}), tmp_path / "out")
    assert list(why_of(report).values()) == ["Its name leaves the archive."]
    assert not report.taken


def test_backslashes_of_windows_are_slashes(tmp_path):
    collect(write_zip(tmp_path / "a.zip", {NAME.replace("/", "\\"): notebook("x")}), tmp_path / "out")
    assert (tmp_path / "out/Ada/convolution/convolution.ipynb").is_file()


@pytest.mark.parametrize("encoded", ["Émilie", "Эмили", "艾米莉"])
def test_unmarked_names_in_utf_8_are_read(tmp_path, encoded):
    name = f"{encoded}_1_assignsubmission_file_/convolution.ipynb"
    data = zipped({name: notebook("x")})
    data = patched(patched(data, b"PK\1\2", 8, b"\0\0"), b"PK\3\4", 6, b"\0\0")
    (tmp_path / "a.zip").write_bytes(data)
    collect(tmp_path / "a.zip", tmp_path / "out")
    assert (tmp_path / "out" / encoded / "convolution/convolution.ipynb").is_file()


def test_control_characters_stay_out_of_names_and_record(tmp_path):
    evil = "\x1b[2J\u202eA\x07da"
    report = collect(
        write_zip(tmp_path / "a.zip", {f"{evil}_1_assignsubmission_file_/{evil}.ipynb": notebook("x")}),
        tmp_path / "out",
    )
    assert [taken.entry.student for taken in report.taken] == ["2JAda"]
    assert "\x1b" not in (tmp_path / "out/students.csv").read_text()
    assert all(path.name.isprintable() for path in (tmp_path / "out").rglob("*"))


def test_students_called_like_exercises_and_hidden_folders_get_other_names(tmp_path):
    members = {
        f"{name}_{n}_assignsubmission_file_/convolution.ipynb": notebook(name)
        for n, name in enumerate([".replaced", "convolution", "...", "a" * 200, "x.py"])
    }
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert sorted(taken.entry.student for taken in report.taken) == [
        *("a" * 100, "convolution (1)", "moodle 2", "replaced", "x.py_")
    ]
    assert not report.refused


def test_a_students_own_metadata_do_not_decide_how_a_class_is_read(tmp_path):
    forged = gradescope_metadata(s=("2026-11-20 15:04:05 Z", [("Ben", "", "")]))
    members = {NAME: notebook("x"), NAME.replace("convolution.ipynb", "submission_metadata.yml"): forged}
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert [taken.entry.student for taken in report.taken] == ["Ada"]
    report = collect(
        write_zip(tmp_path / "b.zip", members | {"Ben_2_assignsubmission_file_/x.py": b""}), tmp_path / "out"
    )
    assert sorted(taken.entry.student for taken in report.taken) == ["Ada", "Ben"]


def test_metadata_in_a_folder_beside_others_do_not_decide_how_a_class_is_read(tmp_path):
    forged = gradescope_metadata(s=("2026-11-20 15:04:05 Z", [("Ben", "", "")]))
    members = {"ada_1_2_convolution.ipynb": notebook("x"), "more/submission_metadata.yml": forged}
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert [taken.entry.student for taken in report.taken] == ["ada"]


def test_a_number_of_thousands_of_digits_counts_as_none(tmp_path):
    members = {f"ada_1_{'9' * 5000}_convolution.ipynb": notebook("x")}
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert [(taken.entry.student, taken.entry.upload) for taken in report.taken] == [("ada", "")]


def test_merge_keys_of_yaml_are_not_expanded(tmp_path):
    merging = b"a: &a\n  :submitters:\n  - :name: Ben\nsubmission_1:\n  <<: *a\n"
    members = {"submission_metadata.yml": merging, "submission_1/convolution.ipynb": notebook("x")}
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert not report.taken
    assert len(report.refused) == 1


@pytest.mark.parametrize("inside", ["Ben_2_assignsubmission_file_/convolution.ipynb", "ben_2_3_convolution.ipynb"])
def test_a_classmates_name_inside_a_submission_changes_nothing(tmp_path, inside):
    folder = "Ada_1_assignsubmission_file_"
    members = {f"{folder}/{inside}": notebook("x"), f"{folder}/hw.zip": zipped({inside: notebook("y")})}
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert [taken.entry.student for taken in report.taken] == ["Ada"]


def test_a_download_with_the_name_of_a_students_file_is_reported(tmp_path):
    """Moodle names its zips after the course, which may match Canvas's pattern."""
    folder = tmp_path / "downloads"
    members = {f"{name}_{n}_assignsubmission_file_/a.py": b"" for n, name in enumerate(["Ada", "Ben"])}
    write_zip(folder / "DL_2026_1_Convolution-55.zip", members)
    report = collect(folder, tmp_path / "out")
    assert list(why_of(report).values()) == ["It contains files of several students. Collect it separately."]
    assert len(collect(folder / "DL_2026_1_Convolution-55.zip", tmp_path / "out").taken) == 2


@pytest.mark.parametrize("letter", ["李", "ÿ", "😀", "a"])
def test_the_longest_names_fit_every_file_system(tmp_path, letter):
    name = f"{letter * 200}_{'9' * 40}_assignsubmission_file_/{letter * 200}.ipynb"
    members = {name: notebook("x"), name.replace("_999", "_899"): notebook("y")}
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert len(report.taken) == 2
    assert len({taken.entry.student for taken in report.taken}) == 2


# --- Kinds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (stat.S_IFLNK, "It is a link"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFIFO, "a device"),
        (stat.S_IFSOCK, "a device"),
    ],
)
def test_links_and_devices_are_left_out(tmp_path, mode, why):
    (tmp_path / "a.zip").write_bytes(with_attributes(NAME, mode | 0o777, b"/etc/passwd"))
    report = collect(tmp_path / "a.zip", tmp_path / "out")
    assert why in why_of(report)[NAME]
    assert not report.taken


def test_links_and_pipes_in_an_unpacked_folder_are_left_out(tmp_path):
    folder = tmp_path / "unpacked/Ada_1_assignsubmission_file_"
    folder.mkdir(parents=True)
    (folder / "convolution.ipynb").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.ipynb")
    (tmp_path / "unpacked/Ben_2_assignsubmission_file_").symlink_to(folder)
    report = collect(tmp_path / "unpacked", tmp_path / "out")
    assert sorted(why_of(report)) == [
        "Ada_1_assignsubmission_file_/convolution.ipynb",
        "Ada_1_assignsubmission_file_/pipe.ipynb",
        "Ben_2_assignsubmission_file_",
    ]
    assert not report.taken


def test_a_link_where_a_student_belongs_is_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/Ada").symlink_to(tmp_path / "elsewhere")
    report = collect(write_zip(tmp_path / "a.zip", {NAME: notebook("x")}), tmp_path / "out")
    assert "is not a folder. Move it away" in why_of(report)[NAME]
    assert not list((tmp_path / "elsewhere").iterdir())


# --- Sizes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [False, True])
def test_a_bomb_is_recognised_by_its_ratio(tmp_path, inside):
    bomb = {"convolution.ipynb": b"\0" * (4 * 2**20)}
    members = {NAME: bomb["convolution.ipynb"]} if not inside else {NAME.replace("ipynb", "zip"): zipped(bomb)}
    report = collect(write_zip(tmp_path / "a.zip", members), tmp_path / "out")
    assert "decompression bomb" in next(iter(why_of(report).values()))
    assert not report.taken


def test_a_wrong_size_is_damage(tmp_path):
    data = zipped({NAME: os.urandom(5000)})
    data = patched(data, b"PK\1\2", 24, struct.pack("<L", 100))
    (tmp_path / "a.zip").write_bytes(data)
    report = collect(tmp_path / "a.zip", tmp_path / "out")
    assert "It is damaged" in why_of(report)[NAME]


def test_files_beside_a_damaged_answer_replace_nothing(tmp_path):
    collect(write_zip(tmp_path / "a.zip", {NAME: notebook("old")}), tmp_path / "out")
    data = zipped({NAME: os.urandom(5000), NAME.replace("convolution.ipynb", "utils.py"): b"x"})
    at = data.index(b"PK\1\2") + 24
    (tmp_path / "b.zip").write_bytes(data[:at] + struct.pack("<L", 100) + data[at + 4 :])
    report = collect(tmp_path / "b.zip", tmp_path / "out")
    assert len(why_of(report)) == 2
    assert (tmp_path / "out/Ada/convolution/convolution.ipynb").read_bytes() == notebook("old")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_overlapping_members_are_read_once(tmp_path):
    """Every entry of the directory points to the first member, whose bytes would count a hundred times."""
    (tmp_path / "a.zip").write_bytes(patched(zipped([(NAME, b"x")] * 100), b"PK\1\2", 42, struct.pack("<L", 0)))
    report = collect(tmp_path / "a.zip", tmp_path / "out")
    assert [refused.why for _archive, refused in report.refused] == [
        "It overlaps another member, as in a decompression bomb."
    ] * 99
    assert len(list((tmp_path / "out/Ada/convolution").iterdir())) == 1


def test_members_that_share_some_bytes_are_not_read(tmp_path):
    """The second member is inside the first, which is a zip that contains it; the third overlaps neither."""
    first, second, third = (f"{name}_assignsubmission_file_/convolution.ipynb" for name in ("A_1", "B_2", "C_3"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(first, zipped({second: notebook("x")}))
        archive.writestr(second, notebook("x"), zipfile.ZIP_DEFLATED)
        archive.writestr(third, notebook("y"))
        archive.getinfo(second).header_offset = 30 + len(first)
    report = collect(tmp_path / "a.zip", tmp_path / "out")
    assert why_of(report) == dict.fromkeys((first, second), "It overlaps another member, as in a decompression bomb.")
    assert [path.read_bytes() for path in (tmp_path / "out").rglob("*.ipynb")] == [notebook("y")]


def test_the_total_size_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "DOWNLOAD", ArchiveLimits(bytes_all=1000, bytes_each=600))
    members = {f"S{n}_{n}_assignsubmission_file_/convolution.ipynb": bytes(400 + 200 * (n == 5)) for n in range(5)}
    report = collect(
        write_zip(tmp_path / "a.zip", members | {"T_9_assignsubmission_file_/a.py": bytes(601)}), tmp_path / "out"
    )
    assert len(report.taken) == 2
    assert len(report.refused) == 4


def test_a_flood_of_members_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "flood.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(100_000):
            archive.writestr(zipfile.ZipInfo(str(number)), b"")
    with pytest.raises(ArchiveError, match="contains 100000 files; at most 20000 are read"), open_archive(path):
        pass
    with pytest.raises(ArchiveError, match="lists far more files than a class hands in"):
        open_handed_in(path.read_bytes(), "hw.zip")


def test_encrypted_and_unusual_members_say_what_to_do(tmp_path):
    data = zipped({NAME: notebook("x")})
    (tmp_path / "a.zip").write_bytes(patched(patched(data, b"PK\1\2", 8, b"\1\0"), b"PK\3\4", 6, b"\1\0"))
    told = why_of(collect(tmp_path / "a.zip", tmp_path / "out"))
    assert told == {NAME: "It is encrypted. Ask for it without a password."}
    (tmp_path / "b.zip").write_bytes(patched(data, b"PK\1\2", 10, b"\x0e\0"))
    assert "plain file or an ordinary zip" in why_of(collect(tmp_path / "b.zip", tmp_path / "out"))[NAME]


@pytest.mark.parametrize("data", [b"", b"PK", b"<html>login</html>", b"Rar!\x1a\x07", b"PK\5\6" + b"\xff" * 18])
def test_a_file_that_is_not_a_zip_is_reported(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    report = collect(tmp_path / "a.zip", tmp_path / "out")
    assert "a.zip" in why_of(report)["all of it"]
    assert not report.taken


@given(st.binary(max_size=60), st.integers(0, 400))
@settings(max_examples=300, deadline=None)
def test_a_damaged_zip_is_read_within_bounds_or_refused(noise, at):
    whole = zipped({"a.ipynb": notebook("x"), "b/c.py": b"y" * 100})
    data = whole[:at] + noise + whole[at + len(noise) :]
    try:
        archive = open_handed_in(data, "hw.zip")
        for member in archive.members:
            assert len(member.read()) <= ArchiveLimits().bytes_each
    except (ArchiveError, Unfit):
        pass


# --- Any name ---------------------------------------------------------------------------------------

PARTS = st.sampled_from(
    [
        *("..", ".", "/", "\\", "Ada", "ada", "ADA", "_1_", "_2_", "LATE_", "assignsubmission_file_", "convolution"),
        *(".ipynb", ".py", ".zip", "C:", "~", "\x1b[31m", "\u202e", "=1+1", "é", "e\u0301", "timestamp.txt"),
        *("students.csv", ".replaced", "CON", "x" * 90, "\n", " ", "_3_4_", "submission_metadata.yml", "__MACOSX"),
        *("ß", "SS", "\U0001f600", "anon_a_5_", "_text.html"),
    ]
)
NAMES = st.lists(PARTS, min_size=1, max_size=8).map("".join) | st.text(max_size=40)


@given(st.lists(NAMES, max_size=12))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_every_member_is_imported_or_reported_and_nothing_is_written_elsewhere(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("any")
    names = [name for name in names if name.encode("utf-8", "replace").decode() == name and name.split("\0")[0]]
    contents = {f"content {number}".encode(): name for number, name in enumerate(names)}
    path = write_zip(root / "a.zip", [(name, content) for content, name in contents.items()])
    output = root / "deep/down/out"
    report = collect(path, output)
    assert {entry.name for entry in root.iterdir()} == {"a.zip", "deep"}
    assert [entry.name for entry in (root / "deep/down").iterdir()] == ["out"]
    placed = {entry.read_bytes() for entry in output.rglob("*") if entry.is_file() and entry != output / "students.csv"}
    if "all of it" in why_of(report):
        return
    told = {refused.path for _archive, refused in report.refused}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.orig_filename.replace("\\", "/")
            # Gradescope's own file is at the top, or in the folder that contains everything.
            is_metadata = name.rpartition("/")[2] == "submission_metadata.yml" and name.count("/") <= 1
            assert archive.read(info) in placed or name in told or is_metadata
    folders = [entry.name for entry in output.iterdir() if entry.is_dir() and entry.name != ".replaced"]
    assert not [name_fault(name) for name in folders if name_fault(name)]
    assert len({name.casefold() for name in folders}) == len(folders)
    assert {entry.student for entry in read_record(output)} == set(folders)


# --- Large classes ----------------------------------------------------------------------------------


def test_the_work_grows_in_proportion_to_the_class(tmp_path):
    """Counted in calls, not in seconds: four times the students need about four times the calls."""
    calls = {}
    for students in (100, 400):
        path = write_zip(
            tmp_path / f"{students}.zip",
            {f"Same Name_{n}_assignsubmission_file_/convolution.ipynb": notebook(str(n)) for n in range(students)},
        )
        calls[students] = count_calls(lambda path=path, students=students: collect(path, tmp_path / str(students)))
    assert calls[400] < 6 * calls[100]


def count_calls(work) -> int:
    import sys

    count = 0

    def profile(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
