"""Cut a module without cell marks into pieces that can fail one by one, as the cells of a notebook do.

Such modules come from ``jupyter nbconvert --to script`` (``# In[3]:`` above each cell), from Colab's *Download .py*,
from Jupytext's light format and from editors. Run as one piece, a single line that cannot work here, such as
``drive.mount("/content/drive")``, would take every definition below it along.

https://nbconvert.readthedocs.io/en/latest/usage.html#executable-script
https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-light-format

Jupytext's own reader of the light format is not used: it cuts ``else:`` off after a blank line. Python's tokenizer and
parser are not used either: what a student wrote could keep the one busy for hours and crash the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PIECE = re.compile(
    r"""
      \"\"\"(?:[^"\\]|\\.|"(?!""))*+(?:\"\"\"|\Z)
    | \'\'\'(?:[^'\\]|\\.|'(?!''))*+(?:\'\'\'|\Z)
    | "(?:[^"\\\n]|\\.)*+"?
    | '(?:[^'\\\n]|\\.)*+'?
    | \#[^\n]*
    | ^[!%?][^\n]*
    | ^(?:async\s|def\s|class\s)
    | [([{] | [])}] | \\\n | \n
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
"""What decides where a statement ends: strings, comments, IPython's commands, brackets, line ends."""

_GOES_ON = re.compile(r"(?:else|elif|except|finally)\b|[)\]}]")


def paragraphs(text: str) -> list[str]:
    """Return the pieces of a module in order: statements at its top level with blank lines between them."""
    lines = text.split("\n")
    cuts = sorted({first for first in _beginnings(lines, text) if first and not lines[first - 1].strip()})
    pieces = ["\n".join(lines[a:b]).strip("\n") for a, b in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
    return [piece for piece in pieces if piece.strip()]


def _beginnings(lines: list[str], text: str) -> Iterator[int]:
    """Yield the lines, counted from 0, on which a statement of the top level begins, its comments included."""
    comments: int | None = None
    decorated = False
    for number in _logical_lines(text):
        line = lines[number]
        if line.startswith("#"):
            comments = number if comments is None else comments
        elif not line.strip():
            comments = None if not decorated else comments
        elif line[0].isspace() or _GOES_ON.match(line):
            comments, decorated = None, False
        else:
            if not decorated:
                yield number if comments is None else comments
            comments, decorated = None, line.startswith("@")


def _logical_lines(text: str) -> Iterator[int]:
    """Yield the lines, counted from 0, that do not go on with a bracket, a string or a backslash of the line above."""
    yield 0
    number, depth, at = 0, 0, 0
    while found := _PIECE.search(text, at):
        piece, at = found[0], found.end()
        number += piece.count("\n")
        if piece == "\n":
            if not depth:
                yield number
        elif piece in "([{":
            depth += 1
        elif piece in ")]}":
            depth = max(depth - 1, 0)
        elif piece[0] in "!%?":
            at = found.end() if not depth else found.start() + 1
        elif piece[0] in "adc" and depth:
            depth = 0  # these words never stand within brackets: one was left open above
            yield number
