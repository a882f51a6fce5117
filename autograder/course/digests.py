"""Syntax trees as text for digests, the same in every Python: `ast.dump` and `ast.unparse` change with its version.

What each check is made of, as a digest: a stored outcome holds as long as it is the same.

A check is its own function; everything in its file that is not another check; the modules that this file imports; and
the data beside it. Comments and layout are no part of it, and neither are points and hints, which decide nothing while
a check runs. Every version of Python computes the same digest.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from typing import Any, TypeVar

from autograder.course.check_files import imports_among, parsed, question_of
from autograder.course.model import CheckFiles, Exercise
from autograder.course.reader import is_check, is_pytestmark, mark_name

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


CheckKey = tuple[str, str]
"""A check's question and its name."""

_APART = ("points", "hint", "hints")

Node = TypeVar("Node", ast.Assign, ast.FunctionDef)


def check_digests(exercise: Exercise) -> dict[CheckKey, str]:
    """Return the digest of each check of an exercise."""
    return _digests(exercise.check_files)


@functools.lru_cache(maxsize=64)
def _digests(files: CheckFiles) -> dict[CheckKey, str]:
    data = hashlib.sha256()
    for name, content in files.files:
        if not name.endswith(".py"):
            data.update(f"{name}\0{len(content)}\0".encode() + content)
    found: dict[CheckKey, str] = {}
    for name in files.tests:
        found |= _digests_in(name, files, data.hexdigest())
    return found


def _digests_in(name: str, files: CheckFiles, data: str) -> dict[CheckKey, str]:
    """Return the digests of the checks in one file."""
    tree = parsed(files.contents[name], name)
    called = _names_used(tree)
    own: dict[CheckKey, str] = {}
    others: list[ast.stmt] = []
    for node in tree.body:
        if is_check(node):
            assert isinstance(node, ast.FunctionDef)
            own[question_of(name), node.name.removeprefix("test_")] = outline(
                _copy(node, decorator_list=[mark for mark in node.decorator_list if mark_name(mark) not in _APART])
            )
            if node.name not in called:
                continue
        others.append(_without_hints(node) if is_pytestmark(node) else node)  # a check that others call helps them
    imported = [_module_digest(files.contents[each], each) for each in imports_among(name, files.contents)]
    common = _digest(data, outline(ast.Module(others, [])), *imported)
    return {key: _digest(common, *key, text) for key, text in own.items()}


@functools.lru_cache(maxsize=512)
def _module_digest(content: bytes, name: str) -> str:
    return _digest(name, outline(parsed(content, name)))


def _without_hints(node: ast.stmt) -> ast.Assign:
    assert isinstance(node, ast.Assign)
    marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return _copy(node, value=ast.List([mark for mark in marks if mark_name(mark) not in _APART]))


def _names_used(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _copy(node: Node, **changed: Any) -> Node:
    """Return a copy of a node with other fields: the tree itself belongs to all."""
    return type(node)(**{name: getattr(node, name) for name in node._fields} | changed)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
