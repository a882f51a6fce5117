"""Which folder is whose: the same student has the same one in every exercise, and no two students share one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from autograder.intake.platforms import GRADESCOPE, MOODLE, Who
from autograder.naming import student_name
from autograder.people.record import Entry
from autograder.people.roster import Clue, Roster
from autograder.text import printable

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

    def is_listed(self, who: Who) -> bool:
        """Whether the roster knows a student; True where there is none."""
        return self._roster is None or self._roster.find(_clue(who), who.platform) is not None

    def folder_of(self, who: Who, exercise: str, namesakes: bool = False) -> str:
        """Return a student's folder, and remember it. ``namesakes``: others in this download have the same name."""
        key = _key(who.platform, exercise, who.id)
        if key not in self._folders:
            self._give(key, self._choose(who, key, namesakes))
        return self._folders[key]

    def _choose(self, who: Who, key: _Key, namesakes: bool) -> str:
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


def _clue(who: Who) -> Clue:
    return Clue(who.id, tuple(filter(None, (who.email, who.number))), (who.name,))
