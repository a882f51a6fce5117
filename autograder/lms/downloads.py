"""Find out whose each file in a platform's download is, of which attempt, and whether it was late.

Moodle, *Download all submissions* (``mod/assign/classes/downloader.php``), in folders or, if that is off, flat:
    ``Ada Lovelace_4711_assignsubmission_file/convolution.ipynb``   (before 4.x with ``_`` at the folder's end)
    ``Ada Lovelace_4711_assignsubmission_file_convolution.ipynb``
    The number identifies the participant in this assignment only. A group has its name instead of the student's; with
    blind marking, every name is ``Participant``. Names have spaces in place of underscores; what follows the first
    ``_assignsubmission_file_`` is the student's own, whatever it looks like.
Canvas, *Download submissions* (``lib/content_zipper.rb``), always flat:
    ``lovelaceada_1001_20002_convolution.ipynb``, ``lovelaceada_LATE_1001_20002_convolution-1.ipynb``
    The sortable name in lower case, the user's id, the file's id, which grows with every upload, and the file's name,
    with ``-1`` if the student had used it before. Anonymous: ``anon_x1Y2z_20002_convolution.ipynb`` and
    ``LATE_anon_x1Y2z_…``. Texts and links: ``lovelaceada_1001_text.html``.
Gradescope, *Export submissions*: ``assignment_9_export/submission_12345/convolution.ipynb``, one folder per submission,
    and ``submission_metadata.yml``, which Ruby writes and nothing documents. The fields read here are those that
    published scripts of many courses read; a group has several submitters::

        submission_12345:
          :submitters:
          - :name: Ada Lovelace
            :sid: '555'
            :email: ada@example.edu
          :created_at: 2026-11-20 15:04:05.123456000 Z
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from autograder.lms.archives import ArchiveError, Member, Refused, Unfit

MOODLE, CANVAS, GRADESCOPE = "moodle", "canvas", "gradescope"

# The name goes on to the first fixed word only: those after it are the student's, and could name a classmate.
_OWNER = r"(?P<name>(?:(?!_assignsubmission_).)+?)(?:_(?P<id>\d+))?_assignsubmission_[a-z0-9]+"
_MOODLE_FOLDER = re.compile(f"{_OWNER}_?")
_MOODLE_FLAT = re.compile(f"{_OWNER}_(?P<file>.+)")
# Canvas writes names in lower case, so LATE in capitals is never one; anonymous students have no name before it.
_CANVAS = re.compile(
    r"(?:(?P<late>LATE_)?(?P<anonymous>anon_[A-Za-z0-9]+)_|(?:(?!LATE_)(?P<name>.+?)_)?(?P<tardy>LATE_)?(?P<id>\d+)_)"
    r"(?P<behind>LATE_)?(?:(?P<upload>\d+)_(?P<file>.+)|(?P<text>text|link)\.html)",
    re.DOTALL,
)
_ANOTHER_NUMBER = re.compile(r"\d{3,}_")
"""How a file's name begins if the numbers before it may be one place off: ``student_12_1001_20002_convolution.ipynb``.

Not fewer digits: many number their own files, as in ``01_convolution.ipynb``.
"""
_BLIND = "Participant"

_LEFT_BEHIND = {"__macosx", "__pycache__", "desktop.ini", "thumbs.db"}
LEFT_BEHIND = "It is a file of the system or of an editor, not of the student."
UNKNOWN = "The file name matches no Moodle, Canvas or Gradescope pattern."
INSIDE = "It is inside a folder that names no student. Collect each download by itself."
AMBIGUOUS = "Its name may mean several students. Find out whose it is, and put it into that student's folder by hand."


@dataclass(frozen=True)
class PlatformUser:
    """A student, or a group, as a platform knows them. ``id`` is the platform's own."""

    platform: str
    id: str
    name: str
    email: str = ""
    number: str = ""


@dataclass(frozen=True)
class UploadedFile:
    """One file of one submission.

    ``upload`` grows with time if the platform numbers uploads (else 0); ``late`` is None if it does not say.
    """

    user: PlatformUser
    file: str
    member: Member
    attempt: str = ""
    upload: int = 0
    late: bool | None = None
    handed_in: datetime | None = None
    in_flat_name: bool = False
    """Whether the file's own name says whose it is, not that of a folder."""
    ambiguous: bool = False
    """Whether the name can also be read as another student's."""


