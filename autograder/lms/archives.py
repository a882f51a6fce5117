"""Read an archive of students' files, or a folder that one was unpacked to, as data and within bounds.

Nothing is ever extracted: a member is a name and a function that reads it, and the caller chooses where its content
goes. Hostile archives (paths that leave the archive, links, devices, bombs, overlapping members, a million names) lose
the member or are refused as a whole, with a sentence that says why.
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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from autograder.text import printable


class ArchiveError(Exception):
    """An archive cannot be read; the message says what is wrong and what to do."""


class Unfit(Exception):
    """A member cannot be read; the message says why."""


@dataclass(frozen=True)
class ArchiveLimits:
    """The limits of an archive: its members, the bytes of each and of all, and the bytes of its central directory."""

    members: int = 20_000
    bytes_each: int = 32 * 2**20
    bytes_all: int = 8 * 2**30
    directory: int = 16 * 2**20  # some 800 bytes per member: 46, its name, extra fields


DOWNLOAD = ArchiveLimits()
"""For a platform's download, which contains a class."""
HANDED_IN = ArchiveLimits(members=2_000, bytes_all=256 * 2**20, directory=2**20)
"""For a student's zip, which contains one submission."""

MAX_RATIO = 200
"""The largest compression ratio of a member above one MiB: notebooks reach about 10, zeros about 1000."""

_LINK = "It is a link, and links are not followed."
_DEVICE = "It is a device or another special file."


@dataclass(frozen=True)
class Member:
    """One file of an archive: its path in there, with slashes, its size in bytes, and a function that reads it."""

    path: str
    size: int
    _read: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        """Return the content; raise `Unfit` if it is damaged or differs from what the archive declares."""
        return self._read()


@dataclass(frozen=True)
class Refused:
    """A member that was left out: its path, and why."""

    path: str
    why: str


@dataclass(frozen=True)
class Archive:
    """The members of an archive that can be read, in order, and those that cannot."""

    members: tuple[Member, ...]
    refused: tuple[Refused, ...]


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip, or a folder as if it were one; raise `ArchiveError` for anything else."""
    if path.is_dir():
        yield _folder(path)
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            archive = _zip(file, printable(path.name), DOWNLOAD)
        except OSError as error:
            raise ArchiveError(
                f"{path} cannot be opened ({error.strerror or error}). Fix this, then repeat the command."
            ) from None
        yield archive  # not inside `try`: an error of the caller, such as a full disk, is not the archive's


def open_handed_in(data: bytes, name: str) -> Archive:
    """Open a zip in a student's submission; raise `ArchiveError` if it is not one."""
    return _zip(io.BytesIO(data), printable(name), HANDED_IN)


def _too_large(size: int, limits: ArchiveLimits) -> str:
    return f"It has {size / 2**20:.0f} MiB; at most {limits.bytes_each // 2**20} MiB are read."


# --- Zips -------------------------------------------------------------------------------------------
def _zip(file: BinaryIO, name: str, limits: ArchiveLimits) -> Archive:
    try:
        if _size_of_directory(file) > limits.directory:  # before ZipFile, which reads all names into memory
            raise ArchiveError(
                f"{name} lists far more files than a class hands in, so it was not read. Check what it is."
            )
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OverflowError, struct.error, NotImplementedError, OSError) as error:
        raise ArchiveError(f"{name} is not a zip archive, or is damaged ({error}). Download it again.") from None
    # Without folders: empty entries whose name ends with a slash, or with a backslash where Windows wrote them.
    infos = [info for info in archive.infolist() if info.file_size or not info.orig_filename.endswith(("/", "\\"))]
    if len(infos) > limits.members:
        raise ArchiveError(f"{name} contains {len(infos)} files; at most {limits.members} are read. Split it.")
    overlapping = _overlapping(archive.infolist())
    members, refused, total = [], [], 0
    for info in infos:
        path = _path_of(info)
        why = _fault(info, path, limits) or (
            "It overlaps another member, as in a decompression bomb." if id(info) in overlapping else ""
        )
        if not why and total + info.file_size > limits.bytes_all:  # declared sizes: `read` refuses a member that lies
            why = f"With it, the archive would contain more than {limits.bytes_all // 2**20} MiB."
        if why:
            refused.append(Refused(path, why))
            continue
        total += info.file_size
        members.append(Member(path, info.file_size, _reader(archive, info)))
    return Archive(tuple(members), tuple(refused))


