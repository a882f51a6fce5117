"""Take a download of a learning platform into the folder of submissions; tell what became of every member."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.lms import downloads
from autograder.lms.archives import Archive, ArchiveError, Refused, Unfit, open_archive
from autograder.lms.downloads import PlatformUser, UploadedFile
from autograder.lms.roster import Entry, Roster, read_record, write_record
from autograder.lms.student_folders import Directory, Occupied, PlacingOutcome, Version, place, remove_unfinished
from autograder.lms.uploaded_files import Named, exercise_in, exercise_of, named, unpacked
from autograder.text import printable, student_name


@dataclass(frozen=True)
class Imported:
    """One submission that was placed, or that was there already."""

    entry: Entry
    outcome: PlacingOutcome
    listed: bool = True
    """Whether the roster knows the student; True where there is none."""
    namesakes: bool = False
    """Whether others in the download have the same name."""


@dataclass
class ImportReport:
    """What became of all members: ``taken`` by submission, the others with a reason."""

    taken: list[Imported] = field(default_factory=list)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    """The archive, and the member with the reason."""


@dataclass
class _Session:
    """What is the same for all archives of a run."""

    output: Path
    exercises: Sequence[str]
    exercise: str | None
    directory: Directory
    entries: dict[tuple[str, str], Entry]
    report: ImportReport


def import_download(
    sources: Iterable[Path],
    output: Path,
    exercises: Sequence[str],
    *,
    exercise: str | None = None,
    roster: Roster | None = None,
) -> ImportReport:
    """Take archives, or folders of them, one after the other.

    ``exercise`` is what all submissions answer; without it, each file's name has to tell, or else the archive's. Raises
    `FileError` for a damaged record, and ``OSError`` where nothing can be written; what was taken until then stays
    and is recorded.
    """
    output.mkdir(parents=True, exist_ok=True)
    remove_unfinished(output)
    entries = read_record(output)
    desk = _Session(
        output,
        exercises,
        exercise,
        Directory(entries, roster, reserved=exercises),
        {(entry.student, entry.exercise): entry for entry in entries},
        ImportReport(),
    )
    try:
        for path, skipped in _archives(sources):
            try:
                with open_archive(path) as archive:
                    _take_archive(archive, printable(path.name), desk, skipped)
            except ArchiveError as error:
                desk.report.refused.append((printable(path.name), Refused("all of it", str(error))))
    finally:
        write_record(output, desk.entries.values())
    return desk.report


def _archives(sources: Iterable[Path]) -> Iterator[tuple[Path, set[str]]]:
    """Yield each archive, with its members that are archives themselves: a folder's zips come before what is beside."""
    for source in sources:
        beside = sorted(source.iterdir()) if source.is_dir() else []
        zips = [path for path in beside if _is_download(path)]
        yield from ((path, set()) for path in zips)
        if not zips or len(zips) < len(beside):
            yield source, {path.name for path in zips}


def _is_download(path: Path) -> bool:
    """Whether a folder's entry is an archive of its own, not one of a student's."""
    if path.suffix.lower() != ".zip" or path.name.startswith(".") or downloads.is_one_submission(path.name):
        return False
    return path.is_file() and not path.is_symlink()


def _take_archive(archive: Archive, name: str, desk: _Session, skipped: set[str]) -> None:
    members = [member for member in archive.members if member.path not in skipped]
    strays = list(archive.refused)
    metadata = downloads.find_metadata(members)
    if metadata is not None:
        pieces, unknown = downloads.sort_out_gradescope(members, metadata)
    else:
        pieces, unknown = downloads.sort_out(members)
    strays += unknown
    by_student: defaultdict[tuple[str, str], list[UploadedFile]] = defaultdict(list)
    for piece in pieces:
        by_student[piece.who.platform, piece.who.id].append(piece)
    names = Counter((found[0].who.platform, _folded(found[0].who)) for found in by_student.values())
    for (platform, _identity), found in sorted(by_student.items()):
        latest, earlier = _latest(found)
        strays += [Refused(piece.member.path, _EARLIER) for piece in earlier]
        who = latest[0].who
        strays += _take_student(who, latest, name, desk, namesakes=names[platform, _folded(who)] > 1)
    desk.report.refused += [(name, stray) for stray in strays]


