"""Read the collection of right and wrong answers, ``tests/answers/<exercise>/<question>.py``.

Each cell of such a ``py:percent`` file is one answer: ``# %% right="loops"`` or
``# %% wrong="stride ignored" caught_by="stride, matches_pytorch"``, where ``caught_by`` names the checks that must
catch the mistake. A right answer marked ``held_out=true`` is left out of calibration: where checks train, it tests
the thresholds on an answer that they were not made from.

An answer that differs by a few lines from one above it is written as that change: ``from="loops"`` names the other
answer, and the cell holds only comments, the lines of a diff::

    # -             optimizer.zero_grad()

    #       model.eval()
    # +     model.requires_grad_(False)

``# - `` marks a line that is removed, ``# + `` one that is added, and ``#`` with three spaces one that stays, to say
where. The rest of the line is code, indented as in the answer; a bare ``#``, ``# -`` or ``# +`` is a blank line.
A blank line in the cell separates one place from the next.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from autograder.course import Exercise, Question
from autograder.course.cells import read_percent
from autograder.errors import CourseError, reading

DEEPEST = 2
"""An answer may be a change of a change, and no deeper: readers lose track of a third one."""

# Answers that no author writes but some student submits: a check must fail on them, not break.
_JUNK = {
    "returns None": "return None",
    "returns a string": "return 'x'",
    "returns 0": "return 0",
    "returns True": "return True",
    "returns a list": "return [1]",
    "returns Nones": "return None, None, None",
    "returns an empty tensor": "import torch\n    return torch.zeros(0)",  # equal to anything, carelessly compared
    "returns NaN": "import torch\n    return torch.tensor(float('nan'))",
    "returns its input": "return (a + tuple(k.values()))[0]",
    "raises ValueError": "raise ValueError('no')",
    "returns itself": "return {name}",  # crosses to the checker as a handle
}


@dataclass(frozen=True)
class Answer:
    """One answer to a question. ``kind`` is ``right``, ``wrong``, ``stub`` or ``junk``.

    ``depth`` is 0 for an answer written in full, 1 for a change of it, 2 for a change of that.
    """

    question: str
    kind: str
    label: str
    source: str
    caught_by: tuple[str, ...] = ()
    held_out: bool = False
    depth: int = 0


def read_answers(exercise: Exercise, question: Question) -> list[Answer]:
    """Return the collected answers to a question; raise ``CourseError`` if the file is missing or malformed."""
    folder = exercise.solution.parents[1] / "tests" / "answers" / exercise.name
    path = folder / f"{question.name}.py"
    where = f"tests/answers/{exercise.name}/{question.name}.py"
    if not path.is_file():
        raise CourseError(f"{where} is missing. Write right and wrong answers to {question.name} there.")
    with reading(path, CourseError):
        text = path.read_text("utf-8")
    answers: list[Answer] = []
    for cell in read_percent(text).cells:
        if cell.cell_type == "code" and cell.source.strip():
            answers.append(_read_answer(cell, question, answers, where))
    _require_known_checks(answers, question, where)
    return answers


def _read_answer(cell: Any, question: Question, above: Sequence[Answer], where: str) -> Answer:
    kinds = [kind for kind in ("right", "wrong") if kind in cell.metadata]
    if len(kinds) != 1:
        raise CourseError(
            f'{where}: mark this cell with either right="…" or wrong="…", and check its quotes: {cell.source[:60]!r}.'
        )
    caught_by = tuple(name.strip() for name in str(cell.metadata.get("caught_by", "")).split(",") if name.strip())
    held_out = cell.metadata.get("held_out") is True
    if kinds[0] == "wrong" and held_out:
        raise CourseError(f"{where}: only right answers can be held_out, not this one: {cell.source[:60]!r}.")
    label = str(cell.metadata[kinds[0]])
    if "from" in cell.metadata:
        base = _base(str(cell.metadata["from"]), label, above, where)
        source, depth = _changed(base, cell.source, f"{where}: {label!r}, from {base.label!r},"), base.depth + 1
    elif is_change(cell.source):
        raise CourseError(f'{where}: {label!r} is written as a change. Name the answer it changes with from="…".')
    else:
        source, depth = cell.source, 0
    return Answer(question.name, kinds[0], label, source, caught_by, held_out, depth)


def _base(name: str, label: str, above: Sequence[Answer], where: str) -> Answer:
    """Find the answer above that ``label`` is a change of."""
    # Only answers above it count, so that changes cannot form a circle.
    found = [answer for answer in above if answer.label == name]
    if not found:
        known = ", ".join(repr(answer.label) for answer in above if answer.depth < DEEPEST) or "nothing"
        raise CourseError(f"{where}: {label!r} is from {name!r}, which is not an answer above it. Those are {known}.")
    if len(found) > 1:
        raise CourseError(f"{where}: {label!r} is from {name!r}, the name of two answers above it. Rename one.")
    if found[0].depth >= DEEPEST:
        raise CourseError(
            f"{where}: {label!r} is from {name!r}, already a change of a change. Start from an answer written in full."
        )
    return found[0]


def _changed(base: Answer, change: str, where: str) -> str:
    """Apply a change to ``base``; return the source, which must parse."""
    source = apply_change(base.source, change, where)
    # A wrong answer that is not Python would fail every check, and prove nothing.
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise CourseError(f"{where} is not valid Python after the change: {error}. Correct the change.") from None
    return source


def _require_known_checks(answers: list[Answer], question: Question, where: str) -> None:
    known = {check.name for check in question.checks}
    for answer in answers:
        if answer.kind == "wrong" and not answer.caught_by:
            raise CourseError(f"{where}: name the check that the wrong answer {answer.label!r} is caught_by.")
        for name in set(answer.caught_by) - known:
            raise CourseError(
                f"{where}: {answer.label!r} is caught_by {name!r}, which is not a check of {question.name}."
            )


def junk_answers(question: Question) -> list[Answer]:
    """Return nonsense answers, the same for every question."""
    name = question.name
    bodies = {label: body.replace("{name}", name) for label, body in _JUNK.items()}
    return [Answer(name, "junk", label, f"def {name}(*a, **k):\n    {body}\n") for label, body in bodies.items()]


# --- Answers written as changes ---------------------------------------------------------------------------------------
_GOES, _COMES, _STAYS = "# - ", "# + ", "#   "


@dataclass(frozen=True)
class _Hunk:
    """One place of a change: the consecutive lines ``old`` become ``new``."""

    old: tuple[str, ...]
    new: tuple[str, ...]


def is_change(cell: str) -> bool:
    """Whether a cell looks like a change: only comments, and at least one removes or adds a line."""
    lines = [line for line in cell.split("\n") if line.strip()]
    return all(line.startswith("#") for line in lines) and any(_marker(line) in (_GOES, _COMES) for line in lines)


def apply_change(base: str, cell: str, where: str) -> str:
    """Return the text ``base`` with the change in ``cell`` applied.

    The old lines of each hunk must occur in the base exactly once. Otherwise the change is ambiguous or out of date:
    raises `CourseError`, with a message that starts with ``where``.
    """
    lines = base.split("\n")
    placed = [(_only_place(hunk, lines, where), hunk) for hunk in _hunks(cell, where)]
    changed: list[str] = []
    done = 0
    for place, hunk in sorted(placed, key=lambda item: item[0]):
        if place < done:  # this hunk begins inside the one before
            raise CourseError(f"{where} changes a line twice. Merge the two hunks:\n{_quoted(hunk.old)}")
        changed += [*lines[done:place], *hunk.new]
        done = place + len(hunk.old)
    return "\n".join([*changed, *lines[done:]])


def _hunks(cell: str, where: str) -> Iterator[_Hunk]:
    for is_blank, group in groupby(cell.split("\n"), key=lambda line: not line.strip()):
        if not is_blank:
            yield _read_hunk(list(group), where)


def _read_hunk(lines: list[str], where: str) -> _Hunk:
    old, new = [], []
    for line in lines:
        marker = _marker(line)
        if marker is None:
            raise CourseError(
                f"{where} has a line that does not start with “# - ” (remove), “# + ” (add) or “#   ” (context):\n"
                f"{_quoted([line])}"
            )
        if marker != _COMES:
            old.append(line[len(marker) :])
        if marker != _GOES:
            new.append(line[len(marker) :])
    if not old:
        raise CourseError(f"{where} does not say where these lines go. Add a context line, “#   …”:\n{_quoted(new)}")
    if old == new:
        raise CourseError(
            f"{where} changes nothing here. Mark lines to remove, “# - …”, or to add, “# + …”:\n{_quoted(old)}"
        )
    return _Hunk(tuple(old), tuple(new))


def _marker(line: str) -> str | None:
    """Return the marker of a line. Editors strip trailing spaces, so a marker alone may have lost its last ones."""
    return next((mark for mark in (_GOES, _COMES, _STAYS) if line.startswith(mark) or line == mark.rstrip()), None)


def _only_place(hunk: _Hunk, lines: list[str], where: str) -> int:
    """Return the index of the line at which the old lines of a hunk start."""
    size = len(hunk.old)
    found = [start for start in range(len(lines) - size + 1) if tuple(lines[start : start + size]) == hunk.old]
    if not found:
        raise CourseError(f"{where} changes lines that do not occur with this indentation:\n{_quoted(hunk.old)}")
    if len(found) > 1:
        raise CourseError(
            f"{where} changes lines that occur {len(found)} times. Add a line of context, “#   …”, above or below:\n"
            f"{_quoted(hunk.old)}"
        )
    return found[0]


def _quoted(lines: tuple[str, ...] | list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
