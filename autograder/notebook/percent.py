"""Read ``py:percent`` modules with Jupytext."""

from __future__ import annotations

import sys
from typing import Any


def read_percent(text: str) -> Any:
    """Return a module as a notebook; raise whatever Jupytext raises on odd input."""
    return _jupytext().reads(text, fmt="py:percent")


def _jupytext() -> Any:
    """Import Jupytext without what takes most of its import: a grammar for checking URLs, 1.4 s, used by nothing here.

    jsonschema, which nbformat needs, treats that package as optional.
    """
    name = "rfc3987_syntax"
    if "jupytext" in sys.modules or name in sys.modules:
        import jupytext

        return jupytext
    sys.modules[name] = None  # type: ignore[assignment] # Python's own way to say: not to be imported
    try:
        import jupytext

        return jupytext
    finally:
        del sys.modules[name]