def _size_of_directory(file: BinaryIO) -> int:
    """Return how many bytes of an archive's central directory ``ZipFile`` will read; 0 if there is none.

    https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
    """
    # zipfile's own function, though not public: a record that was found in another way might say another size than the
    # one that zipfile reads, above all in ZIP64, where a second record replaces the last one's.
    record = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    return 0 if record is None else min(int(record[zipfile._ECD_SIZE]), file.seek(0, os.SEEK_END))  # type: ignore[attr-defined]


def _path_of(info: zipfile.ZipInfo) -> str:
    """Return the path of a member with slashes; names in UTF-8 that are not marked as such are read as UTF-8."""
    name = info.orig_filename  # not `filename`, which zipfile has cut at a null byte
    if not info.flag_bits & 0x800:  # not marked as UTF-8, so zipfile decoded it as cp437
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _fault(info: zipfile.ZipInfo, path: str, limits: ArchiveLimits) -> str:
    """Return why a member must not be read; empty if it may be."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:  # its content is a path, not a submission
        return _LINK
    if kind not in (0, stat.S_IFREG):  # 0: an archive from a system without Unix modes
        return _DEVICE
    # The second character of a Windows path with a drive is a colon.
    if "\0" in path or path.startswith("/") or path[1:2] == ":" or ".." in path.split("/"):
        return "Its name leaves the archive."
    if info.flag_bits & 0x1:
        return "It is encrypted. Ask for it without a password."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "Its compression method is not supported. Ask for it as a plain file or an ordinary zip."
    if info.file_size > limits.bytes_each:
        return _too_large(info.file_size, limits)
    # Small members may be compressed further, such as a file of blank lines.
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * info.compress_size:
        return f"It is compressed more than {MAX_RATIO}-fold, as in a decompression bomb."
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Return the ids of the members that share bytes with others; of several entries for one member, all but the first.

    https://www.bamsoftware.com/hacks/zipbomb/
    """
    # zipfile looks for overlaps too, but what it finds depends on the version of Python.
    found: set[int] = set()
    longest, end = None, 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if longest is not None and info.header_offset < end:
            found.add(id(info))
            if info.header_offset > longest.header_offset:
                found.add(id(longest))
        # A lower bound: the local header has 30 bytes, then the name and an extra field.
        if info.header_offset + 30 + info.compress_size > end:
            longest, end = info, info.header_offset + 30 + info.compress_size
    return found


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with warnings.catch_warnings():
                # It is about several entries for one member, all but the first of which are refused anyway.
                warnings.filterwarnings("ignore", "Overlapped entries", UserWarning)
                with archive.open(info) as file:
                    return file.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error) as error:
            raise Unfit(f"It is damaged ({error}). Ask for it again.") from None

    return read


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
        if len(members) + len(refused) > DOWNLOAD.members:  # in the loop: somebody may have named their home
            raise ArchiveError(
                f"{root} contains more than {DOWNLOAD.members} files, so it is not the download of a class. Name the "
                "folder of the download."
            )
    return Archive(tuple(members), tuple(refused))


def _walk(root: Path) -> Iterator[tuple[Path, str, int]]:
    """Yield everything below a folder except folders, with its kind and size, sorted, without following links."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        raise ArchiveError(f"{root} cannot be opened ({error.strerror}). Fix this, then repeat the command.") from None
    for entry in entries:
        status = entry.stat(follow_symlinks=False)  # a link could lead out of the folder, or in a circle
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(Path(entry.path))
        else:
            kinds = {stat.S_IFREG: "file", stat.S_IFLNK: "link"}
            yield Path(entry.path), kinds.get(stat.S_IFMT(status.st_mode), "other"), status.st_size


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            # O_NOFOLLOW: the file may have been replaced by a link since the folder was listed.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                return file.read(DOWNLOAD.bytes_each + 1)
        except OSError as error:
            raise Unfit(f"It cannot be opened ({error.strerror}).") from None

    return read
