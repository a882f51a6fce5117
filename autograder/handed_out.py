"""What students of an exercise are given beside the questions, read from its solution's text.

Jupytext reads the same; its import would cost every run of the grader half a second. Tests hold the two together.
"""

from __future__ import annotations

import functools
import hashlib
import re

from autograder.course import Exercise
from autograder.notebook.cells import ILLUSTRATION, Cell

_HEADER = re.compile(r"^# %%(.*)\n", re.MULTILINE)
_QUESTION = re.compile(r'question="([^"]+)"')


@functools.lru_cache(maxsize=64)
def locked_cells(exercise: Exercise) -> tuple[Cell, ...]:
    """Return the locked code of an exercise and, without source, its questions, with their ids, in order."""
    _, *parts = _HEADER.split(exercise.source)
    section, number, found = "intro", 0, []
    for header, body in zip(parts[::2], parts[1::2], strict=True):
        question = _QUESTION.search(header)
        if question:
            section, number = question[1], 0
            found.append(Cell(section, ""))
        elif "[markdown]" not in header and f'"{ILLUSTRATION}"' not in header:
            number += 1
            found.append(Cell(f"{section}-code-{number}", body.strip("\n")))
    return tuple(found)


@functools.lru_cache(maxsize=64)
def illustrations_of(exercise: Exercise) -> frozenset[str]:
    """Return the sources of a solution's cells that only illustrate: in a module, comments below a tagged ``# %%``."""
    _, *parts = _HEADER.split(exercise.source)
    tagged = (body for header, body in zip(parts[::2], parts[1::2], strict=True) if f'"{ILLUSTRATION}"' in header)
    return frozenset(re.sub(r"^# ?", "", body, flags=re.MULTILINE).strip() for body in tagged)


def interface_of(exercise: Exercise) -> str:
    """Return a digest of what answers and checks rely on: the names of the questions, in order, and the locked code.

    Submissions made from releases with the same interface can be graded by the same checks.
    """
    digest = hashlib.sha256()
    for cell in locked_cells(exercise):
        digest.update(f"{cell.id}\0{len(cell.source)}\0{cell.source}\0".encode())
    return digest.hexdigest()