def sort_out(members: Iterable[Member]) -> tuple[list[UploadedFile], list[Refused]]:
    """Return the members of a Moodle or Canvas download with their students, and those whose student is not certain."""
    members = list(members)
    root = _common_folder(members)
    uploads, strays = [], []
    for member in members:
        # Moodle first: its names contain a fixed word, whereas Canvas's pattern may match by chance.
        upload = _moodle(member) or _canvas(member)
        if is_left_behind(upload.file if upload else member.path):
            strays.append(Refused(member.path, LEFT_BEHIND))
        elif upload is None:
            strays.append(Refused(member.path, UNKNOWN))
        elif upload.in_flat_name and member.path != root + member.name:
            # A student's own folder may hold a file that is called like a classmate's.
            strays.append(Refused(member.path, INSIDE))
        else:
            uploads.append(upload)
    return _certain(uploads, strays), strays


def _common_folder(members: Iterable[Member]) -> str:
    """Return the folder that contains everything, with a slash at its end; empty if there is none."""
    tops = {member.path.partition("/")[0] for member in members if not is_left_behind(member.path)}
    nested = all("/" in member.path for member in members if not is_left_behind(member.path))
    return f"{tops.pop()}/" if len(tops) == 1 and nested else ""


def _certain(uploads: Iterable[UploadedFile], strays: list[Refused]) -> list[UploadedFile]:
    """Return the uploads whose student is certain, and add the others to ``strays``.

    A platform gives each id one name. Where a download shows two, a name was read wrongly: those that can be read
    in one way only are kept, unless they contradict each other.
    """
    uploads = list(uploads)
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for upload in uploads:
        if not upload.ambiguous:
            names[upload.user.platform, upload.user.id].add(upload.user.name)
    certain = []
    for upload in uploads:
        if names[upload.user.platform, upload.user.id] == {upload.user.name}:
            certain.append(upload)
        else:
            strays.append(Refused(upload.member.path, AMBIGUOUS))
    return certain


def is_left_behind(path: str) -> bool:
    """Whether a file is of the system or of an editor, not of a student: ``.DS_Store``, checkpoints."""
    return any(part.startswith(".") or part.casefold() in _LEFT_BEHIND for part in path.split("/"))


def is_one_submission(name: str) -> bool:
    """Whether a file has the name of one student's file in a download, so that it is not a download itself."""
    return bool(_MOODLE_FLAT.fullmatch(name) or _CANVAS.fullmatch(name))


def is_a_students_folder(name: str) -> bool:
    """Whether a folder has the name of one student's folder in a download."""
    return bool(_MOODLE_FOLDER.fullmatch(name))


def is_a_download(members: Iterable[Member]) -> bool:
    """Whether the names are those of several students' files, which a student's own zip never contains."""
    # More than one, because a student may hand in files with the names that a platform gave them.
    return len({upload.user.id for upload in sort_out(members)[0]}) > 1


def _moodle(member: Member) -> UploadedFile | None:
    *folders, last = member.path.split("/")
    for place, folder in enumerate(folders):
        # The outermost folder that matches: those inside it are the student's own.
        if found := _MOODLE_FOLDER.fullmatch(folder):
            return UploadedFile(_moodle_student(found), "/".join([*folders[place + 1 :], last]), member)
    found = _MOODLE_FLAT.fullmatch(last)
    if not found:
        return None
    # Moodle leaves no underscore in a name; with one, the first fixed word may be the student's own already. A number
    # without a name may be the id of another.
    doubtful = "_" in found["name"] and "_assignsubmission_" in found["file"]
    doubtful |= not found["id"] and found["name"].strip().isdigit()
    return UploadedFile(_moodle_student(found), found["file"], member, in_flat_name=True, ambiguous=doubtful)


