"""Read the hostile submissions, ``tests/attacks/<name>.py``.

The docstring of an attack says in its first sentence what it tries, then what must happen, and ends with fields, each
on a line of its own:

- ``Demo: yes`` if it is part of the demo's class;
- ``Tier: B`` if only isolation stops it: the weakest tier in which it may be run;
- ``File: graded`` or ``File: unreadable``, the expected status, if the attack is in the file rather than its code.

A cell ``# %% question="conv2d"`` is submitted as the answer to that question and earns nothing; a cell
``# %% place="first"`` is submitted as a cell before the first question. ``outcome="timed_out"`` (or several, separated
by spaces) is the expected outcome of every check of the question, or of the cell. An attack with ``File:`` instead has
a function ``hand_in(notebook)``, which turns the honest notebook at that path into the attack.
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
    """A hostile submission. ``answers`` maps questions to sources, ``first`` is the source of a cell before them.

    ``outcomes`` maps each attacked question to the outcomes that its checks may have, and ``""`` to those of the cell.
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
    """Return the attacks that may be run in this tier, sorted by name; others would succeed or do harm."""
    paths = (path for path in sorted(FOLDER.glob("*.py")) if not path.name.startswith(("_", "test_", "conftest")))
    return [attack for attack in map(read_attack, paths) if tier <= attack.tier]


def read_attack(path: Path) -> Attack:
    """Read one attack; raise ``ValueError`` if its docstring or its cells are incomplete."""
    import jupytext

    text = path.read_text("utf-8")
    about = ast.get_docstring(ast.parse(text)) or ""
    tries = " ".join(about.partition("\n\n")[0].split())
    if not tries.endswith(".") or "Must happen: " not in about:
        raise ValueError(f"{path.name}: say in the docstring what the attack tries and what must happen.")
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
        raise ValueError(f"{path.name}: mark a cell with question=… or place=…, or add a File: field.")
    return Attack(**{**vars(attack), "answers": answers, "first": first, "outcomes": outcomes})
