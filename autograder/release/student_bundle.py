"""Package the students' zip: notebooks, public checks, a wheel, and a page on how to start.

There are two zips, without and with solutions. Both need only ``pip install -r requirements.txt`` in the unpacked
folder or, on Colab, the first cell of each notebook. The wheel holds the light core of this package: the modules that
`check`, public checks and `autograder.datasets` import, found by following import statements, including those inside
functions. It contains no part of the grader.

https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import ast
import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import fill_template, zipped
from autograder.release.nbgrader_run import SOLUTION, STUDENT
from autograder.release.notebooks import BUNDLE, TEMPLATES
from autograder.release.pins import DISTRIBUTION
from autograder.runtime import versions

NEEDS = ("torch>=2.6", "torchvision>=0.21", "numpy>=2.0", "matplotlib>=3.9", "medmnist>=3.0", "pillow>=10", "pytest>=8")
"""Requirements of the light core: lower bounds only, so that Colab's own packages are not replaced."""

PYTHON = f">={versions.TESTED[0]}"

_PACKAGE = Path(__file__).resolve().parents[1]
_ENTRY_MODULES = ("autograder", "autograder.checking", "autograder.integrations.notebook", "autograder.datasets")
# A normalised version without an epoch or a local part: https://packaging.python.org/specifications/version-specifiers/
_NUMBER = r"(0|[1-9]\d*)"
_VERSION = re.compile(rf"{_NUMBER}(\.{_NUMBER})*((a|b|rc){_NUMBER})?(\.post{_NUMBER})?(\.dev{_NUMBER})?")


def light_wheel(version: str) -> tuple[str, bytes]:
    """Return the file name and the content of the wheel of a release.

    Raises `CourseError` if ``version`` is not a version of a Python package.
    """
    if not _VERSION.fullmatch(version):
        raise CourseError(
            f"{version!r} cannot be the version of a Python package. Use numbers and dots, such as 2026.1 or 2026.2rc1."
        )
    stem = f"{DISTRIBUTION.replace('-', '_')}-{version}"  # a wheel's name has no hyphen inside its parts
    files = {f"autograder/{path.relative_to(_PACKAGE).as_posix()}": path.read_bytes() for path in light_modules()}
    files["autograder/py.typed"] = b""  # tells type checkers to read our annotations
    files[f"{stem}.dist-info/METADATA"] = _metadata(version).encode()
    files[f"{stem}.dist-info/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: {DISTRIBUTION}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    ).encode()
    # RECORD lists every file with its digest, except for itself: the specification leaves these fields empty.
    record = f"{stem}.dist-info/RECORD"
    files[record] = "".join([*(_entry(*file) for file in sorted(files.items())), f"{record},,\n"]).encode()
    return f"{stem}-py3-none-any.whl", zipped(files)


def light_modules() -> list[Path]:
    """Return the files of the light core: its entry modules and everything that they import, directly or not."""
    found: set[Path] = set()
    waiting = list(_ENTRY_MODULES)
    while waiting:
        path = _file_of(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += _imported(path)
    return sorted(found)


def _imported(path: Path) -> Iterator[str]:
    """Yield the modules of this package that a file imports, each with its parent packages."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for parts in (name.split(".") for name in names):
            if parts[0] == "autograder":
                # An import runs the parents too. The last part may be a name in a module, which `_file_of` ignores.
                yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _file_of(module: str) -> Path | None:
    """Return the file of a module, or None if the last part of its name is a name inside a module."""
    place = _PACKAGE.joinpath(*module.split(".")[1:])
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def _metadata(version: str) -> str:
    fields = [
        "Metadata-Version: 2.1",
        f"Name: {DISTRIBUTION}",
        f"Version: {version}",
        "Summary: What students need to work on the exercises: check() and the data sets",
        "License: MIT",
        f"Requires-Python: {PYTHON}",
        *(f"Requires-Dist: {need}" for need in NEEDS),
    ]
    return "\n".join(fields) + "\n"


def _entry(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


JUPYTER = "jupyterlab"


def bundle_name(release: str, kind: str) -> str:
    """Return the name of a release's zip (without ``.zip``), which is also that of the folder in it."""
    return f"{BUNDLE}-{release}-solutions" if kind == SOLUTION else f"{BUNDLE}-{release}"


def student_bundle(course: Course, release: str, made: Path, pins: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of the students' zip, all in one folder: name → content.

    ``made`` holds the releases of every exercise, as a build makes them; ``pins`` are versions by package name. Raises
    `CourseError` if ``release`` is not a version.
    """
    return _bundle(course, release, made / STUDENT, STUDENT, pins)


def solution_bundle(course: Course, release: str, made: Path, pins: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of the zip with solutions, like `student_bundle`."""
    return _bundle(course, release, made / SOLUTION, SOLUTION, pins)


def _bundle(course: Course, release: str, notebooks: Path, kind: str, pins: Mapping[str, str]) -> dict[str, bytes]:
    wheel, content = light_wheel(release)
    files = {
        "README.md": _readme(course, release, kind).encode(),
        "requirements.txt": _requirements(wheel, pins).encode(),
        wheel: content,
    }
    for exercise in course.exercises:
        folder = notebooks / exercise.name
        if not folder.is_dir():
            raise CourseError(f"The {kind} release of {exercise.name} is not built. Run autograder build.")
        for path in folder.rglob("*"):
            if path.is_file():
                files[path.relative_to(notebooks).as_posix()] = path.read_bytes()
    return {f"{bundle_name(release, kind)}/{name}": content for name, content in files.items()}


def _readme(course: Course, release: str, kind: str) -> str:
    exercises = "\n".join(
        f"- `{exercise.name}`: {exercise.max_score:g} points{' (bonus)' if exercise.optional else ''}"
        for exercise in course.exercises
    )
    folder = TEMPLATES / "student"
    what = folder / ("with_solutions.md" if kind == SOLUTION else "without_solutions.md")
    return fill_template(
        folder / "README.md.template",
        pythons=versions.words(),
        oldest=versions.TESTED[0],  # not that of this machine: a release has the same bytes wherever it is built
        release=release,
        kind=", with solutions" if kind == SOLUTION else "",
        what=what.read_text("utf-8").rstrip(),
        exercises=exercises,
        zip=f"{bundle_name(release, kind)}.zip",
    )


def _requirements(wheel: str, pins: Mapping[str, str]) -> str:
    """Return ``requirements.txt`` of the unpacked folder; any JupyterLab will do if it is not pinned."""
    lines = [f"{name}=={version}" for name, version in sorted(pins.items())]
    if JUPYTER not in pins:
        lines.append(JUPYTER)
    return "\n".join([*lines, f"./{wheel}"]) + "\n"
