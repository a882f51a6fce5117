"""What the names in a platform's download tell: whose a file is, of which attempt, whether it was late.

Moodle, *Download all submissions* (``mod/assign/classes/downloader.php``), in folders or, if that is off, flat:
    ``Ada Lovelace_4711_assignsubmission_file/convolution.ipynb``   (before 4.x with ``_`` at the folder's end)
    ``Ada Lovelace_4711_assignsubmission_file_convolution.ipynb``
    The number is the participant's in this one assignment, another one in the next. A group has its name in place of
    the student's; where marking is blind, everybody's is ``Participant``.
Canvas, *Download submissions* (``lib/content_zipper.rb``), always flat:
    ``lovelaceada_1001_20002_convolution.ipynb``, ``lovelaceada_LATE_1001_20002_convolution-1.ipynb``
    The sortable name in small letters, the user's id, the file's id, which grows with every upload, and the file's
    name, with ``-1`` where the student had used it before. Anonymous: ``anon_x1Y2z_20002_convolution.ipynb``. Texts
    and links: ``lovelaceada_1001_text.html``.
Gradescope, *Export submissions* (read in `gradescope`): ``assignment_9_export/submission_12345/convolution.ipynb``
    beside ``submission_metadata.yml``, which says the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from autograder.intake.archive import Member, Refused

MOODLE, CANVAS, GRADESCOPE = "moodle", "canvas", "gradescope"

_MOODLE_FOLDER = re.compile(r"(?P<name>.+?)(?:_(?P<id>\d+))?_assignsubmission_[a-z]+_?")
_MOODLE_FLAT = re.compile(r"(?P<name>.+?)(?:_(?P<id>\d+))?_assignsubmission_[a-z]+_(?P<file>.+)")
_CANVAS = re.compile(
    r"(?:(?P<name>.+?)_)?(?P<late>LATE_)?(?P<id>\d+|anon_[A-Za-z0-9]+)_"
    r"(?:(?P<upload>\d+)_(?P<file>.+)|(?P<text>text|link)\.html)",
    re.DOTALL,
)
_BLIND = "Participant"

_LEFT_BEHIND = {"__macosx", "__pycache__", "desktop.ini", "thumbs.db"}
LEFT_BEHIND = "A system or an editor left it behind."
UNKNOWN = "Its name is none that Moodle, Canvas or Gradescope give."


@dataclass(frozen=True)
class Who:
    """A student, or a group, as a platform knows them. ``id`` is the platform's own."""

    platform: str
    id: str
    name: str
    email: str = ""
    number: str = ""


@dataclass(frozen=True)
class Piece:
    """One file of one submission.

    ``upload`` grows with time where the platform counts uploads; ``late`` is None where it says nothing about that.
    """

    who: Who
    file: str
    member: Member
    attempt: str = ""
    upload: int = 0
    late: bool | None = None
    handed_in: datetime | None = None


def sort_out(members: Iterable[Member]) -> tuple[list[Piece], list[Refused]]:
    """Tell each member's student by its name; list those whose name tells none."""
    pieces, strays = [], []
    for member in members:
        piece = _moodle(member) or _canvas(member)
        if is_left_behind(piece.file if piece else member.path):
            strays.append(Refused(member.path, LEFT_BEHIND))
        elif piece:
            pieces.append(piece)
        else:
            strays.append(Refused(member.path, UNKNOWN))
    return pieces, strays


def is_left_behind(path: str) -> bool:
    """Whether no student made a file, but a system or an editor: ``.DS_Store``, checkpoints."""
    return any(part.startswith(".") or part.casefold() in _LEFT_BEHIND for part in path.split("/"))


def is_one_submission(name: str) -> bool:
    """Whether a file's name is that of one student's file in a download, rather than a download's."""
    return bool(_MOODLE_FLAT.fullmatch(name) or _CANVAS.fullmatch(name))


def is_a_students_folder(name: str) -> bool:
    """Whether a folder's name is that of one student's in a download."""
    return bool(_MOODLE_FOLDER.fullmatch(name))


def is_a_download(members: Iterable[Member]) -> bool:
    """Whether the names are those of several students' files, as no student's own zip has them."""
    return len({piece.who.id for piece in sort_out(members)[0]}) > 1


def _moodle(member: Member) -> Piece | None:
    *folders, last = member.path.split("/")
    for place, folder in enumerate(folders):
        if found := _MOODLE_FOLDER.fullmatch(folder):
            return Piece(_moodle_student(found), "/".join([*folders[place + 1 :], last]), member)
    found = _MOODLE_FLAT.fullmatch(last)
    return Piece(_moodle_student(found), found["file"], member) if found else None


def _moodle_student(found: re.Match[str]) -> Who:
    name, number = found["name"], found["id"] or ""
    return Who(MOODLE, number or name, f"{name} {number}".strip() if name == _BLIND else name)


def _canvas(member: Member) -> Piece | None:
    found = _CANVAS.fullmatch(member.name)
    if not found:
        return None
    return Piece(
        Who(CANVAS, found["id"], found["name"] or found["id"]),
        found["file"] or f"{found['text']}.html",
        member,
        upload=int(found["upload"] or 0) if len(found["upload"] or "") < 19 else 0,
        late=bool(found["late"]),
    )
