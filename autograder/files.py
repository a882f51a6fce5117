"""Atomic writes, filled templates, and zips whose bytes are the same on every machine."""

from __future__ import annotations

import io
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from autograder.errors import writing


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader sees the old bytes or the new ones, never a mixture.

    The file keeps its mode. Raises `FileError` where the file cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because a rename is atomic within one file system only.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # before the rename: after a power cut the new name must not be empty
            # mkstemp makes files that only their owner can read.
            Path(name).chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def fill_template(path: Path, **words: str) -> str:
    """Return the text of a file with each ``@NAME@`` replaced by the word of that name.

    Raises `KeyError` for a name without a word, so that a template and its user cannot drift apart.
    """
    return re.sub(r"@([A-Z_]+)@", lambda match: words[match[1].lower()], path.read_text("utf-8"))


_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def write_zip(path: Path, files: Mapping[str, bytes], *, programs: Collection[str] = ()) -> None:
    """Write ``files`` (name → content) to a zip; those named in ``programs`` are executable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(files, programs=programs))


def zipped(files: Mapping[str, bytes], *, programs: Collection[str] = ()) -> bytes:
    """Return the bytes of a zip of ``files`` (name → content), the same for the same files."""
    made = io.BytesIO()
    # Stored, not compressed: the output of zlib differs between its versions.
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.create_system = 3  # Unix, on every system: otherwise unpackers ignore the file modes
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(entry, content)
    return made.getvalue()
