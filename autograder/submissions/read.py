"""Read the code cells of a submission: a notebook, or a module with or without cell marks.

The file is a student's, so it is parsed as data, within bounds, and never run here. A module without marks is cut into
paragraphs, which fail one by one like cells: otherwise one line that cannot work here, such as
``drive.mount("/content/drive")``, would take every definition below it along. Such modules come from
``jupyter nbconvert --to script``, from Colab's *Download .py*, from Jupytext's light format and from editors.

https://nbconvert.readthedocs.io/en/latest/usage.html#executable-script
https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-light-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.course.cells import FIGURE, ILLUSTRATION, Cell, figure_digest, read_percent
from autograder.submissions.decode import Unreadable, parse_json, read_text, refuse_other_files

MAX_CODE = 2**20
"""The most characters of code per submission."""
MAX_CELLS = 2000

_PERCENT = re.compile(r"^[ \t]*#[ \t]*%%", re.MULTILINE)
"""The cell mark of Jupytext's percent format, which Spyder, VS Code and PyCharm write as well.

https://jupytext.readthedocs.io/en/latest/formats-scripts.html
"""


@dataclass(frozen=True)
class Document:
    """The code cells of a submission, in order, and the release that its metadata name (empty if they name none)."""

    cells: tuple[Cell, ...]
    release: str = ""
    python: tuple[int, int] | None = None
    """The Python that ran the notebook last, if its metadata name one."""
    texts: tuple[tuple[int, Cell], ...] = ()
    """The markdown and raw cells, each with the number of code cells above it."""
    retyped: tuple[str, ...] = ()
    """The ids of the code cells that a student had turned into markdown or raw."""


def read_cells(path: Path) -> tuple[Cell, ...]:
    """Return the code cells of a notebook or a module, in order; see `read_document`."""
    return read_document(path).cells


def read_document(path: Path) -> Document:
    """Read a notebook (``.ipynb``) or a module (``.py``).

    Notebooks may have format 3 or 4; ids, metadata and outputs may be missing or malformed.
    https://nbformat.readthedocs.io/en/latest/format_description.html ("any metadata field may also be ignored")
    A module is cut at its ``# %%`` marks or, if it has none, into paragraphs.
    Raises `Unreadable` for anything else: a folder, an empty or very large file, HTML, broken JSON.
    """
    text = read_text(path)
    refuse_other_files(text, path.name)
    # A notebook that was renamed to .py is still read as one: no module begins with a brace.
    is_module = path.suffix.lower() == ".py" and not text.lstrip().startswith("{")
    document = Document(cells_of_module(text)) if is_module else _from_notebook(text)
    _bound(len(document.cells), sum(len(cell.source) for cell in document.cells))
    return document


def _bound(cells: int, characters: int) -> None:
    """Raise `Unreadable` for more code than anybody writes: it would only keep the grader busy."""
    if cells > MAX_CELLS or characters > MAX_CODE:
        raise Unreadable(
            f"The file has {cells} code cells with {characters} characters; at most {MAX_CELLS} cells with {MAX_CODE} "
            "characters are read. Remove everything but your answers, above all data, and hand it in again."
        )


def _from_notebook(text: str) -> Document:
    document = parse_json(text)
    cells: list[Cell] = []
    texts, retyped = [], []
    for raw in _raw_cells(document):
        cell, is_code = _read_cell(raw), raw.get("cell_type") == "code"
        if not is_code and _was_code(raw):
            retyped.append(cell.id)
            is_code = True
        if is_code:
            cells.append(cell)
        else:
            texts.append((len(cells), cell))
    return Document(tuple(_number(cells)), _release(document), _python(document), tuple(texts), tuple(retyped))


def _metadata(document: Any, name: str) -> dict[str, Any]:
    """Return one dictionary of a notebook's metadata; empty if there is none."""
    metadata = document.get("metadata")
    own = metadata.get(name) if isinstance(metadata, dict) else None
    return own if isinstance(own, dict) else {}


def _release(document: Any) -> str:
    """Return the release that a notebook's metadata name; empty if they name none."""
    return _clean_id(_metadata(document, "autograder").get("release"))


def _python(document: Any) -> tuple[int, int] | None:
    """Return the Python that ran a notebook last, such as (3, 14), if its metadata name one."""
    version = _metadata(document, "language_info").get("version")
    found = re.match(r"3\.(\d{1,2})(?:\.|$)", version, re.ASCII) if isinstance(version, str) else None
    return (3, int(found[1])) if found else None


