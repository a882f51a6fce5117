"""Read the check files of an exercise with everything that they import; a public file must not import a hidden one.

Checks are in ``<exercise>/public`` and ``<exercise>/hidden``, code that several exercises use in ``shared/public`` and
``shared/hidden``. They import each other relatively (``from ..public.networks import tiny``), so that a file is the
same in the course, in a student's folder and in the sandbox.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.course.structure import CheckFiles, is_public
from autograder.errors import CourseError, reading

FOLDER = "checks"
"""The name of the folder of all checks, in the course, in a student's folder and in the sandbox."""

PUBLIC, HIDDEN = "public", "hidden"
RECORD_NAME = "calibration.json"
"""The name of an exercise's calibration record, in its folder; see `autograder.proving`."""

SHARED = "shared"
"""The folder of code that several exercises use; no exercise can have this name."""


def read_check_files(folder: Path, exercise: str, questions: Sequence[str]) -> CheckFiles:
    """Return the checks of these questions in ``folder``, with the modules they import and the data beside them.

    Raises `CourseError` if an imported module is missing, is not valid Python, or is hidden but imported by a public
    one.
    """
    names = [f"{exercise}/{kind}/test_{question}.py" for kind in (PUBLIC, HIDDEN) for question in questions]
    tests = tuple(name for name in names if (folder / name).exists())
    found = {name: _read(folder / name) for name in tests}
    waiting = list(tests)
    while waiting:
        name = waiting.pop()
        for imported in _imported(name, found[name], folder):
            if imported not in found:
                found[imported] = _read(folder / imported)
                waiting.append(imported)
    found |= {name: _read(folder / name) for name in _data_files(folder, exercise)}
    return CheckFiles(tuple(sorted(found.items())), tests)  # sorted: their digest depends on the order


def test_files(folder: Path, exercise: str) -> Iterator[str]:
    """Yield the names of all files with checks of an exercise, public ones first."""
    for kind in (PUBLIC, HIDDEN):
        for path in sorted((folder / exercise / kind).glob("test_*.py")):
            yield f"{exercise}/{kind}/{path.name}"


def question_of(name: str) -> str:
    """Return the question that a check file belongs to, from the file's name."""
    return name.rpartition("/")[2].removeprefix("test_").removesuffix(".py")


