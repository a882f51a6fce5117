"""What changed from one release to another: for students, for graders, in points, in thresholds, in packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.manifest import CheckRecord, ExerciseRecord, Manifest


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the comparison; without lines, nothing of it changed."""

    title: str
    lines: tuple[str, ...]


def compare(old: Manifest, new: Manifest) -> list[Section]:
    """Return what changed, section by section."""
    both = [name for name in new.exercises if name in old.exercises]
    pairs = {name: (old.exercises[name], new.exercises[name]) for name in both}
    return [
        Section("Exercises", tuple(_names(old.exercises, new.exercises))),
        Section("For students", tuple(line for name in both for line in _cells(name, *pairs[name]))),
        Section("For graders", tuple(line for name in both for line in _checks(name, *pairs[name]))),
        Section("Points", tuple(line for name in both for line in _points(name, *pairs[name]))),
        Section("Thresholds", tuple(_thresholds(old.calibration, new.calibration))),
        Section("Packages", tuple(_values(_versions(old), _versions(new)))),
        Section(f"Submissions made from {old.version}", tuple(_graded_by(old, new, pairs))),
    ]


def _names(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name}: new" for name in new if name not in old)
    yield from (f"{name}: gone" for name in old if name not in new)


def _cells(exercise: str, old: ExerciseRecord, new: ExerciseRecord) -> Iterator[str]:
    """Yield the cells of the students' notebook that came, went or changed."""
    yield from (f"{exercise}: the cell {line}" for line in _names(old.cells, new.cells))
    for name in new.cells:
        if name in old.cells and old.cells[name] != new.cells[name]:
            yield f"{exercise}: the cell {name}: changed"


def _checks(exercise: str, old: ExerciseRecord, new: ExerciseRecord) -> Iterator[str]:
    before, now = _by_name(old), _by_name(new)
    yield from (f"{exercise}.{line}" for line in _names(before, now))
    for name, check in now.items():
        if name in before and (changed := list(_in_check(before[name], check))):
            yield f"{exercise}.{name}: {', '.join(changed)}"


def _by_name(record: ExerciseRecord) -> dict[str, CheckRecord]:
    return {
        f"{question}.{name}": check for question, checks in record.questions.items() for name, check in checks.items()
    }


def _in_check(old: CheckRecord, new: CheckRecord) -> Iterator[str]:
    if old.digest != new.digest:
        yield "checks otherwise"
    if old.public != new.public:
        yield "now public" if new.public else "now hidden"
    if old.points != new.points:
        yield f"{old.points:g} → {new.points:g} points"
    if old.title != new.title:
        yield f"now called “{new.title}”"


def _points(exercise: str, old: ExerciseRecord, new: ExerciseRecord) -> Iterator[str]:
    if old.points != new.points:
        changed = ", ".join(_values(_shown(old.points), _shown(new.points)))
        yield f"{exercise}: {sum(old.points.values()):g} → {sum(new.points.values()):g} ({changed})"
    if old.optional != new.optional:
        yield f"{exercise}: its points are now {'a bonus' if new.optional else 'no bonus any more'}"


def _shown(points: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:g}" for name, value in points.items()}


def _thresholds(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, now = _experiments(old), _experiments(new)
    yield from (f"{name}" for name in _names(before, now))
    for name, entry in now.items():
        was = before.get(name, entry)
        if was["threshold"] != entry["threshold"]:
            yield f"{name}: {was['threshold']} → {entry['threshold']}"
        elif was["data"] != entry["data"]:
            yield f"{name}: {entry['threshold']} as before, with other data"


def _experiments(calibration: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{file.removesuffix('.calibration.json').removeprefix('test_')}.{name}": entry
        for file, record in calibration.items()
        for name, entry in record["experiments"].items()
    }


def _values(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in {**new, **old}:
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name, 'none')} → {new.get(name, 'none')}"


def _versions(release: Manifest) -> dict[str, str]:
    return {"python": release.python, **release.packages}


def _graded_by(
    old: Manifest, new: Manifest, pairs: Mapping[str, tuple[ExerciseRecord, ExerciseRecord]]
) -> Iterator[str]:
    """Yield which of the old release's submissions the new one's checks do not fit."""
    for name, (before, now) in pairs.items():
        if before.interface != now.interface:
            yield f"{name}: other questions or given code: graded by the checks of {old.version}, not of {new.version}"
