"""Read an exercise's checks with everything that they import, and hold the boundary between public and hidden.

Checks lie in ``<exercise>/public`` and ``<exercise>/hidden``, what several exercises use in ``shared/public`` and
``shared/hidden``. They import each other relatively (``from ..public.networks import tiny``), so that a file is the
same in the course, in a student's folder and in the sandbox.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.course.model import CheckFiles, is_public
from autograder.errors import CourseError, reading

FOLDER = "checks"
"""What the folder of all checks is called, in the course, in a student's folder and in the sandbox."""

PUBLIC, HIDDEN = "public", "hidden"
RECORD_NAME = "calibration.json"
"""An exercise's calibration record, in its folder; see `autograder.proving`."""

SHARED = "shared"
"""The folder of what several exercises use; no exercise can have this name."""


def read_check_files(folder: Path, exercise: str, questions: Sequence[str]) -> CheckFiles:
    """Return the checks of these questions from ``folder``, with the modules they import and the data beside them.

    Raises `CourseError` where a module is missing, is not Python, or is hidden from the public one that imports it.
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
    return CheckFiles(tuple(sorted(found.items())), tests)


def test_files(folder: Path, exercise: str) -> Iterator[str]:
    """Yield the names of all files of checks that lie in the folder, whatever question they are of."""
    for kind in (PUBLIC, HIDDEN):
        for path in sorted((folder / exercise / kind).glob("test_*.py")):
            yield f"{exercise}/{kind}/{path.name}"


def question_of(name: str) -> str:
    """Return the question that a file of checks belongs to: its name says it."""
    return name.rpartition("/")[2].removeprefix("test_").removesuffix(".py")


def imports_among(name: str, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the files that a file of checks imports, directly or through others, sorted by name."""
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
    for line, paths in _relative_imports(name, content):
        existing = [path for path in paths if (folder / path).is_file()]
        where = f"tests/checks/{name}:{line}"
        if not existing:
            raise CourseError(f"{where}: there is no tests/checks/{paths[0]} to import.")
        for path in existing:
            if is_public(name) and not is_public(path):
                raise CourseError(
                    f"{where}: a public check cannot import tests/checks/{path}, which students do not have: "
                    "move what it needs into a folder `public`, or make the check hidden."
                )
            yield path


def _relative_imports(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the line of each relative import, and the files that it may mean: the module itself, or modules in it."""
    package = name.split("/")[:-1]
    for node in ast.walk(parsed(content, f"tests/checks/{name}")):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        if node.level > len(package) + 1:
            raise CourseError(f"tests/checks/{name}:{node.lineno}: this import leaves tests/checks: use fewer dots.")
        base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
        place = "/".join(part for part in base if part)
        paths = [f"{place}.py"] if node.module else []
        yield node.lineno, [*paths, *(f"{place}/{alias.name}.py".lstrip("/") for alias in node.names)]


def _data_files(folder: Path, exercise: str) -> Iterator[str]:
    """Yield what is no module: calibration records, arrays."""
    for path in sorted((folder / exercise).rglob("*")):
        inside = path.relative_to(folder)
        odd = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and path.suffix != ".py" and not odd:
            yield inside.as_posix()


def _read(path: Path) -> bytes:
    with reading(path, CourseError):
        content = path.read_bytes()
        if path.suffix == ".py":
            content.decode()
    return content


@functools.lru_cache(maxsize=512)
def parsed(content: bytes, where: str) -> ast.Module:
    """Return the syntax tree of a module of the course, read once for all who ask; nobody may change it.

    Raises `CourseError`, naming ``where``, for what is not Python.
    """
    try:
        return ast.parse(content)
    except SyntaxError as error:
        raise CourseError(f"{where}:{error.lineno}: this is not valid Python: {error.msg}.") from None
    except ValueError as error:
        raise CourseError(f"{where}: this is not valid Python: {error}.") from None
