"""The members of an archive or a folder: their order, their limits, and links."""

import os

import pytest

from autograder.lms import archives
from autograder.lms.archives import ArchiveError, ArchiveLimits, Unfit, open_archive
from tests.lms.archives import write_zip, zipped


def test_a_file_that_becomes_a_link_after_it_was_listed_is_not_read(tmp_path):
    path = tmp_path / "unpacked/a.py"
    path.parent.mkdir()
    path.write_bytes(b"x")
    with open_archive(path.parent) as archive:
        path.unlink()
        path.symlink_to("/etc/passwd")
        with pytest.raises(Unfit, match="cannot be opened"):
            archive.members[0].read()


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    names = [f"{letter}/{number}.py" for letter in "abc" for number in range(5)]
    for name in reversed(names):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    with open_archive(tmp_path) as archive:
        assert [member.path for member in archive.members] == names


def test_as_many_members_as_allowed_are_read_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "DOWNLOAD", ArchiveLimits(members=2))
    with open_archive(write_zip(tmp_path / "a.zip", {"a": b"", "b": b""})) as archive:
        assert len(archive.members) == 2
    with pytest.raises(ArchiveError, match="contains 3 files; at most 2"):
        open_archive(write_zip(tmp_path / "b.zip", {"a": b"", "b": b"", "c": b""})).__enter__()


def test_a_file_in_a_folder_may_be_as_large_as_allowed_and_no_larger(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "DOWNLOAD", ArchiveLimits(bytes_each=10))
    for size in (10, 11):
        (tmp_path / f"{size}.py").write_bytes(bytes(size))
    with open_archive(tmp_path) as archive:
        assert [member.path for member in archive.members] == ["10.py"]
        assert [refused.path for refused in archive.refused] == ["11.py"]


def test_a_directory_that_hides_its_size_counts_with_all_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "DOWNLOAD", ArchiveLimits(directory=1000))
    data = zipped({"a": bytes(1000), "b": os.urandom(1000)})
    at = data.rindex(b"PK\5\6") + 12
    data = data[:at] + b"\xff" * 4 + data[at + 4 :]
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveError, match="lists far more files"), open_archive(tmp_path / "a.zip"):
        pass
