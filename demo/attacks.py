"""Read the hostile submissions, ``tests/attacks/<name>.py``.

The docstring of each says in its first sentence what the attack tries, then what must happen, and last, each on a
line of its own:

- ``Demo: yes`` where it belongs to the class of the demo;
- ``Tier: B`` where only walls stop it: the weakest tier in which it may be run;
- ``File: graded`` or ``File: unreadable`` where the attack is in the file, not in its code: what must become of it.

A cell ``# %% question="conv2d"`` is handed in as the answer to that question, and earns nothing; a cell
``# %% place="first"`` is handed in as a cell before the first question. ``outcome="timed_out"`` (or several, with
spaces between) beside it is what must become of each check of the question, or of the cell. An attack with ``File:``
has a function ``hand_in(notebook)`` instead, which does to the path of an honest notebook what the attack does.
"""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "attacks"
_FIELD = re.compile(r"^(Demo|Tier|File): (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Attack:
    """A hostile submission. ``answers`` are sources by question, ``first`` is the source of a cell before them.

    ``outcomes`` are those that each attacked question may have, and under ``""`` those of the cell.
    """

    name: str
    tries: str
    tier: str = "D"
    in_demo: bool = False
    file: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    first: str = ""
    outcomes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hand_in: Callable[[Path], None] | None = None


def read_attacks(*, tier: str = "A") -> list[Attack]:
    """Return all attacks, by name; without those that would do harm, or succeed, in so weak a tier."""
    paths = (path for path in sorted(FOLDER.glob("*.py")) if not path.name.startswith(("_", "test_", "conftest")))
    return [attack for attack in map(read_attack, paths) if tier <= attack.tier]


def read_attack(path: Path) -> Attack:
    """Read one attack; raise ``ValueError`` where it does not say what it is."""
    import jupytext

    text = path.read_text("utf-8")
    about = ast.get_docstring(ast.parse(text)) or ""
    tries = " ".join(about.partition("\n\n")[0].split())
    if not tries.endswith(".") or "Must happen: " not in about:
        raise ValueError(f"{path.name}: the docstring must say what the attack tries and what must happen")
    fields = dict(_FIELD.findall(about))
    attack = Attack(path.stem, tries, fields.get("Tier", "D"), "Demo" in fields, fields.get("File", ""))
    if attack.file:
        return Attack(**{**vars(attack), "hand_in": runpy.run_path(str(path))["hand_in"]})
    answers, first, outcomes = {}, "", {}
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        question = cell.metadata.get("question", "")
        if question:
            answers[question] = cell.source
        elif cell.metadata.get("place") == "first":
            first = cell.source
        if "outcome" in cell.metadata:
            outcomes[question] = tuple(cell.metadata["outcome"].split())
    if not answers and not first:
        raise ValueError(f"{path.name}: no cell is marked question=… or place=…, and there is no File: field")
    return Attack(**{**vars(attack), "answers": answers, "first": first, "outcomes": outcomes})
