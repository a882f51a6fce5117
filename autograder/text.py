"""Text that others wrote, made fit to be shown: in a terminal, in a table, in a message."""

from __future__ import annotations

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