def imports_among(name: str, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the files that a check file imports, directly or indirectly, sorted by name."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for imported in _candidates(waiting.pop(), files):
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return tuple(sorted(found - {name}))


def _candidates(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    for _, paths in _relative_imports(name, files[name]):
        yield from (path for path in paths if path in files)


def _imported(name: str, content: bytes, folder: Path) -> Iterator[str]:
    _require_boundary(name, content)
    _require_fixed_messages(name, content)
    for line, paths in _relative_imports(name, content):
        existing = [path for path in paths if (folder / path).is_file()]
        where = f"tests/checks/{name}:{line}"
        if not existing:
            raise CourseError(f"{where}: there is no tests/checks/{paths[0]} to import. Add it, or fix the import.")
        for path in existing:
            if is_public(name) and not is_public(path):
                raise CourseError(
                    f"{where}: a public check cannot import tests/checks/{path}, which students do not have: "
                    "move the code that it needs into a folder `public`, or make the check hidden."
                )
            yield path


def _require_boundary(name: str, content: bytes) -> None:
    """Refuse what would go around the boundary: an import that is not relative, or a threshold students do not have."""
    for node in ast.walk(parsed(content, f"tests/checks/{name}")):
        where = f"tests/checks/{name}:{getattr(node, 'lineno', 0)}"
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            # Absolute, an import works from the course's folder, but not where students or the sandbox have the files.
            if f"{module}.".startswith((f"{FOLDER}.", f"tests.{FOLDER}.")):
                raise CourseError(f"{where}: import {module} relatively, as in `from ..public.networks import tiny`.")
            if is_public(name) and module.startswith("autograder.checking.") and module.endswith(".Experiment"):
                raise CourseError(
                    f"{where}: a public check cannot use an experiment, whose threshold students do not have: "
                    "make that check hidden."
                )


_TEXTS = {"problem", "what", "cause", "for_hidden"}
"""The arguments that students read when a hidden check fails."""

_POSITIONS = {"fail": 0, "not_allowed": 0, "CheckFailure": 0, "assert_true": 1}
"""Where these functions take ``problem`` without its name."""


def _require_fixed_messages(name: str, content: bytes) -> None:
    """Refuse a hidden check's message that is put together when the check runs: its values could tell hidden inputs.

    The grader replaces such a message by a fixed one; here its author learns why.
    """
    if is_public(name):
        return
    for node in ast.walk(parsed(content, f"tests/checks/{name}")):
        for argument, text in _messages(node):
            if _is_put_together(text):
                raise CourseError(
                    f"tests/checks/{name}:{text.lineno}: `{argument}` of a hidden check must not be put together from "
                    'values: write a literal, or `phrase("The {side} value is wrong.", side="left")`, and give values '
                    "as `details=`."
                )


def _messages(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the texts for students that a call is given directly, with the names of their arguments."""
    if not isinstance(node, ast.Call):
        return
    called = _last_name(node.func)
    if called == "phrase":  # its template and its words, one of which may be called anything
        yield from (("phrase", text) for text in (*node.args, *(keyword.value for keyword in node.keywords)))
    elif called in (
        "fail",
        "not_allowed",
        "CheckFailure",
        "unchanged",
        "check",
        "classification_metrics",
    ) or called.startswith("assert_"):
        yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg in _TEXTS)
        place = _POSITIONS.get(called)
        if place is not None and place < len(node.args):
            yield "problem", node.args[place]


def _is_put_together(text: ast.expr) -> bool:
    """Whether an expression makes a new text: an f-string, ``%``, ``+``, ``format``, ``join``, ``str`` or ``repr``."""
    match text:
        case ast.JoinedStr():
            return any(isinstance(piece, ast.FormattedValue) for piece in text.values)
        case ast.BinOp():  # Python itself joins two literals
            return not all(isinstance(side, ast.Constant) for side in (text.left, text.right))
        case ast.Call():
            return _last_name(text.func) in ("format", "format_map", "join", "str", "repr", "ascii")
        case ast.IfExp():
            return _is_put_together(text.body) or _is_put_together(text.orelse)
        case ast.BoolOp():
            return any(map(_is_put_together, text.values))
    return False


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _relative_imports(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the line of each relative import, and the files that it may mean: a module, or the modules of a package."""
    package = name.split("/")[:-1]
    # All of the tree, not only its top: a function may import as well.
    for node in ast.walk(parsed(content, f"tests/checks/{name}")):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        if node.level > len(package) + 1:
            raise CourseError(f"tests/checks/{name}:{node.lineno}: this import leaves tests/checks: use fewer dots.")
        base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
        place = "/".join(part for part in base if part)
        # `from ..public import networks` may mean a name in public.py or the module public/networks.py.
        paths = [f"{place}.py"] if node.module else []
        # `from ... import shared` has no place: without `lstrip`, its path would begin with a slash.
        yield node.lineno, [*paths, *(f"{place}/{alias.name}.py".lstrip("/") for alias in node.names)]


def _data_files(folder: Path, exercise: str) -> Iterator[str]:
    """Yield the names of the files that are not modules: calibration records, arrays."""
    for path in sorted((folder / exercise).rglob("*")):
        inside = path.relative_to(folder)
        ignored = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and path.suffix != ".py" and not ignored:
            yield inside.as_posix()


def _read(path: Path) -> bytes:
    with reading(path, CourseError):
        content = path.read_bytes()
        if path.suffix == ".py":
            content.decode()  # raises for what is not UTF-8 while `reading` can name the file
    return content


@functools.lru_cache(maxsize=512)  # by content: a class with many releases parses each version of a file once
def parsed(content: bytes, where: str) -> ast.Module:
    """Return the syntax tree of a module of the course. It is cached and shared, so it must not be modified.

    Raises `CourseError`, which names ``where``, for invalid Python.
    """
    try:
        return ast.parse(content)
    except SyntaxError as error:
        raise CourseError(f"{where}:{error.lineno}: this is not valid Python: {error.msg}.") from None
    except ValueError as error:  # a null byte
        raise CourseError(f"{where}: this is not valid Python: {error}.") from None


def assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that a module assigns at its top level, and the value."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)  # `x: int` has none
        if value is not None:
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
