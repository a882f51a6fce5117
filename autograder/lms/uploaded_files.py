"""Choose which of a student's files belong to the submission of which exercise, and name them."""

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
"""The most bytes of one submission that are kept; only one of its files is graded."""

_TOO_MUCH = f"The submission has more than {MAX_FILES} files or {MAX_BYTES // 2**20} MiB, so this one was left out."
_MAX_NAME = 180  # bytes, of the 255 that file systems allow
_ANSWERS = (".ipynb", ".py")
_UPLOADED_AGAIN = re.compile(r"-\d+$")
_UNFIT = re.compile(r'[<>:"|?*\\/]')  # what Windows forbids in file names


@dataclass(frozen=True)
class Named:
    """One file of a submission, with the name that it gets here."""

    name: str
    upload: UploadedFile


def unpacked(uploads: Iterable[UploadedFile]) -> tuple[list[UploadedFile], list[Refused]]:
    """Replace a student's zips by their content; zips inside zips are refused."""
    found: list[UploadedFile] = []
    strays: list[Refused] = []
    for upload in uploads:
        if PurePosixPath(upload.file).suffix.lower() != ".zip":
            found.append(upload)
            continue
        try:
            archive = open_handed_in(upload.member.read(), upload.member.name)
        except (ArchiveError, Unfit) as error:
            strays.append(Refused(upload.member.path, str(error)))
            continue
        if is_a_download(archive.members):
            # Otherwise all of them would be handed in by this student.
            strays.append(Refused(upload.member.path, "It contains files of several students. Collect it separately."))
            continue
        strays += [Refused(f"{upload.member.path}: {member.path}", member.why) for member in archive.refused]
        for member in archive.members:
            path = f"{upload.member.path}: {member.path}"
            if is_left_behind(member.path):
                strays.append(Refused(path, LEFT_BEHIND))
            elif PurePosixPath(member.path).suffix.lower() == ".zip":
                strays.append(Refused(path, "It is a zip inside a zip. Ask for the notebook itself."))
            else:
                found.append(replace(upload, file=member.path, member=replace(member, path=path)))
    return found, strays


def exercise_of(upload: UploadedFile, exercises: Sequence[str]) -> str | None:
    """Return the exercise that the name of a file matches; None if it matches none, or several."""
    matching = [name for name in exercises if _matches(upload, name)]
    return matching[0] if len(matching) == 1 else None


def exercise_in(archive: str, exercises: Sequence[str]) -> str | None:
    """Return the exercise that the name of a download matches; Moodle's is ``<course>-<assignment>-<number>.zip``."""
    stem = PurePosixPath(archive).stem
    matching = {name for name in exercises for part in (stem, *stem.split("-")) if resembles(part, name)}
    return matching.pop() if len(matching) == 1 else None


def named(uploads: Sequence[UploadedFile], exercise: str) -> tuple[list[Named], list[Refused]]:
    """Name the files of a submission: the answer, which comes first, like the exercise, others as before, each once."""
    answer = _answer(uploads, exercise)
    ordered = sorted(uploads, key=lambda upload: (upload is not answer, *_rank(upload)))
    files: list[Named] = []
    strays: list[Refused] = []
    used: set[str] = set()
    total = 0
    for count, upload in enumerate(ordered):
        total += upload.member.size
        if count >= MAX_FILES or total > MAX_BYTES:
            strays.append(Refused(upload.member.path, _TOO_MUCH))
            continue
        own = _file_name(upload.file)
        wanted = f"{exercise}{PurePosixPath(own).suffix.lower()}" if upload is answer else own
        name, number = wanted, 1
        while name.casefold() in used:  # some file systems ignore case
            number += 1
            name = f"{PurePosixPath(wanted).stem} ({number}){PurePosixPath(wanted).suffix}"
        used.add(name.casefold())
        files.append(Named(name, upload))
    return files, strays


def _answer(uploads: Sequence[UploadedFile], exercise: str) -> UploadedFile | None:
    """Return the file to grade, a notebook before a module; None if it is not clear which one."""
    for ending in _ANSWERS:
        candidates = [upload for upload in uploads if PurePosixPath(upload.file).suffix.lower() == ending]
        matching = [upload for upload in candidates if _matches(upload, exercise)]
        if matching:
            return _newest(matching, exercise)
        if candidates:
            return candidates[0] if len(candidates) == 1 else None
    return None


def _newest(uploads: Sequence[UploadedFile], exercise: str) -> UploadedFile | None:
    """Return the last upload of a file; if uploads have no numbers, the only one with exactly the exercise's name."""
    newest = max(upload.upload for upload in uploads)
    last = [upload for upload in uploads if upload.upload == newest]
    exact = [upload for upload in last if PurePosixPath(upload.file).stem == exercise]
    chosen = last if len(last) == 1 else exact
    return chosen[0] if len(chosen) == 1 else None


def _matches(upload: UploadedFile, exercise: str) -> bool:
    path = PurePosixPath(upload.file)
    names = [path.name]
    if upload.user.platform == CANVAS:  # it appends -1, -2 to the name of a file that is uploaded again
        names.append(f"{_UPLOADED_AGAIN.sub('', path.stem)}{path.suffix}")
    return any(resembles(name, exercise) for name in names)


def _rank(upload: UploadedFile) -> tuple[int, bool, int, str]:
    """Return a sort key: newest first, then notebooks and modules, then the least deep, then by name."""
    path = PurePosixPath(upload.file)
    return -upload.upload, path.suffix.lower() not in _ANSWERS, len(path.parts), upload.file


def _file_name(path: str) -> str:
    """Return the name of a file as every system can store it and every terminal can show it."""
    text = unicodedata.normalize("NFC", path.rpartition("/")[2])
    text = _UNFIT.sub("_", "".join(c if c.isprintable() else "_" for c in text)).strip(" .") or "_"
    stem, suffix = PurePosixPath(text).stem, PurePosixPath(text).suffix
    if len(suffix.encode()) > 20:  # a dot within a sentence, not a file ending
        stem, suffix = text, ""
    stem = stem.encode()[:_MAX_NAME].decode(errors="ignore")
    # nbgrader reads the time of a submission from this file, which a student must not set.
    return f"_{text}" if text.casefold() == "timestamp.txt" else f"{stem}{suffix}"
