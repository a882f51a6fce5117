"""Assign folders to students, and write submissions there without losing any.

A student has the same folder for every exercise, and no two students share one. A newer submission replaces an older
one, which is kept in ``.replaced/<student>/<exercise>/``; the same files again change nothing. A submission is written
completely or not at all.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from autograder.files import write_atomic
from autograder.lms.downloads import GRADESCOPE, MOODLE, PlatformUser
from autograder.lms.roster import Entry, Identity, Roster
from autograder.submissions.timestamps import TIMESTAMP, read_timestamp
from autograder.text import printable, student_name

_Key = tuple[str, str, str]
"""Platform, exercise (only if the platform's ids differ between exercises), and the platform's id."""


class Directory:
    """Assigns folders to students: the recorded one, else one from the roster, else one from their name."""

    def __init__(self, entries: Iterable[Entry], roster: Roster | None, reserved: Iterable[str] = ()) -> None:
        self._roster = roster
        self._reserved = {name.casefold() for name in reserved}
        self._folders: dict[_Key, str] = {}
        self._owners: defaultdict[str, set[_Key]] = defaultdict(set)
        for entry in entries:
            self._assign(_key(entry.platform, entry.exercise, entry.id), entry.student)

    def is_listed(self, user: PlatformUser) -> bool:
        """Whether a student is in the roster; True without a roster."""
        return self._roster is None or self._roster.find(_identity(user), user.platform) is not None

    def folder_of(self, user: PlatformUser, exercise: str, namesakes: bool = False) -> str:
        """Return the folder of a student, and remember it.

        ``namesakes`` says that others in this download have the same name.
        """
        key = _key(user.platform, exercise, user.id)
        if key not in self._folders:
            self._assign(key, self._choose(user, key, namesakes))
        return self._folders[key]

    def _choose(self, user: PlatformUser, key: _Key, namesakes: bool) -> str:
        person = self._roster.find(_identity(user), user.platform) if self._roster is not None else None
        if person is not None:
            wanted, namesakes = student_name(person.student), False
        else:
            # Gradescope's id is the student ID; the ids of the other platforms mean nothing to a teacher.
            wanted = student_name(user.id if user.platform == GRADESCOPE else user.name)
        if wanted and not namesakes and self._is_free(wanted, key):
            return wanted
        # All namesakes get their id, the first one too: otherwise their order in the download would decide.
        identity = student_name(user.id) or "unknown"
        marked = f"{wanted} ({identity[:24]})" if wanted else f"{user.platform} {identity[:24]}"
        candidates = (marked if n < 2 else f"{marked} {n}" for n in range(1, len(self._folders) + 3))
        return next(name for name in candidates if self._is_free(name, key))

    def _is_free(self, name: str, key: _Key) -> bool:
        """Whether a folder belongs to no other student of the same platform and has no exercise's name."""
        # Without case, which some file systems ignore. On another platform, the same name is the same student.
        rivals = {owner for owner in self._owners[name.casefold()] if owner[:2] == key[:2]}
        return not rivals - {key} and name.casefold() not in self._reserved

    def _assign(self, key: _Key, folder: str) -> None:
        self._folders[key] = folder
        self._owners[folder.casefold()].add(key)


def _key(platform: str, exercise: str, identity: str) -> _Key:
    # The id as `students.csv` stores it, so that a recorded one is found again.
    return platform, exercise if platform == MOODLE else "", printable(identity, 1000)


def _identity(user: PlatformUser) -> Identity:
    return Identity(user.id, tuple(filter(None, (user.email, user.number))), (user.name,))


# --- Writing ------------------------------------------------------------------------------------------------------
KEPT_ASIDE = ".replaced"
_UNFINISHED = ".collecting-"  # with a dot, so that grading does not take it for a student's folder
_FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"
"""The format of nbgrader's exchange, which reads it with ``parse_utc``."""


class PlacingOutcome(StrEnum):
    """What happened to a submission."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REPLACED = "replaced an older one"
    OLDER = "left out: a newer one is there"


class Occupied(Exception):
    """The place of a submission is taken by something else; the message says what to do."""


@dataclass(frozen=True)
class Version:
    """What decides which of two submissions is newer: a time, and a number that grows with uploads (0: unknown)."""

    handed_in: datetime | None = None
    upload: int = 0


def place(
    root: Path, student: str, exercise: str, files: Mapping[str, bytes], new: Version, old: Version
) -> PlacingOutcome:
    """Write one submission to ``root``; return what happened. ``old`` is the recorded version of the one there.

    Raises `Occupied`, and ``OSError`` if nothing can be written.
    """
    folder = root / student / exercise
    _refuse_links(root, folder)
    digest = _digest(files)
    aside = root / KEPT_ASIDE / student / exercise
    if not folder.exists():
        with _prepared(root, files, new.handed_in) as prepared:
            folder.parent.mkdir(exist_ok=True)
            prepared.replace(folder)
        return PlacingOutcome.NEW
    old_digest, when = _digest(_files_of(folder)), read_timestamp(folder)
    if old_digest == digest:
        if new.handed_in and (when is None or when < new.handed_in):  # the same files, handed in again later
            write_atomic(folder / TIMESTAMP, _stamp(new.handed_in))
        return PlacingOutcome.UNCHANGED
    if _is_older(new, Version(when, old.upload), (aside / digest).exists()):
        return PlacingOutcome.OLDER
    with _prepared(root, files, new.handed_in) as prepared:
        # A rename cannot replace a folder with files. A kill between the two loses nothing: collect again, and the
        # submission is new here.
        _keep_aside(folder, aside / old_digest)
        prepared.replace(folder)
    return PlacingOutcome.REPLACED


def remove_unfinished(root: Path) -> None:
    """Remove what a killed run had begun to write."""
    for path in root.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _is_older(new: Version, old: Version, replaced_before: bool) -> bool:
    if new.handed_in and old.handed_in:
        return new.handed_in < old.handed_in
    if new.upload and old.upload and new.upload != old.upload:  # Canvas says no time, but numbers uploads
        return new.upload < old.upload
    return replaced_before  # without times and numbers: files that were replaced once are the older ones


def _refuse_links(root: Path, folder: Path) -> None:
    """Raise `Occupied` instead of writing through a link or over something that is not a folder."""
    for path in (root / KEPT_ASIDE, folder.parent, folder):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(mode):
            raise Occupied(f"{path} is not a folder. Move it away, then collect again.")


def _files_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.iterdir() if path.name != TIMESTAMP and not path.name.startswith(".")]
    # Links are not followed: with empty content, the folder differs from every submission.
    return {path.name: path.read_bytes() if path.is_file() and not path.is_symlink() else b"" for path in paths}


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]  # also the name of a folder in `.replaced`


@contextmanager
def _prepared(root: Path, files: Mapping[str, bytes], when: datetime | None) -> Iterator[Path]:
    """Write the folder of a submission under a temporary name, so that a rename puts it in place completely."""
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=root))
    try:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        if when is not None:
            (folder / TIMESTAMP).write_bytes(_stamp(when))
        folder.chmod(0o755)  # mkdtemp makes folders that only their owner can open
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _keep_aside(folder: Path, aside: Path) -> None:
    aside.parent.mkdir(parents=True, exist_ok=True)
    if aside.exists():
        shutil.rmtree(folder)  # the same submission was replaced once before, so it is kept already
    else:
        folder.replace(aside)


def _stamp(when: datetime) -> bytes:
    return f"{when.astimezone(UTC).strftime(_FORMAT)}\n".encode()
