"""Import the download of a learning platform into the folder of submissions, and report on every member of it."""

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
    """One submission that was imported, or that was there already."""

    entry: Entry
    outcome: PlacingOutcome
    listed: bool = True
    """Whether the student is in the roster; True without a roster."""
    namesakes: bool = False
    """Whether other students in the download have the same name."""


@dataclass
class ImportReport:
    """The imported submissions, and the members that were left out, with a reason."""

    taken: list[Imported] = field(default_factory=list)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    """Archive and member."""


@dataclass
class _Session:
    """What all archives of a run share."""

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
    """Import archives, or folders of them, one after the other.

    ``exercise`` is the exercise of all submissions; without it, it is read from the name of each file or of the
    archive. Raises `FileError` for a damaged record, and ``OSError`` if nothing can be written; submissions imported
    before that are kept and recorded.
    """
    output.mkdir(parents=True, exist_ok=True)
    remove_unfinished(output)
    entries = read_record(output)
    session = _Session(
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
                    _import_archive(archive, printable(path.name), session, skipped)
            except ArchiveError as error:
                # One broken archive does not stop the others.
                session.report.refused.append((printable(path.name), Refused("all of it", str(error))))
    finally:
        # Also after an error: submissions that are in place must be in the record.
        write_record(output, session.entries.values())
    return session.report


def _archives(sources: Iterable[Path]) -> Iterator[tuple[Path, set[str]]]:
    """Yield each archive with the members to skip: a folder's zips come first, then the folder without them."""
    for source in sources:
        entries = sorted(source.iterdir()) if source.is_dir() else []
        zips = [path for path in entries if _is_download(path)]
        yield from ((path, set()) for path in zips)
        if not zips or len(zips) < len(entries):  # not a folder with nothing but zips
            yield source, {path.name for path in zips}


def _is_download(path: Path) -> bool:
    """Whether an entry of a folder is a download itself, not the zip of one student."""
    if path.suffix.lower() != ".zip" or path.name.startswith(".") or downloads.is_one_submission(path.name):
        return False
    return path.is_file() and not path.is_symlink()


def _import_archive(archive: Archive, name: str, session: _Session, skipped: set[str]) -> None:
    members = [member for member in archive.members if member.path not in skipped]
    metadata = downloads.find_metadata(members)
    if metadata is not None:
        uploads, unknown = downloads.sort_out_gradescope(members, metadata)
    else:
        uploads, unknown = downloads.sort_out(members)
    strays = [*archive.refused, *unknown]
    by_student: defaultdict[tuple[str, str], list[UploadedFile]] = defaultdict(list)
    for upload in uploads:
        by_student[upload.user.platform, upload.user.id].append(upload)
    names = Counter((found[0].user.platform, _folded(found[0].user)) for found in by_student.values())
    # Sorted, so that namesakes get the same folders whatever the order of the archive.
    for (platform, _id), found in sorted(by_student.items()):
        latest, earlier = _latest(found)
        strays += [Refused(upload.member.path, _EARLIER) for upload in earlier]
        user = latest[0].user
        strays += _import_student(user, latest, name, session, namesakes=names[platform, _folded(user)] > 1)
    session.report.refused += [(name, stray) for stray in strays]


_EARLIER = "It is from an earlier attempt; only the latest counts."
_WITHOUT_ANSWER = "It belongs to a submission whose notebook cannot be read."


def _folded(user: PlatformUser) -> str:
    return student_name(user.name).casefold()


def _latest(uploads: Sequence[UploadedFile]) -> tuple[list[UploadedFile], list[UploadedFile]]:
    """Separate a student's files into those of the latest attempt and those of earlier ones."""
    # Gradescope exports every attempt; on the other platforms, all files have the same empty attempt.
    never = datetime.min.replace(tzinfo=UTC)
    last = max(uploads, key=lambda upload: (upload.handed_in or never, upload.attempt)).attempt
    separated: tuple[list[UploadedFile], list[UploadedFile]] = ([], [])
    for upload in uploads:
        separated[upload.attempt != last].append(upload)
    return separated


def _import_student(
    user: PlatformUser, uploads: list[UploadedFile], archive: str, session: _Session, namesakes: bool
) -> list[Refused]:
    """Import the submissions of one student; return the files that were left out."""
    uploads, strays = unpacked(uploads)
    by_exercise: defaultdict[str, list[UploadedFile]] = defaultdict(list)
    archives_exercise = exercise_in(archive, session.exercises)
    for upload in uploads:
        exercise = session.exercise or exercise_of(upload, session.exercises) or archives_exercise
        if exercise is None:
            why = f"Its name matches no exercise. Name the exercise, for instance --exercise {session.exercises[0]}."
            strays.append(Refused(upload.member.path, why))
        else:
            by_exercise[exercise].append(upload)
    for exercise, answers in sorted(by_exercise.items()):
        files, left_out = named(answers, exercise)
        strays += left_out + _place(user, exercise, files, archive, session, namesakes)
    return strays


def _place(
    user: PlatformUser, exercise: str, files: list[Named], archive: str, session: _Session, namesakes: bool
) -> list[Refused]:
    contents: dict[str, bytes] = {}
    strays: list[Refused] = []
    read: list[Named] = []
    for file in files:
        try:
            contents[file.name] = file.upload.member.read()
            read.append(file)
        except Unfit as error:
            strays.append(Refused(file.upload.member.path, str(error)))
    if read[:1] != files[:1]:  # the first file is the answer, and it is damaged: the others are not a submission
        return strays + [Refused(file.upload.member.path, _WITHOUT_ANSWER) for file in read]
    student = session.directory.folder_of(user, exercise, namesakes)
    entry = _entry(student, exercise, user, read, archive)
    before = session.entries.get((student, exercise))
    new = Version(read[0].upload.handed_in, max(file.upload.upload for file in read))
    old = Version(upload=_number(before.upload if before else ""))
    try:
        outcome = place(session.output, student, exercise, contents, new, old)
    except Occupied as error:
        return strays + [Refused(file.upload.member.path, str(error)) for file in read]
    if outcome is not PlacingOutcome.OLDER:
        session.entries[student, exercise] = entry
    # Namesakes are reported only if the folder got an id for them, which ends with a bracket.
    session.report.taken.append(
        Imported(entry, outcome, session.directory.is_listed(user), namesakes and student.endswith(")"))
    )
    return strays


def _number(text: str) -> int:
    # People edit students.csv. isdigit is true for ² too, which int refuses.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _entry(student: str, exercise: str, user: PlatformUser, files: Sequence[Named], archive: str) -> Entry:
    answer = files[0].upload
    members = ", ".join(printable(file.upload.member.path) for file in files[:3])  # one cell of a table, so not all
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    identity, name, email, number = (printable(text, 1000) for text in (user.id, user.name, user.email, user.number))
    return Entry(
        *(student, exercise, user.platform, identity, name),
        email=email,
        number=number,
        upload=str(max(file.upload.upload for file in files) or ""),
        handed_in=answer.handed_in.strftime("%Y-%m-%d %H:%M:%S UTC") if answer.handed_in else "",
        late="" if answer.late is None else "yes" if answer.late else "no",
        source=f"{archive}: {members}{more}",
    )
