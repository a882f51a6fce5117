"""Which modules a zygote imports before it forks: those that the course's answers and checks import."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from autograder.course import Exercise, parsed, parsed_file, statements
from autograder.sandbox.zygote import COMPILER


def modules_to_preload(exercises: Iterable[Exercise]) -> list[str]:
    """Return the modules that graded cells of the solutions and the checks import, sorted.

    Cells that only illustrate are comments in a module, so what they import is not among them.
    """
    files = [path for exercise in exercises for path in (exercise.solution, exercise.checks)]
    sources = {path: path.read_text("utf-8") for path in files}
    for path, source in sources.items():
        parsed_file(source, f"{path.parent.name}/{path.name}")
    return modules_used_by(sources.values())


def modules_used_by(sources: Iterable[str]) -> list[str]:
    """Return the modules that pieces of code import, or need where they train; sorted."""
    found = {"torch", "numpy"}
    for source in sources:
        found |= _imports(source)
        if any(isinstance(node, ast.Attribute) and node.attr == "optim" for node in ast.walk(parsed(source))):
            found.add(COMPILER)
    return sorted(name for name in found if not name.startswith("autograder"))


def _imports(source: str) -> set[str]:
    names: set[str] = set()
    for node in statements(parsed(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module != "__future__":
            names.add(node.module)
    return names
