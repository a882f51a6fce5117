"""What each check, and the grader itself, is made of, as digests: a stored outcome holds as long as they are the same.

A check is its own function, and everything in its file that is not another check's function: helpers, constants,
classes with their decorators; and the files that lie beside it. Comments and layout are no part of it, and neither
are points and hints, which decide nothing while a check runs. Every version of Python computes the same digest.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path
from typing import Any, TypeVar

from autograder.course import Exercise, mark_name, parsed
from autograder.syntax import outline

CheckKey = tuple[str, str]
"""A check's question and its name."""

_ROOMS = ("checking", "datasets", "notebook", "sandbox")
"""The parts of this package that decide what a check says of an answer."""

_APART = ("points", "hint")

Node = TypeVar("Node", ast.ClassDef, ast.FunctionDef)


def check_digests(exercise: Exercise) -> dict[CheckKey, str]:
    """Return the digest of each check in an exercise's file of checks."""
    files = exercise.check_files()
    source = files.pop(exercise.checks.name)
    return _digests(source, tuple(sorted(files.items())))


@functools.lru_cache(maxsize=64)
def _digests(source: bytes, beside: tuple[tuple[str, bytes], ...]) -> dict[CheckKey, str]:
    tree = parsed(source.decode())
    called = _names_used(tree)
    own: dict[CheckKey, str] = {}
    others: list[ast.stmt] = []
    for node in tree.body:
        question = _question_of(node)
        if question is None:
            others.append(node)
            continue
        assert isinstance(node, ast.ClassDef)
        rest = []
        for member in node.body:
            if isinstance(member, ast.FunctionDef) and member.name.startswith("test_"):
                own[question, member.name.removeprefix("test_")] = _dump_check(member)
                if member.name not in called:
                    continue
            rest.append(member)  # a check that others call is their helper, too
        others.append(_copy(node, body=rest))
    common = hashlib.sha256(outline(ast.Module(others, [])).encode())
    for name, content in beside:
        common.update(f"{name}\0{len(content)}\0".encode() + content)
    return {key: _digest(common.hexdigest(), *key, text) for key, text in own.items()}


def _names_used(tree: ast.Module) -> set[str]:
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.Name):
            used.add(node.id)
    return used


def _question_of(node: ast.stmt) -> str | None:
    """Return the question that a class of checks belongs to."""
    for mark in node.decorator_list if isinstance(node, ast.ClassDef) else ():
        if isinstance(mark, ast.Call) and mark_name(mark) == "question":
            return str(ast.literal_eval(mark.args[0]))
    return None


def _dump_check(function: ast.FunctionDef) -> str:
    marks = [mark for mark in function.decorator_list if mark_name(mark) not in _APART]
    return outline(_copy(function, decorator_list=marks))


def _copy(node: Node, **changed: Any) -> Node:
    """Return a copy of a node with other fields: the tree itself belongs to all."""
    return type(node)(**{name: getattr(node, name) for name in node._fields} | changed)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def grader_digest() -> str:
    """Return what tells this version of the grader's own code from any other, in eight characters."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in (package / room).rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:8]