def _moodle_student(found: re.Match[str]) -> PlatformUser:
    name, number = found["name"], found["id"] or ""
    # With blind marking all students have the same name, so only the number tells them apart.
    return PlatformUser(MOODLE, number or name, f"{name} {number}".strip() if name == _BLIND else name)


def _canvas(member: Member) -> UploadedFile | None:
    found = _CANVAS.fullmatch(member.name)
    if not found:
        return None
    identity = found["anonymous"] or found["id"]
    return UploadedFile(
        PlatformUser(CANVAS, identity, found["name"] or identity),
        found["file"] or f"{found['text']}.html",
        member,
        upload=int(found["upload"] or 0) if len(found["upload"] or "") < 19 else 0,  # not thousands of digits
        late=bool(found["late"] or found["tardy"] or found["behind"]),
        in_flat_name=True,
        ambiguous=bool(_ANOTHER_NUMBER.match(found["file"] or "")),
    )


# --- Gradescope ---------------------------------------------------------------------------------------------------
METADATA = "submission_metadata.yml"


def find_metadata(members: Iterable[Member]) -> Member | None:
    """Return Gradescope's metadata file, from the top of the archive or the one folder that contains everything."""
    # Nowhere else: a student's own file of this name must not decide how a class is read.
    members = [member for member in members if not is_left_behind(member.path)]
    for member in members:
        root = member.path[: -len(METADATA)]
        fits = member.name == METADATA and root.count("/") <= 1 and not is_a_students_folder(root.rstrip("/"))
        if fits and all(other.path.startswith(root) for other in members):
            return member
    return None


def sort_out_gradescope(members: Iterable[Member], metadata: Member) -> tuple[list[UploadedFile], list[Refused]]:
    """Return the members of a Gradescope export with their students, and those whose folder is not in the metadata."""
    submissions = _read(metadata)
    root = metadata.path[: -len(METADATA)]
    uploads: list[UploadedFile] = []
    strays: list[Refused] = []
    for member in members:
        folder, _, file = member.path.removeprefix(root).partition("/")
        if member is metadata:
            continue
        if is_left_behind(file or folder):
            strays.append(Refused(member.path, LEFT_BEHIND))
        elif not file or not (students := _students(submissions.get(folder))):
            strays.append(Refused(member.path, f"{METADATA} names no student for it."))
        else:
            when = _time(submissions[folder].get(":created_at"))
            uploads += [UploadedFile(user, file, member, attempt=folder, handed_in=when) for user in students]
    return uploads, strays


def _read(metadata: Member) -> Mapping[str, Any]:
    import yaml

    # The loader in C is many times faster, but not every build of PyYAML has it.
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Read plain data only; objects that Ruby tagged are read as the mapping, list or text that they look like."""

        def flatten_mapping(self, node: Any) -> None:
            """Do not expand ``<<``, with which a few lines can become a gigabyte."""

    def plain(loader: Any, _suffix: str, node: Any) -> Any:
        make = {"mapping": loader.construct_mapping, "sequence": loader.construct_sequence}
        return make[node.id](node, deep=True) if node.id in make else loader.construct_scalar(node)

    Loader.add_multi_constructor("!", plain)  # !ruby/object:… and its like, which a safe loader refuses
    try:
        document = yaml.load(metadata.read(), Loader)
    except (yaml.YAMLError, Unfit, ValueError, TypeError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ArchiveError(f"{METADATA} cannot be read ({reason}). Export the submissions again.") from None
    return document if isinstance(document, dict) else {}  # then every file is reported as one without a student


def _students(submission: Any) -> list[PlatformUser]:
    listed = submission.get(":submitters") if isinstance(submission, dict) else None
    students = []
    for one in listed if isinstance(listed, list) else []:
        name, number, email = (_text(one, key) for key in (":name", ":sid", ":email"))
        if identity := number or email or name:  # in the order of how surely they name one student
            students.append(PlatformUser(GRADESCOPE, identity, name or identity, email, number))
    return students


def _text(record: Any, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    # YAML reads a student ID without quotes as a number.
    return str(value).strip() if isinstance(value, (str, int)) else ""


def _time(value: Any) -> datetime | None:
    """Return a time in UTC, or None if it is not one; YAML has converted all times in the usual form already."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
