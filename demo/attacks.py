"""Read the hostile submissions, ``tests/attacks/<name>.py``.

Each is a ``py:percent`` module. Its docstring says in the first line what the attack tries, and then what must
happen; where only a sandbox of tier A can stop it, it says so. A cell ``# %% question="conv2d"`` is handed in as the
answer to that question, a cell ``# %% place="first"`` as a cell before the first question.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "attacks"
_NEEDS_WALLS = "Only tier A"


@dataclass(frozen=True)
class Attack:
    """A hostile submission. ``answers`` are sources by question, ``first`` is the source of a cell before them."""

    name: str
    tries: str
    needs_walls: bool
    answers: dict[str, str]
    first: str


def read_attacks(*, tier: str = "A") -> list[Attack]:
    """Return all attacks, by name; below tier A without those that would do harm, or succeed, there."""
    attacks = [read_attack(path) for path in sorted(FOLDER.glob("*.py")) if not path.name.startswith(("_", "test_"))]
    return [attack for attack in attacks if tier == "A" or not attack.needs_walls]


def read_attack(path: Path) -> Attack:
    """Read one attack; raise ``ValueError`` where it does not say what it is."""
    import jupytext

    text = path.read_text("utf-8")
    about = ast.get_docstring(ast.parse(text)) or ""
    tries = " ".join(about.partition("\n\n")[0].split())
    if not tries.endswith(".") or "Must happen: " not in about:
        raise ValueError(f"{path.name}: the docstring must say what the attack tries and what must happen")
    answers, first = {}, ""
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        if "question" in cell.metadata:
            answers[cell.metadata["question"]] = cell.source
        elif cell.metadata.get("place") == "first":
            first = cell.source
    if not answers and not first:
        raise ValueError(f"{path.name}: no cell is marked question=… or place=…")
    return Attack(path.stem, tries, _NEEDS_WALLS in about, answers, first)
