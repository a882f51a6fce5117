"""Find the statements that a name depends on, and their digest: a record is stale once that digest changes."""

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
    """One statement of a module: the names that it binds, and the names and attributes that it refers to."""

    text: str
    binds: frozenset[str]
    needs: frozenset[str]


def statements(source: str) -> list[Statement]:
    """Return the statements of a module without comments, docstrings and layout; an import of n names as n statements.

    Source that is not valid Python is one statement, on which everything depends.
    """
    try:
        body = _undocumented(ast.parse(source)).body
    except (SyntaxError, ValueError):
        return [Statement(source, frozenset(), frozenset())]
    return [Statement(_text(node), _binds(node), _needs(node)) for whole in body for node in _parts(whole)]


def program(files: CheckFiles, name: str) -> list[Statement]:
    """Return the statements of a check file and of all modules that it imports, as if they were one module."""
    code: list[Statement] = []
    for module in (*imports_among(name, files.contents), name):
        code += statements(files.contents[module].decode())
    return code


def reachable(code: Iterable[Statement], roots: Iterable[str]) -> list[Statement]:
    """Return the statements that the names ``roots`` depend on, directly or indirectly.

    A statement that binds no name (``torch.manual_seed(0)``) may affect every other one, so it is always included.
    """
    code, wanted = list(code), set(roots)
    while True:
        found = [statement for statement in code if statement.binds & wanted or not statement.binds]
        more = set().union(*(statement.needs for statement in found)) - wanted
        if not more:
            return found
        wanted |= more


def digest(code: Iterable[Statement]) -> str:
    """Return the first digits of the SHA-256 of these statements; their order and their files do not matter."""
    return short_digest("\n".join(sorted({statement.text for statement in code})))


def short_digest(text: str) -> str:
    """Return the first digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def _undocumented(tree: ast.Module) -> ast.Module:
    """Replace docstrings by ``pass``, in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body[0] = ast.Pass()
    return tree


def _parts(node: ast.stmt) -> list[ast.stmt]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return []  # a string that documents a constant
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return []  # another check file; `program` adds its statements
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return [node]


def _text(node: ast.stmt) -> str:
    """Return a statement as text, without comments and layout."""
    # `ast.unparse` is easier to read, but writes f-strings differently from version to version.
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
