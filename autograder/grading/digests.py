"""What each check, and the grader itself, is made of, as digests: a stored outcome holds as long as they are the same.

A check is its own function, and everything in its file that is not another check's function: helpers, constants,
classes with their decorators; and the files that lie beside it. Comments and layout are no part of it, and neither
are points and hints, which decide nothing while a check runs.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Exercise

CheckKey = tuple[str, str]
"""A check's question and its name."""

_ROOMS = ("checking", "datasets", "notebook", "sandbox")
"""The parts of this package that decide what a check says of an answer."""

_APART = ("pytest.mark.points", "pytest.mark.hint")


def check_digests(exercise: Exercise) -> dict[CheckKey, str]:
    """Return the digest of each check in an exercise's file of checks."""
    files = exercise.check_files()
    source = files.pop(exercise.checks.name)
    return _digests(source, tuple(sorted(files.items())))


@functools.lru_cache(maxsize=64)
def _digests(source: bytes, beside: tuple[tuple[str, bytes], ...]) -> dict[CheckKey, str]:
    tree = ast.parse(source)
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    own: dict[CheckKey, str] = {}
    for question, group in _groups(tree):
        for function in [node for node in group.body if _is_check(node)]:
            assert isinstance(function, ast.FunctionDef)
            own[question, function.name.removeprefix("test_")] = _dump_check(function)
            if function.name not in called:  # one that others call is their helper, too
                group.body.remove(function)
    common = hashlib.sha256(ast.dump(tree).encode())
    for name, content in beside:
        common.update(f"{name}\0{len(content)}\0".encode() + content)
    return {key: _digest(common.hexdigest(), *key, text) for key, text in own.items()}


def _groups(tree: ast.Module) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield the classes of checks with their question."""
    for node in tree.body:
        for mark in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.question":
                assert isinstance(node, ast.ClassDef)
                yield ast.literal_eval(mark.args[0]), node


def _is_check(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


def _dump_check(function: ast.FunctionDef) -> str:
    marks = [m for m in function.decorator_list if ast.unparse(m).partition("(")[0] not in _APART]
    fields = {name: getattr(function, name) for name in function._fields}
    return ast.dump(ast.FunctionDef(**{**fields, "decorator_list": marks}))


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
