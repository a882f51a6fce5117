"""Write files so that a reader sees the old bytes or the new ones, and zips that are the same on every machine."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from autograder.errors import writing


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` so that a reader sees the old bytes or the new ones, never a part of them."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


# --- Templates ------------------------------------------------------------------------------------------------------


def fill_template(path: Path, **words: str) -> str:
    """Return the text of a file with each ``@NAME@`` replaced by the word of that name.

    A name that no word is given for raises `KeyError`: a template and its user change together.
    """
    return re.sub(r"@([A-Z_]+)@", lambda match: words[match[1].lower()], path.read_text("utf-8"))


# --- Zips ---------------------------------------------------------------------------------------------------------


_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def write_zip(path: Path, files: Mapping[str, bytes], *, programs: Collection[str] = ()) -> None:
    """Write files into a zip, those that are ``programs`` executable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(files, programs=programs))


def zipped(files: Mapping[str, bytes], *, programs: Collection[str] = ()) -> bytes:
    """Return a zip of files: name → content.

    Nothing is compressed: what zlib makes differs from version to version.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.create_system = 3  # Unix, on every system: modes are read
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(entry, content)
    return made.getvalue()
