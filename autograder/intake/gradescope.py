"""Gradescope's *Export submissions*: a folder a submission, and ``submission_metadata.yml``, which says whose it is.

    submission_12345:
      :submitters:
      - :name: Ada Lovelace
        :sid: '555'
        :email: ada@example.edu
      :created_at: 2026-11-20 15:04:05.123456000 Z

The file is written by Ruby; there is no documentation of it. What is read here is what published scripts of many
courses read: ``:submitters`` with ``:name``, ``:sid`` and ``:email``, and ``:created_at``. A group has several
submitters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from autograder.intake.archive import ArchiveError, Member, Refused, Unfit
from autograder.intake.platforms import GRADESCOPE, LEFT_BEHIND, Piece, Who, is_a_students_folder, is_left_behind

METADATA = "submission_metadata.yml"


def find_metadata(members: Iterable[Member]) -> Member | None:
    """Return the file that makes an archive Gradescope's: at its top, or in the one folder that holds everything.

    A student's own file of this name, in a folder of theirs, must not decide how a class is read.
    """
    members = [member for member in members if not is_left_behind(member.path)]
    for member in members:
        root = member.path[: -len(METADATA)]
        fits = member.name == METADATA and root.count("/") <= 1 and not is_a_students_folder(root.rstrip("/"))
        if fits and all(other.path.startswith(root) for other in members):
            return member
    return None


def sort_out(members: Iterable[Member], metadata: Member) -> tuple[list[Piece], list[Refused]]:
    """Tell each member's students by its folder; list those whose folder the metadata do not know."""
    submissions = _read(metadata)
    root = metadata.path[: -len(METADATA)]
    pieces: list[Piece] = []
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
            pieces += [Piece(who, file, member, attempt=folder, handed_in=when) for who in students]
    return pieces, strays


def _read(metadata: Member) -> Mapping[str, Any]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Plain data; what Ruby marks as its own objects is read as the mapping, list or text that it looks like."""

        def flatten_mapping(self, node: Any) -> None:
            """Leave ``<<`` alone, by which a few lines can stand for a gigabyte."""

    def plain(loader: Any, _suffix: str, node: Any) -> Any:
        make = {"mapping": loader.construct_mapping, "sequence": loader.construct_sequence}
        return make[node.id](node, deep=True) if node.id in make else loader.construct_scalar(node)

    Loader.add_multi_constructor("!", plain)
    try:
        document = yaml.load(metadata.read(), Loader)
    except (yaml.YAMLError, Unfit, ValueError, TypeError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ArchiveError(f"{METADATA} cannot be read ({reason}). Export the submissions again.") from None
    return document if isinstance(document, dict) else {}


def _students(submission: Any) -> list[Who]:
    listed = submission.get(":submitters") if isinstance(submission, dict) else None
    students = []
    for one in listed if isinstance(listed, list) else []:
        name, number, email = (_text(one, key) for key in (":name", ":sid", ":email"))
        if identity := number or email or name:
            students.append(Who(GRADESCOPE, identity, name or identity, email, number))
    return students


def _text(record: Any, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    return str(value).strip() if isinstance(value, (str, int)) else ""


def _time(value: Any) -> datetime | None:
    """Return a time in UTC; YAML reads times as such, but for unusual ones."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
