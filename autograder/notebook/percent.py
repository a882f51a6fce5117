"""Read ``py:percent`` modules with Jupytext."""

from __future__ import annotations

from typing import Any

from autograder import light_imports


def read_percent(text: str) -> Any:
    """Return a module as a notebook; raise whatever Jupytext raises on odd input."""
    return light_imports.jupytext().reads(text, fmt="py:percent")
