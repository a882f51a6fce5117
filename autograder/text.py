"""Make text and names from outside safe to show, to use as a folder and to match with an exercise."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable_lines(text: str, limit: int) -> str:
    """Return ``text`` with each line made `printable`, cut after ``limit`` characters."""
    return "\n".join(printable(line, limit) for line in text[:limit].split("\n"))


def visible(text: str) -> str:
    """Return ``text`` with its layout, but with every other control character replaced by ``�``."""
    return "".join(character if character.isprintable() or character in "\n\t" else REPLACEMENT for character in text)


def printable(text: str, limit: int = 200) -> str:
    """Return ``text`` on one line, safe to show in a terminal, a table or a message.

    Control characters, escape sequences, direction overrides and lone surrogates become ``�``, runs of white space
    become one space, and the line is cut after ``limit`` characters.
    """
    line = " ".join(text[: limit * 8].split())  # cut first: a message may have megabytes, and blanks will collapse
    line = "".join(character if character.isprintable() else REPLACEMENT for character in line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


# --- Names of students and exercises ------------------------------------------------------------------------------
MAX_NAME = 128
"""The longest student name, in characters: the width of the column in nbgrader's gradebook."""

# A student called grades.csv would have a folder where the table of that name is written.
FILE_ENDINGS = {".csv", ".db", ".html", ".ipynb", ".json", ".py"}
_PUNCTUATION = " _-.@+~'()"
_COPY_MARK = re.compile(r"([\s_-]*\(\d+\)|[\s_-]+copy\s*\d*)+$")  # of browsers, Windows, macOS and Jupyter
_COPY_OF = re.compile(r"^copy[\s_-]+of[\s_-]+")  # of Colab


def name_fault(name: str) -> str:
    """Return why a name cannot be a student's, as a clause to follow "because"; empty if it can.

    A student's name becomes a folder, a table cell and a line in the terminal, so letters and digits of any script
    are allowed, and few other characters.
    """
    if not name or len(name) > MAX_NAME:
        return f"it needs 1 to {MAX_NAME} characters"
    if not (name[0].isalnum() or name[0] == "_") or name[-1] in " .":
        return "it must begin with a letter or a digit and not end with a space or a full stop"
    if odd := sorted({c for c in name if not _is_allowed(c)}):
        allowed = f"letters, digits, spaces and any of {_PUNCTUATION.strip()}"
        return f"it may contain {allowed}, but not {printable(''.join(odd), 20)}"
    if PurePath(name).suffix.lower() in FILE_ENDINGS:
        return f"it ends with {PurePath(name).suffix}, like a file"
    return ""


def student_name(text: str) -> str:
    """Return the closest allowed name for a student's folder; empty if no character is allowed."""
    text = unicodedata.normalize("NFC", text.replace("/", " ").replace(",", " "))
    name = " ".join("".join(c for c in text if _is_allowed(c)).split())
    name = name.lstrip(_PUNCTUATION.replace("_", ""))
    while name and unicodedata.category(name[0]).startswith("M"):  # a combining mark needs a letter before it
        name = name[1:].lstrip(_PUNCTUATION.replace("_", ""))
    # File systems allow 255 bytes per name; an id is appended where two students share a name.
    name = name[: MAX_NAME - 28].encode()[:140].decode(errors="ignore").rstrip(" .")
    return name + "_" if PurePath(name).suffix.lower() in FILE_ENDINGS else name


def resembles(name: str, exercise: str) -> bool:
    """Whether a name is the exercise's except for case, separators and copy marks: ``Tensor-Ops (1)``."""
    path = PurePath(name)
    stem = path.name if path.suffix.lower() not in FILE_ENDINGS else path.stem
    stem = _COPY_OF.sub("", _COPY_MARK.sub("", stem.strip().casefold()))
    return re.sub(r"[\s_-]+", "_", stem) == exercise.casefold()


def _is_allowed(character: str) -> bool:
    """Whether a name may contain a character; combining marks are allowed, as in a decomposed é."""
    return character.isalnum() or character in _PUNCTUATION or unicodedata.category(character) in ("Mn", "Mc")
