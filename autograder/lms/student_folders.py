"""The folders of students' submissions: whose is which, and how one is filled without losing another.

Which folder is whose: the same student has the same one in every exercise, and no two students share one.

Put a submission where grading looks for it, and never lose another over it.

A newer submission takes the place of an older one, which is kept in ``.replaced/<student>/<exercise>/``. The same files
again change nothing. A submission is there as a whole or not at all.
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
from autograder.text import printable, student_name

_Key = tuple[str, str, str]
"""Platform, exercise where the platform counts anew in each, and the platform's id."""


class Directory:
    """Gives students their folders: as recorded, as the roster says, or as their names say."""

    def __init__(self, entries: Iterable[Entry], roster: Roster | None, reserved: Iterable[str] = ()) -> None:
        self._roster = roster
        self._reserved = {name.casefold() for name in reserved}
        self._folders: dict[_Key, str] = {}
        self._owners: defaultdict[str, set[_Key]] = defaultdict(set)
        for entry in entries:
            self._give(_key(entry.platform, entry.exercise, entry.id), entry.student)

    def is_listed(self, who: PlatformUser) -> bool:
        """Whether the roster knows a student; True where there is none."""
        return self._roster is None or self._roster.find(_clue(who), who.platform) is not None

    def folder_of(self, who: PlatformUser, exercise: str, namesakes: bool = False) -> str:
        """Return a student's folder, and remember it. ``namesakes``: others in this download have the same name."""
        key = _key(who.platform, exercise, who.id)
        if key not in self._folders:
            self._give(key, self._choose(who, key, namesakes))
        return self._folders[key]

    def _choose(self, who: PlatformUser, key: _Key, namesakes: bool) -> str:
        person = self._roster.find(_clue(who), who.platform) if self._roster is not None else None
        if person is not None:
            wanted, namesakes = student_name(person.student), False
        else:
            wanted = student_name(who.id if who.platform == GRADESCOPE else who.name)
        if wanted and not namesakes and self._is_free(wanted, key):
            return wanted
        identity = student_name(who.id) or "unknown"
        marked = f"{wanted} ({identity[:24]})" if wanted else f"{who.platform} {identity[:24]}"
        candidates = (marked if n < 2 else f"{marked} {n}" for n in range(1, len(self._folders) + 3))
        return next(name for name in candidates if self._is_free(name, key))

    def _is_free(self, name: str, key: _Key) -> bool:
        """Whether a folder is nobody else's on the same platform; case does not tell folders apart everywhere."""
        rivals = {owner for owner in self._owners[name.casefold()] if owner[:2] == key[:2]}
        return not rivals - {key} and name.casefold() not in self._reserved

    def _give(self, key: _Key, folder: str) -> None:
        self._folders[key] = folder
        self._owners[folder.casefold()].add(key)


def _key(platform: str, exercise: str, identity: str) -> _Key:
    return platform, exercise if platform == MOODLE else "", printable(identity, 1000)


def _clue(who: PlatformUser) -> Identity:
    return Identity(who.id, tuple(filter(None, (who.email, who.number))), (who.name,))


# --- Placing ------------------------------------------------------------------------------------------------------


TIMESTAMP = "timestamp.txt"
KEPT_ASIDE = ".replaced"
_UNFINISHED = ".collecting-"
_FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"
"""As nbgrader's exchange writes it, which reads it back with ``parse_utc``."""


class PlacingOutcome(StrEnum):
    """What became of a submission."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REPLACED = "replaced an older one"
    OLDER = "left out: a newer one is there"


class Occupied(Exception):
    """Something that is no submission stands where one belongs; the message says what to do."""


@dataclass(frozen=True)
class Version:
    """What tells which of two submissions is newer: a time, or a number that grows with uploads; either may lack."""

    handed_in: datetime | None = None
    upload: int = 0


def place(
    root: Path, student: str, exercise: str, files: Mapping[str, bytes], new: Version, old: Version
) -> PlacingOutcome:
    """Write one submission below ``root``; say what became of it. ``old`` is what was recorded of the one there.

    Raises `Occupied`, and ``OSError`` where nothing can be written.
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
    there, when = _digest(_files_of(folder)), read_timestamp(folder)
    if there == digest:
        if new.handed_in and (when is None or when < new.handed_in):
            write_atomic(folder / TIMESTAMP, _stamp(new.handed_in))
        return PlacingOutcome.UNCHANGED
    if _is_older(new, Version(when, old.upload), (aside / digest).exists()):
        return PlacingOutcome.OLDER
    with _prepared(root, files, new.handed_in) as prepared:
        _keep_aside(folder, aside / there)
        prepared.replace(folder)
    return PlacingOutcome.REPLACED


def remove_unfinished(root: Path) -> None:
    """Clear away what a run that was killed had begun to write."""
    for path in root.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def read_timestamp(folder: Path) -> datetime | None:
    """Return when a submission was handed in, in UTC, where its ``timestamp.txt`` says so in nbgrader's usual form."""
    try:
        with (folder / TIMESTAMP).open("rb") as file:
            text = file.read(200).decode().strip()
        return datetime.strptime(text, _FORMAT if "." in text else _FORMAT.replace(".%f", "")).replace(tzinfo=UTC)
    except (OSError, ValueError):
        return None


def _is_older(new: Version, old: Version, replaced_before: bool) -> bool:
    if new.handed_in and old.handed_in:
        return new.handed_in < old.handed_in
    if new.upload and old.upload and new.upload != old.upload:
        return new.upload < old.upload
    return replaced_before


def _refuse_links(root: Path, folder: Path) -> None:
    """Refuse to write through links, and over what is no folder."""
    for path in (root / KEPT_ASIDE, folder.parent, folder):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(mode):
            raise Occupied(f"{path} is no folder. Move it away, then collect again.")


def _files_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.iterdir() if path.name != TIMESTAMP and not path.name.startswith(".")]
    return {path.name: path.read_bytes() if path.is_file() and not path.is_symlink() else b"" for path in paths}


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


@contextmanager
def _prepared(root: Path, files: Mapping[str, bytes], when: datetime | None) -> Iterator[Path]:
    """Write a submission's folder where nobody looks, ready to be moved into place as a whole."""
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=root))
    try:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        if when is not None:
            (folder / TIMESTAMP).write_bytes(_stamp(when))
        folder.chmod(0o755)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _keep_aside(folder: Path, aside: Path) -> None:
    aside.parent.mkdir(parents=True, exist_ok=True)
    if aside.exists():
        shutil.rmtree(folder)  # it came, went and came back: it is kept already
    else:
        folder.replace(aside)


def _stamp(when: datetime) -> bytes:
    return f"{when.astimezone(UTC).strftime(_FORMAT)}\n".encode()
