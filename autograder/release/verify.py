"""Compare a release's files with its manifest."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from autograder.manifest import FOLDER, Manifest


def digests_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and, after a ``!``, of those in its zips."""
    found: dict[str, str] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        found[name] = sha256(content)
        if zipfile.is_zipfile(path):
            found |= {f"{name}!{member}": sha256(data) for member, data in _members(content)}
    return found


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is in a zip, up to where it is damaged."""
    damage = suppress(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
    with damage, zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield from ((member, archive.read(member)) for member in archive.namelist())


def sha256(content: bytes) -> str:
    """Return a digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def problems(root: Path, manifest: Manifest) -> list[str]:
    """Return what in ``release/<version>/`` is not as the manifest says: files missing, changed, or not in it.

    Of a zip that was changed, the members that were are named, too.
    """
    return list(differing(manifest.files, digests_of(root / FOLDER / manifest.version)))


def differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each file that two lists of digests do not agree on."""
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield f"{name} is missing"
        elif name not in wanted:
            yield f"{name} is not part of the release"
        elif wanted[name] != found[name]:
            yield f"{name} was changed"