def _raw_cells(document: Any) -> list[dict[str, Any]]:
    content = document if isinstance(document, dict) else {}
    cells = content.get("cells")
    if cells is None and isinstance(content.get("worksheets"), list):  # notebook format 3
        sheets = [sheet.get("cells") for sheet in content["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise Unreadable("The file is JSON but not a notebook: it has no cells. Hand in the .ipynb file.")
    return [cell for cell in cells if isinstance(cell, dict)]


def _was_code(cell: dict[str, Any]) -> bool:
    """Whether a markdown or raw cell was handed out as code, by nbgrader's metadata, which survive the change.

    nbgrader turns such a cell back into code before it grades.
    """
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return isinstance(nbgrader, dict) and nbgrader.get("cell_type") == "code"


def _read_cell(cell: dict[str, Any]) -> Cell:
    source = cell.get("source", cell.get("input", ""))  # notebook format 3 calls it input
    if isinstance(source, list):  # of lines, as Jupyter writes it
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    tags, own = metadata.get("tags"), metadata.get("autograder")
    source = _with_plain_newlines(source) if isinstance(source, str) else ""
    return Cell(
        id=_clean_id(grade_id) or _clean_id(cell.get("id")),
        source=source,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        unchanged=isinstance(own, dict) and own.get(FIGURE) == figure_digest(source),
    )


def _with_plain_newlines(text: str) -> str:
    """Return text with Unix line ends, so that it can be compared with the course's own cells."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _clean_id(value: Any) -> str:
    """Return an id that is short and safe to show, for instance as a file name in a traceback."""
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value[:64] if c.isalnum() or c in "-_.")


def cells_of_module(text: str) -> tuple[Cell, ...]:
    """Return the code cells of a module's text, cut as `read_document` does."""
    text = _with_plain_newlines(text)
    marks = len(_PERCENT.findall(text))
    _bound(marks, len(text))  # before Jupytext parses them
    if not marks:
        parts = paragraphs(text)
        # More paragraphs than a submission may have cells run as one: the student never chose to have so many.
        return tuple(_number([Cell("", part) for part in (parts if len(parts) <= MAX_CELLS else [text])]))
    try:
        # A mark before everything keeps Jupytext from parsing a YAML header, in which ten lines can expand to a
        # gigabyte.
        notebook = read_percent(f"# %%\n{_with_code_marked(text)}")
    except ModuleNotFoundError:  # Jupytext itself is missing, which is not the student's fault
        raise
    except Exception as error:  # noqa: BLE001 - Jupytext raises many kinds on malformed input
        raise Unreadable(
            f"The module cannot be split into cells ({type(error).__name__}). Hand in the notebook instead."
        ) from None
    cells = [
        Cell(
            _clean_id(cell.metadata.get("question")),
            cell.source,
            tags := tuple(tag for tag in cell.metadata.get("tags", []) if isinstance(tag, str)),
            commented=ILLUSTRATION in tags,  # `_with_code_marked` left the tag only where nothing would run
        )
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and (place or cell.source)  # the mark added above may begin an empty cell
    ]
    return tuple(_number(cells))


_SECTION = re.compile(r"^([ \t]*#[ \t]*%%[^\n]*)\n", re.MULTILINE)
_NOT_CODE = re.compile(r"\[(?:markdown|md|raw)\]|\b" + re.escape(ILLUSTRATION) + r"\b")
_ONLY_TEXT = re.compile(
    r"""
    (?:\s|\#[^\n]*)*+
    (?:[rRuU]?(?:\"\"\"(?:[^"\\]|\\.|"(?!""))*+(?:\"\"\"|\Z)|\'\'\'(?:[^'\\]|\\.|'(?!''))*+(?:\'\'\'|\Z)))?+
    (?:\s|\#[^\n]*)*+\Z
    """,
    re.VERBOSE | re.DOTALL,
)
"""Comments, around at most one string: the two ways to write text in a module."""


def _with_code_marked(text: str) -> str:
    """Return a module in which code below a mark for text, or for a figure, is below an ordinary mark.

    Python runs it, and so does VS Code; Jupytext would take it for text.
    """
    first, *parts = _SECTION.split(text)
    pieces = [first]
    for header, body in zip(parts[::2], parts[1::2], strict=True):
        runs = _NOT_CODE.search(header) and not _ONLY_TEXT.match(body)
        pieces += ["# %%" if runs else header, "\n", body]
    return "".join(pieces)


def _number(cells: list[Cell]) -> list[Cell]:
    """Give every cell a unique id: its position if it has none, a suffix if it is a copy."""
    seen: dict[str, int] = {}
    named = []
    for place, cell in enumerate(cells, 1):
        name = cell.id or f"cell-{place}"
        seen[name] = seen.get(name, 0) + 1
        # `~` is in no id (`_clean_id`), so a suffix cannot make another cell's.
        named.append(replace(cell, id=name if seen[name] == 1 else f"{name}~{seen[name]}"))
    return named


# --- Modules without marks ----------------------------------------------------------------------------------------
#
# Three readers that exist already cannot be used on students' files: Jupytext's for the light format separates `else:`
# from its `if` at a blank line, Python's tokenizer can be kept busy for hours, and its parser can be crashed.

# Possessive quantifiers (*+) never backtrack, so the time is linear whatever a student wrote.
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
"""The tokens that decide where a statement ends: strings, comments, IPython commands, brackets, line ends."""

_GOES_ON = re.compile(r"(?:else|elif|except|finally)\b|[)\]}]")  # begins a line at the left that is no statement


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a module: top-level statements, cut where a blank line stands between two of them."""
    lines = text.split("\n")
    cuts = sorted({first for first in _beginnings(lines, text) if first and not lines[first - 1].strip()})
    pieces = ["\n".join(lines[a:b]).strip("\n") for a, b in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
    return [piece for piece in pieces if piece.strip()]


def statements(text: str) -> list[tuple[int, str]]:
    """Return the top-level statements of a cell, each with the number of lines above it."""
    lines = text.split("\n")
    cuts = sorted({0, *_beginnings(lines, text)})
    pieces = [(a, "\n".join(lines[a:b]).rstrip()) for a, b in zip(cuts, [*cuts[1:], len(lines)], strict=True)]
    return [(first, piece) for first, piece in pieces if piece.strip()]


def _beginnings(lines: list[str], text: str) -> Iterator[int]:
    """Yield the lines (from 0) on which a top-level statement begins, or the comment directly above it."""
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
    """Yield the lines (from 0) that do not continue a bracket, a string or a backslash of the line above."""
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
            depth = max(depth - 1, 0)  # a bracket too many is a mistake of its own line, not of all below
        elif piece[0] in "!%?":  # inside brackets this is an operator, not a command up to the end of the line
            at = found.end() if not depth else found.start() + 1
        elif piece[0] in "adc" and depth:
            depth = 0  # async, def and class never occur inside brackets: one was left open above
            yield number
