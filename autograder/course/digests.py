"""Digests of code: of each check, and of the statements that a name depends on.

A stored outcome can be reused as long as its check has the same digest, and a calibration record is stale once the
digest of what it measured changes. The digest of a check covers its own function, everything in its file that is not
another check, the modules that this file imports, and the data beside it. It leaves out comments and layout, and points
and hints, which decide nothing while a check runs. Every version of Python computes the same digests, so syntax trees
are written by `outline`: the output of `ast.dump` and `ast.unparse` changes between versions.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from autograder.course.check_files import imports_among, parsed, question_of
from autograder.course.reader import is_check, is_pytestmark, mark_name
from autograder.course.structure import CheckFiles, Exercise

_LEFT_OUT = {"ctx", "kind", "type_comment"}
"""Fields of a node that follow from its place, or that mean nothing when the code runs."""


def outline(node: Any) -> str:
    """Return a syntax tree as text, without positions, comments and layout."""
    if isinstance(node, ast.Constant):
        return f"Constant({node.value!a})"  # ASCII: the characters that `repr` escapes depend on the version
    if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some f-strings with an empty piece
        node = ast.JoinedStr([piece for piece in node.values if not _is_empty_text(piece)])
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _LEFT_OUT]
        # Without empty fields: a field that a later Python adds is empty for the code of today (type_params in 3.12).
        inside = ", ".join(f"{name}={outline(value)}" for name, value in fields if not _is_empty(value))
        return f"{type(node).__name__}({inside})"
    if isinstance(node, list):
        return f"[{', '.join(map(outline, node))}]"
    return ascii(node)


def _is_empty(value: Any) -> bool:
    """Whether a field is empty. The value of ``case False:`` is not, although ``False == 0``."""
    return value is None or value == [] or (type(value) is int and value == 0)


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


CheckKey = tuple[str, str]
"""A check's question and its name."""

_IGNORED_MARKS = ("points", "hint", "hints")  # a reused outcome takes these from the check as it is now

Node = TypeVar("Node", ast.Assign, ast.FunctionDef)


def check_digests(exercise: Exercise) -> dict[CheckKey, str]:
    """Return the digest of each check of an exercise."""
    return _digests(exercise.check_files)


@functools.lru_cache(maxsize=64)
def _digests(files: CheckFiles) -> dict[CheckKey, str]:
    # Data count for every check of the exercise: which check loads which file cannot be read from its syntax.
    data = hashlib.sha256()
    for name, content in files.files:
        if not name.endswith(".py"):
            data.update(f"{name}\0{len(content)}\0".encode() + content)
    found: dict[CheckKey, str] = {}
    for name in files.tests:
        found |= _digests_in(name, files, data.hexdigest())
    return found


def _digests_in(name: str, files: CheckFiles, data: str) -> dict[CheckKey, str]:
    tree = parsed(files.contents[name], name)
    used = _names_used(tree)
    own: dict[CheckKey, str] = {}
    others: list[ast.stmt] = []
    for node in tree.body:
        if is_check(node):
            assert isinstance(node, ast.FunctionDef)
            marks = [mark for mark in node.decorator_list if mark_name(mark) not in _IGNORED_MARKS]
            own[question_of(name), node.name.removeprefix("test_")] = outline(_copy(node, decorator_list=marks))
            if node.name not in used:  # a check that the file calls is a helper of the others as well
                continue
        others.append(_without_hints(node) if is_pytestmark(node) else node)
    imported = [_module_digest(files.contents[module], module) for module in imports_among(name, files.contents)]
    common = _digest(data, outline(ast.Module(others, [])), *imported)
    # With the key, which seeds the check (`runner.seed_of`): a renamed check gets other random numbers.
    return {key: _digest(common, *key, text) for key, text in own.items()}


@functools.lru_cache(maxsize=512)
def _module_digest(content: bytes, name: str) -> str:
    return _digest(name, outline(parsed(content, name)))


def _without_hints(node: ast.stmt) -> ast.Assign:
    assert isinstance(node, ast.Assign)
    marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return _copy(node, value=ast.List([mark for mark in marks if mark_name(mark) not in _IGNORED_MARKS]))


def _names_used(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _copy(node: Node, **changed: Any) -> Node:
    """Return a copy of a node with some fields replaced; the tree itself is cached and shared."""
    return type(node)(**{name: getattr(node, name) for name in node._fields} | changed)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


# --- What a name depends on -------------------------------------------------------------------------------------------
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
    except (SyntaxError, ValueError):  # ValueError: a null byte
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


def code_digest(code: Iterable[Statement]) -> str:
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
                node.body[0] = ast.Pass()  # not removed: a body must not be empty
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
        return frozenset(alias.asname or alias.name.split(".")[0] for alias in node.names)  # `import a.b` binds a
    return frozenset(
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    )


def _needs(node: ast.stmt) -> frozenset[str]:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    # Attributes too: in `networks.tiny`, with a module of checks, tiny is one of the statements of `program`.
    return frozenset(names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)})
