"""Which modules a zygote imports before it forks: those that the course's answers and checks import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from autograder.course import Exercise
from autograder.course.check_files import parsed
from autograder.sandbox.zygote import COMPILER


def modules_to_preload(exercises: Iterable[Exercise]) -> list[str]:
    """Return the modules that graded cells of the solutions and the checks import, sorted.

    Cells that only illustrate are comments in a module, so what they import is not among them.
    """
    sources: list[bytes] = []
    for exercise in exercises:
        checks = (content for name, content in exercise.check_files.files if name.endswith(".py"))
        sources += [exercise.source.encode(), *checks]
    return modules_used_by(sources)


def modules_used_by(sources: Iterable[bytes]) -> list[str]:
    """Return the modules that pieces of code import, or need where they train; sorted."""
    found = {"torch", "numpy"}
    for source in sources:
        tree = parsed(source, "the course")
        found |= _imports(tree)
        if any(isinstance(node, ast.Attribute) and node.attr == "optim" for node in ast.walk(tree)):
            found.add(COMPILER)
    return sorted(name for name in found if not name.startswith("autograder"))


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module != "__future__":
            names.add(node.module)
    return names


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Yield every statement in a tree, without a look at the expressions: a tenth of what `ast.walk` visits."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, name, ()):
            if isinstance(node, ast.stmt):
                yield node
            yield from _statements(node)
