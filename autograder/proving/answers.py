"""Read the collection of right and wrong answers, ``tests/answers/<exercise>/<question>.py``.

Each cell of such a ``py:percent`` file defines the question anew: ``# %% right="loops"`` or
``# %% wrong="stride ignored" caught_by="stride, matches_pytorch"``, where ``caught_by`` names the checks that are
meant for the mistake. A right answer marked ``held_out`` as well (``# %% right="loops" held_out=true``) is left out of
calibration: where checks train, it shows that thresholds hold for an answer that they were not made from.
"""

from __future__ import annotations

from dataclasses import dataclass

from autograder.course import Exercise, Question
from autograder.errors import CourseError, reading
from autograder.notebook.percent import read_percent

# Answers that no author thinks of, and some student hands in: a check must fail on them, not break.
_JUNK = {
    "returns None": "return None",
    "returns a string": "return 'x'",
    "returns 0": "return 0",
    "returns True": "return True",
    "returns a list": "return [1]",
    "returns Nones": "return None, None, None",
    "returns an empty tensor": "import torch\n    return torch.zeros(0)",
    "returns NaN": "import torch\n    return torch.tensor(float('nan'))",
    "returns its input": "return (a + tuple(k.values()))[0]",
    "raises ValueError": "raise ValueError('no')",
    "returns itself": "return {name}",
}


@dataclass(frozen=True)
class Answer:
    """One answer to a question. ``kind`` is ``right``, ``wrong`` or ``junk``."""

    question: str
    kind: str
    label: str
    source: str
    caught_by: tuple[str, ...] = ()
    held_out: bool = False


def read_answers(exercise: Exercise, question: Question) -> list[Answer]:
    """Return the collected answers to a question; raise ``CourseError`` where the collection is not in order."""
    folder = exercise.checks.parents[1] / "answers" / exercise.name
    path = folder / f"{question.name}.py"
    where = f"tests/answers/{exercise.name}/{question.name}.py"
    if not path.is_file():
        raise CourseError(f"{where} is missing: write right and wrong answers to {question.name}.")
    answers = []
    with reading(path, CourseError):
        text = path.read_text("utf-8")
    for cell in read_percent(text).cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        kinds = [kind for kind in ("right", "wrong") if kind in cell.metadata]
        if len(kinds) != 1:
            raise CourseError(f'{where}: a cell is marked neither right="…" nor wrong="…": {cell.source[:60]!r}')
        caught_by = tuple(name.strip() for name in str(cell.metadata.get("caught_by", "")).split(",") if name.strip())
        held_out = cell.metadata.get("held_out") is True
        if kinds[0] == "wrong" and held_out:
            raise CourseError(f"{where}: only right answers can be held_out: {cell.source[:60]!r}")
        answers.append(Answer(question.name, kinds[0], str(cell.metadata[kinds[0]]), cell.source, caught_by, held_out))
    _require_known_checks(answers, question, where)
    return answers


def _require_known_checks(answers: list[Answer], question: Question, where: str) -> None:
    known = {check.name for check in question.checks}
    for answer in answers:
        if answer.kind == "wrong" and not answer.caught_by:
            raise CourseError(f"{where}: the wrong answer {answer.label!r} does not say which check is caught_by.")
        for name in set(answer.caught_by) - known:
            raise CourseError(f"{where}: {answer.label!r} is caught_by {name!r}, which is no check of {question.name}.")


def junk_answers(question: Question) -> list[Answer]:
    """Return answers that make no sense at all, for any question."""
    return [
        Answer(
            question.name,
            "junk",
            label,
            f"def {question.name}(*a, **k):\n    {body}\n".replace("{name}", question.name),
        )
        for label, body in _JUNK.items()
    ]
