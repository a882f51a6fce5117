"""The members of an archive or a folder: their order, their limits, and links."""

import errno
import os
import struct

import pytest

from autograder.lms import archives
from autograder.lms.archives import ArchiveError, ArchiveLimits, Unfit, open_archive, open_handed_in
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


def zip64(data: bytes, *, listed: int = 0xFFFFFFFF, size: int | None = None) -> bytes:
    """Return a zip with ZIP64's records: ``listed`` is the directory's size in the old record, ``size`` in the new."""
    at = data.rindex(b"PK\5\6")
    count, real, offset = struct.unpack_from("<HLL", data, at + 10)
    new = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, real if size is None else size, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    old = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, listed, 0xFFFFFFFF, 0)
    return data[:at] + new + locator + old


def test_a_large_zip64_download_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "DOWNLOAD", ArchiveLimits(directory=1000))  # far less than the bytes before it
    data = zip64(zipped({"a": os.urandom(5000), "b": os.urandom(5000)}))
    (tmp_path / "a.zip").write_bytes(data)
    with open_archive(tmp_path / "a.zip") as archive:
        assert [(member.path, len(member.read())) for member in archive.members] == [("a", 5000), ("b", 5000)]


@pytest.mark.parametrize("listed", [0xFFFFFFFF, 10])
def test_of_two_sizes_of_a_directory_the_one_that_is_read_counts(monkeypatch, listed):
    monkeypatch.setattr(archives, "HANDED_IN", ArchiveLimits(directory=1000))
    members = {str(n): b"" for n in range(30)}  # their directory has about 50 bytes each
    with pytest.raises(ArchiveError, match="lists far more files"):
        open_handed_in(zip64(zipped(members), listed=listed), "a.zip")
    few = {str(n): b"" for n in range(10)}
    assert len(open_handed_in(zip64(zipped(few), listed=listed), "a.zip").members) == 10


@pytest.mark.parametrize("size", [10**6, 2**63])
def test_a_directory_that_cannot_be_so_large_is_damaged_or_too_large(monkeypatch, size):
    with pytest.raises(ArchiveError, match="not a zip archive, or is damaged"):
        open_handed_in(zip64(zipped({"a": b""}), size=size), "a.zip")


def test_an_error_while_an_archive_is_used_is_not_the_archives(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": b""})
    with pytest.raises(OSError, match="No space left"), open_archive(path):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_archive_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(ArchiveError, match="cannot be opened"), open_archive(tmp_path / "missing.zip"):
        pass


def test_a_directory_that_hides_its_size_counts_with_all_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "DOWNLOAD", ArchiveLimits(directory=1000))
    data = zipped({"a": bytes(1000), "b": os.urandom(1000)})
    at = data.rindex(b"PK\5\6") + 12
    data = data[:at] + b"\xff" * 4 + data[at + 4 :]
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveError, match="lists far more files"), open_archive(tmp_path / "a.zip"):
        pass
