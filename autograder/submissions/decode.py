"""Decode the bytes of a submission, and say what a file is that is not a notebook, and what to do about it.

Editors write UTF-8; PowerShell's ``>`` and Notepad write UTF-16 with a mark, and old editors Latin-1. Python reads a
module in the encoding that its first lines name.

https://peps.python.org/pep-0263/
"""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path

from autograder.errors import FileError

MAX_BYTES = 32 * 2**20


class Unreadable(FileError):
    """A submission that cannot be read; the message tells the student what is wrong and what to do."""


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMED = re.compile(rb"\A(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_ONE_BYTE = {
    **dict.fromkeys(("latin-1", "latin1", "iso-8859-1", "iso8859-1", "iso-latin-1", "l1"), "latin-1"),
    **dict.fromkeys(("iso-8859-15", "iso8859-15", "latin-9", "latin9"), "iso-8859-15"),
    **dict.fromkeys(("cp1252", "windows-1252"), "cp1252"),
    **dict.fromkeys(("mac-roman", "macroman"), "mac-roman"),
}
"""Name in a coding line → codec. Only these: some of Python's codecs, such as ``idna``, take hours."""

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Control characters that no text has."""

_OTHER_FILES = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "an archive (zip) or an office document"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"version https://git-lfs", "only a pointer of Git LFS to the file"),
)

_MERGE = re.compile(r"^(?:<{7}|>{7}) \S", re.MULTILINE)
"""The marks that Git leaves around two versions of the same lines."""

MERGE_ADVICE = "Keep one version of these lines, delete the marks, and hand it in again."


def read_text(path: Path) -> str:
    """Return the text of a file; raise `Unreadable` with what the student has to do if it has none."""
    if path.is_symlink():
        raise Unreadable("This is a link, not a file. Hand in the notebook itself.")
    if path.is_dir():
        raise Unreadable("This is a folder, not a file. Hand in the notebook itself.")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise Unreadable(
                f"The file has {size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} are read. "
                "Clear the outputs (Edit → Clear Outputs of All Cells), save and hand it in again."
            )
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"The file cannot be opened ({error.strerror}). Hand it in again.") from error
    text = decode(data, is_module=path.suffix.lower() == ".py")
    if not text.strip(" \t\r\n\f\0"):  # a disk that was full leaves zeros
        raise Unreadable("The file is empty. Save the notebook and hand it in again.")
    return text


def decode(data: bytes, *, is_module: bool) -> str:
    """Return the text of a file in UTF-8, in UTF-16, or in the Latin-1 that a module may have."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], codec)
    if is_module and (named := _NAMED.match(data)):
        name = named[1].decode("ascii", "replace").lower().replace("_", "-")
        if name in _ONE_BYTE:
            return data.decode(_ONE_BYTE[name], "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded_otherwise(data, is_module)
    # Every second byte of English text is zero in UTF-16; in UTF-8, none is.
    return _decoded(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be") if _looks_like_utf16(data) else text


def _looks_like_utf16(data: bytes) -> bool:
    return len(data) >= 4 and len(data) % 2 == 0 and (data[:4:2] == b"\0\0") != (data[1:4:2] == b"\0\0")


def _decoded(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        name = codec.upper().removesuffix("-LE").removesuffix("-BE")
        raise Unreadable(
            f"The file begins like text in {name} but is damaged. Save it as UTF-8 and hand it in again."
        ) from None


def _decoded_otherwise(data: bytes, is_module: bool) -> str:
    """Decode a file that is not UTF-8 and says nothing about its encoding."""
    for start, kind in _OTHER_FILES:
        if data.startswith(start):
            raise Unreadable(f"This is {kind}, not text in UTF-8, so it is not a notebook. Hand in the .ipynb file.")
    if _looks_like_utf16(data):
        return _decoded(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    if not _BINARY.search(data) and (is_module or data.lstrip().startswith(b"{")):
        return data.decode("cp1252" if _is_cp1252(data) else "latin-1")
    raise Unreadable("The file is not text in UTF-8, so it is not a notebook. Hand in the .ipynb file.")


def _is_cp1252(data: bytes) -> bool:
    """Whether these bytes are text as Windows writes it: Latin-1, and more characters instead of control codes."""
    return not any(byte in data for byte in b"\x81\x8d\x8f\x90\x9d")


def has_merge_marks(text: str) -> bool:
    """Whether Git left both versions of some lines in a text."""
    return "<<<<<<< " in text and len(_MERGE.findall(text)) > 1


def refuse_other_files(text: str, name: str) -> None:
    """Raise `Unreadable` for text that is neither a notebook nor a module: a web page, a marimo notebook."""
    start = text.lstrip()[:200].lower()
    if start.startswith("<") and not start.startswith("<<<<<<<"):
        raise Unreadable(
            "This is a web page (HTML), not a notebook: a browser saved the page that shows it. "
            "Download the .ipynb file itself and hand that in."
        )
    for mark, kind in _OTHER_FILES:
        if start.startswith(mark.decode("latin-1").lower()):
            raise Unreadable(f"This is {kind}, not a notebook. Hand in the .ipynb file.")
    if "marimo" in text and re.search(r"^app[ \t]*=[ \t]*marimo\.App\(", text, re.MULTILINE):
        stem = Path(name).stem
        raise Unreadable(
            "This is a marimo notebook; export it as .ipynb and hand in that file. Run: "
            f"marimo export ipynb {stem}.py -o {stem}.ipynb"
        )


def parse_json(text: str) -> object:
    """Return what a notebook's JSON says; raise `Unreadable` with the likely cause if it is broken."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(_broken(text, error)) from None


def _broken(text: str, error: ValueError | RecursionError) -> str:
    where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
    if has_merge_marks(text):
        return f"The file has marks of an unfinished Git merge (<<<<<<<), so it is not a notebook. {MERGE_ADVICE}"
    if text.lstrip().startswith("{") and isinstance(error, json.JSONDecodeError) and _ends_early(text, error):
        return (
            f"The file ends in the middle{where}: it was not saved or uploaded completely. "
            "Save the notebook in Jupyter and hand it in again."
        )
    return f"The file is not valid JSON{where}, so it is not a notebook. Save it again in Jupyter."


def _ends_early(text: str, error: json.JSONDecodeError) -> bool:
    """Whether only the end is missing: the text is right as far as it goes."""
    return error.msg.startswith("Unterminated string") or not text[error.pos :].strip(" \t\r\n,:\\")
