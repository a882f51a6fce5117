"""Read an archive of students' files, or a folder that one was unpacked into, as data and within bounds.

Nothing is ever extracted: a member is a name and a way to read it, and where it goes is decided elsewhere, by other
names. What a hostile archive could do (paths out of it, links, devices, bombs, members over one another, a million
names) ends with the member left out, or the archive, and a sentence that says why.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from autograder.text import printable


class ArchiveError(Exception):
    """An archive that cannot be read; the message says what is wrong and what to do."""


class Unfit(Exception):
    """A member that cannot be read; the message says why."""


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold. A platform's download holds a class, a student's zip one submission."""

    members: int = 20_000
    bytes_each: int = 32 * 2**20
    bytes_all: int = 8 * 2**30
    directory: int = 16 * 2**20


DOWNLOAD = ArchiveLimits()
HANDED_IN = ArchiveLimits(members=2_000, bytes_all=256 * 2**20, directory=2**20)

MAX_RATIO = 200
"""How much larger than packed a member above one MiB may be: notebooks shrink to a tenth, zeros to a thousandth."""

_LINK = "It is a link; links are not followed."
_DEVICE = "It is no file but a device or the like."


@dataclass(frozen=True)
class Member:
    """One file of an archive: its path with slashes, as it stands there, and what reads it."""

    path: str
    size: int
    _read: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        """Return its content; raise `Unfit` where it is damaged or not what it claims to be."""
        return self._read()


@dataclass(frozen=True)
class Refused:
    """A member that was left out, by the path it stood under, and why."""

    path: str
    why: str


@dataclass(frozen=True)
class Archive:
    """What can be read of an archive, in its order, and what cannot."""

    members: tuple[Member, ...]
    refused: tuple[Refused, ...]


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip, or a folder as if it were one; raise `ArchiveError` where it is neither."""
    if path.is_dir():
        yield _folder(path)
        return
    try:
        with path.open("rb") as file:
            yield _zip(file, printable(path.name), DOWNLOAD)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be opened ({error.strerror or error}).") from None


def open_handed_in(data: bytes, name: str) -> Archive:
    """Open a zip that a student handed in."""
    return _zip(io.BytesIO(data), printable(name), HANDED_IN)


def _too_large(size: int, limits: ArchiveLimits) -> str:
    return f"It has {size / 2**20:.0f} MiB; at most {limits.bytes_each // 2**20} are read."


# --- Zips -------------------------------------------------------------------------------------------


def _zip(file: BinaryIO, name: str, limits: ArchiveLimits) -> Archive:
    if _size_of_directory(file) > limits.directory:
        raise ArchiveError(f"{name} lists far more files than a class hands in, so it was not read.")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OverflowError, struct.error, NotImplementedError, OSError) as error:
        raise ArchiveError(f"{name} is no zip archive, or a damaged one ({error}). Download it again.") from None
    infos = [info for info in archive.infolist() if info.file_size or not info.orig_filename.endswith(("/", "\\"))]
    if len(infos) > limits.members:
        raise ArchiveError(f"{name} holds {len(infos)} files; at most {limits.members} are read.")
    overlapping = _overlapping(archive.infolist())
    members, refused, total = [], [], 0
    for info in infos:
        path = _path_of(info)
        why = _fault(info, path, limits) or (
            "It lies over another member, as in a decompression bomb." if id(info) in overlapping else ""
        )
        if not why and total + info.file_size > limits.bytes_all:
            why = f"With it, the archive would hold more than {limits.bytes_all // 2**20} MiB."
        if why:
            refused.append(Refused(path, why))
            continue
        total += info.file_size
        members.append(Member(path, info.file_size, _reader(archive, info)))
    return Archive(tuple(members), tuple(refused))


def _size_of_directory(file: BinaryIO) -> int:
    """Return how many bytes of names an archive claims to hold, from its last record; 0 where there is none.

    zipfile reads all of them before it can be asked anything. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
    """
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < 22:
        return 0
    (listed,) = struct.unpack_from("<L", tail, at + 12)
    # The size does not fit for an archive of the 64-bit kind; then it cannot be more than lies before the record.
    return int(listed) if listed != 0xFFFFFFFF else start + at if start + at > DOWNLOAD.directory else 0


def _path_of(info: zipfile.ZipInfo) -> str:
    """Return a member's path with slashes; names that are UTF-8 without saying so are read as that."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _fault(info: zipfile.ZipInfo, path: str, limits: ArchiveLimits) -> str:
    """Say why a member is not to be read; empty where it may be."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return _LINK
    if kind not in (0, stat.S_IFREG):
        return _DEVICE
    if "\0" in path or path.startswith("/") or path[1:2] == ":" or ".." in path.split("/"):
        return "Its name points out of the archive."
    if info.flag_bits & 0x1:
        return "It is encrypted. Ask for it without a password."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "It is packed in a way that is not read. Ask for it as a plain file or a common zip."
    if info.file_size > limits.bytes_each:
        return _too_large(info.file_size, limits)
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * info.compress_size:
        return f"It is packed more than {MAX_RATIO} times smaller than it is, as in a decompression bomb."
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Return the members whose bytes are another's as well; of several records of one member, all but the first.

    zipfile looks, too, but what it says depends on the version of Python. https://www.bamsoftware.com/hacks/zipbomb/
    """
    found: set[int] = set()
    longest, end = None, 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if longest is not None and info.header_offset < end:
            found.add(id(info))
            if info.header_offset > longest.header_offset:
                found.add(id(longest))
        if info.header_offset + 30 + info.compress_size > end:
            longest, end = info, info.header_offset + 30 + info.compress_size
    return found


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with _without_warning(), archive.open(info) as file:
                return file.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error) as error:
            raise Unfit(f"It is damaged ({error}). Ask for it again.") from None

    return read


@contextmanager
def _without_warning() -> Iterator[None]:
    """Keep zipfile from warning of several records of one member: all but the first are refused."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Overlapped entries", UserWarning)
        yield


# --- Folders ----------------------------------------------------------------------------------------


def _folder(root: Path) -> Archive:
    members: list[Member] = []
    refused: list[Refused] = []
    for path, kind, size in _walk(root):
        name = path.relative_to(root).as_posix()
        if kind != "file":
            refused.append(Refused(name, _LINK if kind == "link" else _DEVICE))
        elif size > DOWNLOAD.bytes_each:
            refused.append(Refused(name, _too_large(size, DOWNLOAD)))
        else:
            members.append(Member(name, size, _file_reader(path)))
        if len(members) + len(refused) > DOWNLOAD.members:
            raise ArchiveError(f"{root} holds more than {DOWNLOAD.members} files, so it is no download of a class.")
    return Archive(tuple(members), tuple(refused))


def _walk(root: Path) -> Iterator[tuple[Path, str, int]]:
    """Yield what is no folder below a folder, sorted, without following a link."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        raise ArchiveError(f"{root} cannot be opened ({error.strerror}).") from None
    for entry in entries:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(Path(entry.path))
        else:
            kinds = {stat.S_IFREG: "file", stat.S_IFLNK: "link"}
            yield Path(entry.path), kinds.get(stat.S_IFMT(status.st_mode), "other"), status.st_size


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                return file.read(DOWNLOAD.bytes_each + 1)
        except OSError as error:
            raise Unfit(f"It cannot be opened ({error.strerror}).") from None

    return read
