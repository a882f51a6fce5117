"""What a piece of code depends on, and a digest of it: so that a record tells when it no longer describes the code."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.course.check_files import imports_among
from autograder.course.digests import outline
from autograder.course.model import CheckFiles

DIGITS = 16


@dataclass(frozen=True)
class Statement:
    """One statement of a module: what it binds and what it refers to, names and attributes alike."""

    text: str
    binds: frozenset[str]
    needs: frozenset[str]


def statements(source: str) -> list[Statement]:
    """Return the statements of a module; an import of several names as several. Comments, docstrings, layout are lost.

    Source that is no Python is one statement, which everything depends on.
    """
    try:
        body = _undocumented(ast.parse(source)).body
    except (SyntaxError, ValueError):
        return [Statement(source, frozenset(), frozenset())]
    return [Statement(_text(node), _binds(node), _needs(node)) for whole in body for node in _parts(whole)]


def program(files: CheckFiles, name: str) -> list[Statement]:
    """Return the statements of a file of checks and of all that it imports, as if they stood in one module."""
    code: list[Statement] = []
    for each in (*imports_among(name, files.contents), name):
        code += statements(files.contents[each].decode())
    return code


def reachable(code: Iterable[Statement], roots: Iterable[str]) -> list[Statement]:
    """Return the statements that the names ``roots`` depend on, however indirectly.

    A statement that binds nothing (``torch.manual_seed(0)``) may matter to all, but for a docstring.
    """
    code, wanted = list(code), set(roots)
    while True:
        found = [statement for statement in code if statement.binds & wanted or not statement.binds]
        more = set().union(*(statement.needs for statement in found)) - wanted
        if not more:
            return found
        wanted |= more


def digest(code: Iterable[Statement]) -> str:
    """Return the first digits of the SHA-256 of these statements, whatever their order and the files they stand in."""
    return short_digest("\n".join(sorted({statement.text for statement in code})))


def short_digest(text: str) -> str:
    """Return the first digits of a text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def _undocumented(tree: ast.Module) -> ast.Module:
    """Take out docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body[0] = ast.Pass()
    return tree


def _parts(node: ast.stmt) -> list[ast.stmt]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return []  # a text that explains a constant
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return []  # another file of the checks, whose own statements count
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return [node]


def _text(node: ast.stmt) -> str:
    """Return a statement without comments and layout; versions of Python write f-strings differently."""
    formatted = any(isinstance(part, ast.JoinedStr) for part in ast.walk(node))
    return outline(node) if formatted else ast.unparse(node)


def _binds(node: ast.stmt) -> frozenset[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({node.name})
    if isinstance(node, ast.Import | ast.ImportFrom):
        return frozenset(alias.asname or alias.name.split(".")[0] for alias in node.names)
    return frozenset(
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    )


def _needs(node: ast.stmt) -> frozenset[str]:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return frozenset(names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)})
