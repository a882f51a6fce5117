"""Text and names that others wrote: made fit to be shown, to be a folder, to mean an exercise.

Text that others wrote, made fit to be shown: in a terminal, in a table, in a message.

What students and exercises may be called, and which file names mean an exercise.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable_lines(text: str, limit: int) -> str:
    """Return ``text`` with its lines, each as `printable` makes it; more than ``limit`` characters are cut."""
    return "\n".join(printable(line, limit) for line in text[:limit].split("\n"))


def visible(text: str) -> str:
    """Return text with its lines and blanks, without what could act on the screen or the page that shows it."""
    return "".join(each if each.isprintable() or each in "\n\t" else REPLACEMENT for each in text)


def printable(text: str, limit: int = 200) -> str:
    """Return ``text`` on one line without what could act on the screen that shows it.

    Control characters, escape sequences, direction overrides and lone surrogates become ``�``, white space
    becomes single spaces, and more than ``limit`` characters are cut.
    """
    line = " ".join(text[: limit * 8].split())
    line = "".join(character if character.isprintable() else REPLACEMENT for character in line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


# --- Names of students and exercises ------------------------------------------------------------------------------


MAX_NAME = 128
"""The longest student name, in characters: what nbgrader's gradebook can hold."""

FILE_ENDINGS = {".csv", ".db", ".html", ".ipynb", ".json", ".py"}
_PUNCTUATION = " _-.@+~'()"
_COPY_MARK = re.compile(r"([\s_-]*\(\d+\)|[\s_-]+copy\s*\d*)+$")
_COPY_OF = re.compile(r"^copy[\s_-]+of[\s_-]+")


def name_fault(name: str) -> str:
    """Say why a name cannot be a student's, in words that follow "because"; empty when it can.

    A student's name becomes a folder, a cell of a table and a line in the terminal, so letters and digits of
    any script are fine, and few other characters are.
    """
    if not name or len(name) > MAX_NAME:
        return f"it needs 1 to {MAX_NAME} characters"
    if not (name[0].isalnum() or name[0] == "_") or name[-1] in " .":
        return "it must begin with a letter or a digit and not end with a space or a full stop"
    odd = sorted({c for c in name if not _is_allowed(c)})
    if odd:
        allowed = f"letters, digits, spaces and any of {_PUNCTUATION.strip()}"
        return f"it may hold {allowed}, but not {printable(''.join(odd), 20)}"
    if PurePath(name).suffix.lower() in FILE_ENDINGS:
        return f"it ends like a file, with {PurePath(name).suffix}"
    return ""


def student_name(text: str) -> str:
    """Return the nearest name that a student's folder may have; empty where nothing of it may stay."""
    text = unicodedata.normalize("NFC", text.replace("/", " ").replace(",", " "))
    kept = " ".join("".join(c for c in text if _is_allowed(c)).split())
    kept = kept.lstrip(_PUNCTUATION.replace("_", ""))
    while kept and unicodedata.category(kept[0]).startswith("M"):
        kept = kept[1:].lstrip(_PUNCTUATION.replace("_", ""))
    kept = kept[: MAX_NAME - 28].encode()[:140].decode(errors="ignore").rstrip(" .")  # room for an id, in 255 bytes
    return kept + "_" if PurePath(kept).suffix.lower() in FILE_ENDINGS else kept


def resembles(name: str, exercise: str) -> bool:
    """Whether a name is the exercise's but for case, separators and the marks of a copy: `Tensor-Ops (1)`."""
    path = PurePath(name)
    stem = path.name if path.suffix.lower() not in FILE_ENDINGS else path.stem
    stem = _COPY_OF.sub("", _COPY_MARK.sub("", stem.strip().casefold()))
    return re.sub(r"[\s_-]+", "_", stem) == exercise.casefold()


def _is_allowed(character: str) -> bool:
    """Whether a name may hold a character; some only adorn the letter before, as in a decomposed é."""
    return character.isalnum() or character in _PUNCTUATION or unicodedata.category(character) in ("Mn", "Mc")
