"""Compare a release with its manifest and signature, and two releases with each other.

OpenSSH signs and verifies manifests: ``ssh-keygen -Y sign`` and ``-Y verify`` (ssh-keygen(1)). Anyone with an SSH key
can sign; a file of allowed signers, as git uses it (``gpg.ssh.allowedSignersFile``), says whose signature counts.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.manifest import FOLDER, CheckRecord, ExerciseRecord, Manifest
from autograder.errors import CourseError


def digests_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and of every member of its zips, named ``<zip>!<member>``."""
    found: dict[str, str] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        found[name] = sha256(content)
        if zipfile.is_zipfile(path):
            found |= {f"{name}!{member}": sha256(data) for member, data in _members(content)}
    return found


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the members of a zip, up to the first damaged one."""
    # RuntimeError: an encrypted member.
    damage = suppress(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
    with damage, zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield from ((member, archive.read(member)) for member in archive.namelist())


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def problems(root: Path, manifest: Manifest) -> list[str]:
    """Return one line per file in ``release/<version>/`` that is missing, changed, or not in the manifest.

    The changed members of a changed zip are named too.
    """
    return list(differing(manifest.files, digests_of(root / FOLDER / manifest.version)))


def differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Yield one line per file on which two lists of digests disagree."""
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield f"{name} is missing"
        elif name not in wanted:
            yield f"{name} is not part of the release"
        elif wanted[name] != found[name]:
            yield f"{name} was changed"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the comparison; it has no lines if nothing changed."""

    title: str
    lines: tuple[str, ...]


def compare(old: Manifest, new: Manifest) -> list[Section]:
    """Return the changes from one release to another, section by section."""
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
    """Yield the added, removed and changed cells of the students' notebook."""
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
        yield "other code"
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
        yield f"{exercise}: its points are now {'a bonus' if new.optional else 'no longer a bonus'}"


def _shown(points: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:g}" for name, value in points.items()}


def _thresholds(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, now = _experiments(old), _experiments(new)
    yield from _names(before, now)
    for name, entry in now.items():
        was = before.get(name, entry)  # a new one is listed above
        if was["threshold"] != entry["threshold"]:
            yield f"{name}: {was['threshold']} → {entry['threshold']}"
        elif was["data"] != entry["data"]:
            yield f"{name}: {entry['threshold']} as before, with other data"


def _experiments(calibration: Mapping[str, Any]) -> dict[str, Any]:
    # Manifests of version 0.1.0 name the record's file, test_<exercise>.calibration.json; later ones the exercise.
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
    """Yield the exercises whose old submissions cannot be graded by the new checks."""
    for name, (before, now) in pairs.items():
        if before.interface != now.interface:
            yield f"{name}: other questions or given code: graded by the checks of {old.version}, not of {new.version}"


NAMESPACE = "autograder-release"
"""Prevents a signature that was made for another purpose from counting as one on a manifest."""


def signature_of(path: Path) -> Path:
    """Return the path of a file's signature."""
    return path.with_name(f"{path.name}.sig")


def sign(path: Path, key: Path) -> None:
    """Sign a file with a private SSH key, or with a public one whose private key the agent holds.

    ssh-keygen asks for the passphrase if there is one. Raises `CourseError` if it cannot sign.
    """
    signature_of(path).unlink(missing_ok=True)  # else ssh-keygen asks whether to overwrite it
    done = _ssh_keygen("sign", "-f", key, "-n", NAMESPACE, path)
    if done.returncode != 0:
        raise CourseError(f"{path.name} could not be signed with {key}: {_last_line(done)}.")


def signer_of(path: Path, allowed: Path) -> str:
    """Return who signed a file; raise `CourseError` if no allowed signer did, or if the file was changed."""
    signature = signature_of(path)
    if not signature.is_file():
        raise CourseError(f"{path.name} is not signed: there is no {signature.name} beside it.")
    found = _ssh_keygen("find-principals", "-s", signature, "-f", allowed)  # `verify` needs the signer's name
    names = found.stdout.decode(errors="replace").split()
    if found.returncode != 0 or not names:
        raise CourseError(f"{signature.name} was not made by anyone listed in {allowed}: {_last_line(found)}.")
    content = path.read_bytes()
    done = _ssh_keygen("verify", "-f", allowed, "-I", names[0], "-n", NAMESPACE, "-s", signature, content=content)
    if done.returncode != 0:
        raise CourseError(f"{signature.name} does not match the present {path.name}: {_last_line(done)}.")
    return names[0]


def _ssh_keygen(
    action: str, *arguments: str | Path, content: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", "-Y", action, *arguments], input=content, capture_output=True, check=False)
    except FileNotFoundError:
        raise CourseError(
            "ssh-keygen, which signs and verifies releases, is not installed. Install OpenSSH 8.1 or later (Debian, "
            "Ubuntu: apt install openssh-client) and repeat the command."
        ) from None


def _last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    # ssh-keygen reports some failures, such as a wrong signature, on standard output.
    lines = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"ssh-keygen ended with {done.returncode}"