_EARLIER = "It is of an earlier attempt; the latest was taken."
_WITHOUT_ANSWER = "It was handed in beside a file that cannot be read, and means nothing without it."


def _folded(who: PlatformUser) -> str:
    return student_name(who.name).casefold()


def _latest(pieces: Sequence[UploadedFile]) -> tuple[list[UploadedFile], list[UploadedFile]]:
    """Part a student's files into those of the latest attempt and the others."""
    never = datetime.min.replace(tzinfo=UTC)
    last = max(pieces, key=lambda piece: (piece.handed_in or never, piece.attempt)).attempt
    parts: tuple[list[UploadedFile], list[UploadedFile]] = ([], [])
    for piece in pieces:
        parts[piece.attempt != last].append(piece)
    return parts


def _take_student(
    who: PlatformUser, pieces: list[UploadedFile], archive: str, desk: _Session, namesakes: bool
) -> list[Refused]:
    """Place one student's submissions; return what of them could not be."""
    pieces, strays = unpacked(pieces)
    by_exercise: defaultdict[str, list[UploadedFile]] = defaultdict(list)
    told = exercise_in(archive, desk.exercises)
    for piece in pieces:
        exercise = desk.exercise or exercise_of(piece, desk.exercises) or told
        if exercise is None:
            why = (
                f"It does not tell which exercise it answers. Name that: --exercise {desk.exercises[0]}, for instance."
            )
            strays.append(Refused(piece.member.path, why))
        else:
            by_exercise[exercise].append(piece)
    for exercise, answers in sorted(by_exercise.items()):
        files, left_out = named(answers, exercise)
        strays += left_out + _place(who, exercise, files, archive, desk, namesakes)
    return strays


def _place(
    who: PlatformUser, exercise: str, files: list[Named], archive: str, desk: _Session, namesakes: bool
) -> list[Refused]:
    contents: dict[str, bytes] = {}
    strays: list[Refused] = []
    read: list[Named] = []
    for one in files:
        try:
            contents[one.name] = one.piece.member.read()
            read.append(one)
        except Unfit as error:
            strays.append(Refused(one.piece.member.path, str(error)))
    if read[:1] != files[:1]:  # the answer itself is damaged: what lies beside it is no submission
        return strays + [Refused(one.piece.member.path, _WITHOUT_ANSWER) for one in read]
    student = desk.directory.folder_of(who, exercise, namesakes)
    entry = _entry(student, exercise, who, read, archive)
    before = desk.entries.get((student, exercise))
    version = Version(read[0].piece.handed_in, max(one.piece.upload for one in read))
    try:
        outcome = place(
            desk.output, student, exercise, contents, version, Version(upload=_number(before.upload if before else ""))
        )
    except Occupied as error:
        return strays + [Refused(one.piece.member.path, str(error)) for one in read]
    if outcome is not PlacingOutcome.OLDER:
        desk.entries[student, exercise] = entry
    desk.report.taken.append(
        Imported(entry, outcome, desk.directory.is_listed(who), namesakes and student.endswith(")"))
    )
    return strays


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _entry(student: str, exercise: str, who: PlatformUser, files: Sequence[Named], archive: str) -> Entry:
    piece = files[0].piece
    members = ", ".join(printable(one.piece.member.path) for one in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    identity, name, email, number = (printable(text, 1000) for text in (who.id, who.name, who.email, who.number))
    return Entry(
        *(student, exercise, who.platform, identity, name),
        email=email,
        number=number,
        upload=str(max(one.piece.upload for one in files) or ""),
        handed_in=piece.handed_in.strftime("%Y-%m-%d %H:%M:%S UTC") if piece.handed_in else "",
        late="" if piece.late is None else "yes" if piece.late else "no",
        source=f"{archive}: {members}{more}",
    )
