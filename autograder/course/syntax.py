"""Syntax trees as text for digests, the same in every Python: `ast.dump` and `ast.unparse` change with its version."""

from __future__ import annotations

import ast
from typing import Any

_LEFT_OUT = {"ctx", "kind", "type_comment"}
"""Fields that follow from where a node stands, or that mean nothing when it runs."""


def outline(node: Any) -> str:
    """Return a tree as text, without places, comments and layout.

    Empty fields are left out: that is how a field that a later Python adds looks in the code of today.
    """
    if isinstance(node, ast.Constant):
        return f"Constant({node.value!a})"  # which characters `repr` escapes depends on the version, too
    if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some with an empty piece
        node = ast.JoinedStr([piece for piece in node.values if not _is_empty_text(piece)])
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _LEFT_OUT]
        inside = ", ".join(f"{name}={outline(value)}" for name, value in fields if not _is_empty(value))
        return f"{type(node).__name__}({inside})"
    if isinstance(node, list):
        return f"[{', '.join(map(outline, node))}]"
    return ascii(node)


def _is_empty(value: Any) -> bool:
    """Whether a field holds nothing. ``case False:`` does hold something, though it equals 0."""
    return value is None or value == [] or (type(value) is int and value == 0)


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""
