"""The student's version of a file of checks: the public ones, with what they need and nothing else.

Hidden checks are cut out first; then every helper, constant and import that no remaining line refers to,
however indirectly. The text is sliced, not printed anew, so that formatting and comments stay; a comment goes
with what follows it.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.course import read_questions
from autograder.errors import CourseError

_LINE_LENGTH = 100
_IMPLICIT = {"pytestmark"}  # pytest reads it by name


@dataclass(frozen=True)
class Block:
    """One statement with the comments above it, the names that it binds and those that it refers to."""

    text: str
    binds: frozenset[str]
    needs: frozenset[str]


def public_version(source: str, where: str, exercise: str) -> str:
    """Return the file of public checks that students get; ``where`` names the original in messages.

    Raises `CourseError` where a public check waits for a hidden one or uses an experiment, or where the file cannot
    be cut.
    """
    _require_public_forerunners(source, where)
    tree = ast.parse(source, where)
    lines = source.splitlines()
    futures, blocks, classes = [], [], []
    for node, lead in _with_leads(tree.body, lines, 0, where):
        if _is_docstring(node):
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            futures.append(Block(_text(node, lead, lines), frozenset(), frozenset()))
        elif isinstance(node, ast.ClassDef) and "question" in _marks(node):
            block = _public_class(node, lead, lines, where)
            if block is not None:
                classes.append(block)
                blocks.append(block)
        else:
            blocks.append(_block(node, lead, lines, where))
    kept = _reachable(blocks, classes)
    if any("Experiment" in block.needs for block in kept):
        raise CourseError(
            f"{where}: a public check uses an experiment, whose threshold students do not have: make that check hidden."
        )
    body = "".join([*(block.text for block in futures), *(_prune(block, kept) for block in kept)])
    text = _header(exercise) + _tidy(body)
    _prove(text, source, where)
    return text


def _header(exercise: str) -> str:
    return (
        f'"""The public checks of `{exercise}`, which `check("…")` in the notebook runs.\n\n'
        "A submission is graded with these and with further ones. Changes to this file do not count.\n"
        '"""\n\n'
    )


def _require_public_forerunners(source: str, where: str) -> None:
    for question in read_questions(source, where):
        public = {check.name for check in question.checks if check.public}
        for check in question.checks:
            waiting = sorted(set(check.after) - public)
            if check.public and waiting:
                raise CourseError(
                    f"{where}: the public check {question.name}.test_{check.name} runs after "
                    f"{', '.join(waiting)}, which students do not have: make that check public too, or take "
                    "the mark `after` away."
                )


def _with_leads(
    body: Iterable[ast.stmt], lines: list[str], end: int, where: str
) -> Iterator[tuple[ast.stmt, list[str]]]:
    """Yield statements, each with the blank lines and comments above it; the first is after line ``end``."""
    for node in body:
        first = _first_line(node)
        if first <= end:
            raise CourseError(f"{where}:{first}: write one statement a line.")
        # A comment further to the right is the tail of the statement before, which may be hidden.
        lead = [line for line in lines[end : first - 1] if len(line) - len(line.lstrip()) <= node.col_offset]
        yield node, lead
        end = node.end_lineno or first


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _text(node: ast.stmt, lead: list[str], lines: list[str]) -> str:
    return "\n".join([*lead, *lines[_first_line(node) - 1 : node.end_lineno]]) + "\n"


def _block(node: ast.stmt, lead: list[str], lines: list[str], where: str) -> Block:
    binds = _bound_names(node)
    if not binds:
        raise CourseError(
            f"{where}:{node.lineno}: nothing tells whether hidden checks alone need this statement. "
            "Put it into the function that needs it."
        )
    return Block(_text(node, lead, lines), binds, _needed_names(node))


