"""Which files of a student's make a submission of which exercise, and what they are called here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from autograder.lms.archives import ArchiveError, Refused, Unfit, open_handed_in
from autograder.lms.downloads import CANVAS, LEFT_BEHIND, UploadedFile, is_a_download, is_left_behind
from autograder.text import resembles

MAX_FILES = 64
MAX_BYTES = 128 * 2**20
"""How much of one submission is kept: one file of it is graded."""

_TOO_MUCH = f"The submission has more than {MAX_FILES} files or {MAX_BYTES // 2**20} MiB; this one was left out."
_MAX_NAME = 180
_ANSWERS = (".ipynb", ".py")
_UPLOADED_AGAIN = re.compile(r"-\d+$")
_UNFIT = re.compile(r'[<>:"|?*\\/]')


@dataclass(frozen=True)
class Named:
    """One file of a submission, with its name here."""

    name: str
    piece: UploadedFile


def unpacked(pieces: Iterable[UploadedFile]) -> tuple[list[UploadedFile], list[Refused]]:
    """Put what a student's zips hold in their place; zips in zips stay closed."""
    found: list[UploadedFile] = []
    strays: list[Refused] = []
    for piece in pieces:
        if PurePosixPath(piece.file).suffix.lower() != ".zip":
            found.append(piece)
            continue
        try:
            archive = open_handed_in(piece.member.read(), piece.member.name)
        except (ArchiveError, Unfit) as error:
            strays.append(Refused(piece.member.path, str(error)))
            continue
        if is_a_download(archive.members):
            strays.append(Refused(piece.member.path, "It holds files of several students. Collect it by itself."))
            continue
        strays += [Refused(f"{piece.member.path}: {one.path}", one.why) for one in archive.refused]
        for member in archive.members:
            path = f"{piece.member.path}: {member.path}"
            if is_left_behind(member.path):
                strays.append(Refused(path, LEFT_BEHIND))
            elif PurePosixPath(member.path).suffix.lower() == ".zip":
                strays.append(Refused(path, "It is a zip in a zip. Ask for the notebook itself."))
            else:
                found.append(replace(piece, file=member.path, member=replace(member, path=path)))
    return found, strays


def exercise_of(piece: UploadedFile, exercises: Sequence[str]) -> str | None:
    """Tell the exercise by a file's name; None where it is like none, or like several."""
    like = [name for name in exercises if _is_like(piece, name)]
    return like[0] if len(like) == 1 else None


def exercise_in(archive: str, exercises: Sequence[str]) -> str | None:
    """Tell the exercise by a download's name, as Moodle makes it: ``<course>-<assignment>-<number>.zip``."""
    stem = PurePosixPath(archive).stem
    like = {name for name in exercises for part in (stem, *stem.split("-")) if resembles(part, name)}
    return like.pop() if len(like) == 1 else None


def named(pieces: Sequence[UploadedFile], exercise: str) -> tuple[list[Named], list[Refused]]:
    """Give a submission's files their names: the answer that of the exercise, the others their own, each once."""
    answer = _answer(pieces, exercise)
    ordered = sorted(pieces, key=lambda piece: (piece is not answer, *_rank(piece)))
    made: list[Named] = []
    strays: list[Refused] = []
    used: set[str] = set()
    total = 0
    for count, piece in enumerate(ordered):
        total += piece.member.size
        if count >= MAX_FILES or total > MAX_BYTES:
            strays.append(Refused(piece.member.path, _TOO_MUCH))
            continue
        own = _file_name(piece.file)
        wanted = f"{exercise}{PurePosixPath(own).suffix.lower()}" if piece is answer else own
        name, number = wanted, 1
        while name.casefold() in used:
            number += 1
            name = f"{PurePosixPath(wanted).stem} ({number}){PurePosixPath(wanted).suffix}"
        used.add(name.casefold())
        made.append(Named(name, piece))
    return made, strays


def _answer(pieces: Sequence[UploadedFile], exercise: str) -> UploadedFile | None:
    """Return the file that is meant to be graded: a notebook before a module; None where several may be meant."""
    for ending in _ANSWERS:
        candidates = [piece for piece in pieces if PurePosixPath(piece.file).suffix.lower() == ending]
        alike = [piece for piece in candidates if _is_like(piece, exercise)]
        if alike:
            return _newest(alike, exercise)
        if candidates:
            return candidates[0] if len(candidates) == 1 else None
    return None


def _newest(pieces: Sequence[UploadedFile], exercise: str) -> UploadedFile | None:
    """Return the last upload of a file; where nothing counts uploads, the only one called just like the exercise."""
    newest = max(piece.upload for piece in pieces)
    last = [piece for piece in pieces if piece.upload == newest]
    called = [piece for piece in last if PurePosixPath(piece.file).stem == exercise]
    clear = last if len(last) == 1 else called
    return clear[0] if len(clear) == 1 else None


def _is_like(piece: UploadedFile, exercise: str) -> bool:
    path = PurePosixPath(piece.file)
    names = [path.name]
    if piece.who.platform == CANVAS:
        names.append(f"{_UPLOADED_AGAIN.sub('', path.stem)}{path.suffix}")
    return any(resembles(name, exercise) for name in names)


def _rank(piece: UploadedFile) -> tuple[int, bool, int, str]:
    """Newest first, then answers, then what lies least deep, then by name."""
    path = PurePosixPath(piece.file)
    return -piece.upload, path.suffix.lower() not in _ANSWERS, len(path.parts), piece.file


def _file_name(path: str) -> str:
    """Return a file's name as any system can store and any terminal show it."""
    text = unicodedata.normalize("NFC", path.rpartition("/")[2])
    text = _UNFIT.sub("_", "".join(c if c.isprintable() else "_" for c in text)).strip(" .") or "_"
    stem, suffix = PurePosixPath(text).stem, PurePosixPath(text).suffix
    if len(suffix.encode()) > 20:
        stem, suffix = text, ""
    stem = stem.encode()[:_MAX_NAME].decode(errors="ignore")
    # nbgrader takes this name for the time of handing in; nobody sets that for themselves.
    return f"_{text}" if text.casefold() == "timestamp.txt" else f"{stem}{suffix}"