def _public_class(node: ast.ClassDef, lead: list[str], lines: list[str], where: str) -> Block | None:
    """Return a question with its public checks and the members that they use; None when it has none."""
    members = list(_with_leads(node.body, lines, _header_end(node, lines), where))
    kept = [m for m, _ in members if isinstance(m, ast.FunctionDef) and "public" in _marks(m)]
    if not any(method.name.startswith("test_") for method in kept):
        return None
    kept_ids = {id(member) for member in kept}
    while True:  # members that the kept ones use, and those that these use
        wanted = _own_attributes(node.name, [m for m, _ in members if id(m) in kept_ids])
        found = {id(m) for m, _ in members if _bound_names(m) & wanted and not _is_check(m)} - kept_ids
        if not found:
            break
        kept_ids |= found
    chosen = [(m, above) for m, above in members if id(m) in kept_ids or _is_docstring(m)]
    header = "\n".join([*lead, *lines[_first_line(node) - 1 : _header_end(node, lines)]]) + "\n"
    body = "".join(_text(member, above, lines) for member, above in chosen).lstrip("\n")
    pruned = ast.ClassDef(node.name, node.bases, node.keywords, [m for m, _ in chosen], node.decorator_list)
    return Block(header + body, frozenset({node.name}), _needed_names(pruned))


def _header_end(node: ast.ClassDef, lines: list[str]) -> int:
    """Return the last line of ``class …:``: the one before the comments above the first member."""
    end = _first_line(node.body[0]) - 1
    while end > node.lineno and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _is_check(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _marks(node: ast.ClassDef | ast.FunctionDef) -> set[str]:
    texts = (ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list)
    return {text.removeprefix("pytest.mark.") for text in texts if text.startswith("pytest.mark.")}


def _own_attributes(class_name: str, nodes: list[ast.stmt]) -> set[str]:
    """Return the attributes of the class that these members use, and the class's names that they refer to."""
    used = set()
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                if part.value.id in ("self", "cls", class_name):
                    used.add(part.attr)
            elif isinstance(part, ast.Name):
                used.add(part.id)
    return used


def _bound_names(node: ast.stmt) -> frozenset[str]:
    """Return the names that a statement of a module or class binds."""
    table = symtable.symtable(ast.unparse(node), "<checks>", "exec")
    return frozenset(
        s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()
    )


def _needed_names(node: ast.stmt) -> frozenset[str]:
    """Return the names of the module that a statement refers to; local ones do not count."""
    top = symtable.symtable(ast.unparse(ast.fix_missing_locations(node)), "<checks>", "exec")
    needed = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        needed |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        tables += table.get_children()
    return frozenset(needed)


def _reachable(blocks: list[Block], roots: list[Block]) -> dict[Block, set[str]]:
    """Return the blocks that the roots need, in their order, each with the names that are needed of it."""
    needed = set(_IMPLICIT).union(*(block.needs | block.binds for block in roots))
    while True:
        more = set().union(*(block.needs for block in blocks if block.binds & needed)) - needed
        if not more:
            return {block: set(block.binds & needed) for block in blocks if block.binds & needed or "*" in block.binds}
        needed |= more


def _prune(block: Block, kept: dict[Block, set[str]]) -> str:
    """Return the text of a block; an import keeps only the names that are needed."""
    needed = kept[block]
    statement = ast.parse(block.text).body[0]
    if needed >= block.binds or not isinstance(statement, ast.Import | ast.ImportFrom):
        return block.text
    statement.names = [a for a in statement.names if (a.asname or a.name.split(".")[0]) in needed]
    lead = block.text.split("\n")[: statement.lineno - 1]
    return "\n".join([*lead, _import_text(statement)]) + "\n"


def _import_text(statement: ast.Import | ast.ImportFrom) -> str:
    text = ast.unparse(statement)
    if len(text) <= _LINE_LENGTH or isinstance(statement, ast.Import):
        return text
    start, names = text.split(" import ")
    return "\n".join([f"{start} import (", *(f"    {name}," for name in names.split(", ")), ")"])


def _tidy(text: str) -> str:
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text.strip() + "\n"


def _prove(text: str, source: str, where: str) -> None:
    """Make sure that the cut file holds just the public checks, and every name that it refers to."""
    expected = [check for question in read_questions(source, where) for check in question.checks if check.public]
    found = [check for question in read_questions(text, where) for check in question.checks]
    body = ast.parse(text).body
    bound = frozenset().union(*(_bound_names(node) for node in body))
    lost = (
        frozenset().union(*(_needed_names(node) for node in body))
        - bound
        - set(dir(builtins))
        - {"__file__", "__name__"}
    )
    if found != expected or (lost and "*" not in bound):
        raise CourseError(
            f"{where}: the public checks cannot be cut out of this file"
            + (f": {', '.join(sorted(lost))} got lost." if lost else ".")
        )
