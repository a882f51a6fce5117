"""Scan everything that students get for secrets: solutions, hidden checks, seeds, experiments, calibration records.

The scan knows nothing of how a release was made. It collects secrets from the sources and searches every file for them,
so it finds a bug of the build, an author's slip, or a stray file alike.
"""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from autograder.course import Course, Exercise
from autograder.course.check_files import RECORD_NAME, assignments, parsed
from autograder.course.structure import is_public
from autograder.errors import LeakError
from autograder.release.notebooks import BEGIN, END, is_illustration, read_regions, read_solution

SHORTEST_SOLUTION_LINE = 12
SHORTEST_CHECK_LINE = 20
DISTINCTIVE = 32
"""Lines of at least this many characters are leaks even inside other text; shorter ones may occur by chance."""

# Lines of a solution that any program may have, so they are not secrets. A call without arguments (`optimizer.step()`)
# is one of them: messages and texts name such methods.
_TRIVIAL = re.compile(
    r"\w+(\.\w+)*\(\)|super\(\)\.__init__\(\)|return \w+|(import|from) .*|[\W\d]*|"
    r"if \w+ is (not )?None:|if (not )?\w+:|"
    r"for [\w, ]+ in (\w+|(range|enumerate|zip)\([\w, ]+\)):"
)
_PLAIN_MARK = re.compile(r"@pytest\.mark\.(points|timeout|memory)\(.*")
_IMPORT = re.compile(r"(from [\w.]+ )?import ")
_DIGEST = re.compile(r"[0-9a-fA-F]{12,}")
_TELLING_DIGITS = 5
_LONG_SEED = 10**5
"""Seeds this large do not occur by chance in a text."""


@dataclass(frozen=True)
class Secret:
    """A text that must not occur in the student release, and what it is.

    ``scope`` limits a short line to its own exercise. ``match`` is ``alone`` for a whole line or text in backticks,
    ``anywhere`` to search inside other text too, or ``word`` for text with no letter or digit beside it.
    """

    text: str
    what: str
    match: str = "anywhere"
    scope: str | None = None


@dataclass
class _Given:
    """Lines that students of an exercise are meant to get, normalised."""

    code: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)


class HandedOut(NamedTuple):
    """A file that students get with an exercise, or with none: then it must not contain secrets of any exercise."""

    exercise: str | None
    name: str
    content: bytes


def require_no_leaks(files: Iterable[HandedOut], secrets: Sequence[Secret]) -> None:
    """Scan files; raise `LeakError` listing every finding."""
    found = [finding for file in files for finding in find_leaks(file, secrets)]
    if found:
        listed = "\n".join(f"  {finding}" for finding in found)
        raise LeakError(
            f"The student release would leak secrets, so nothing was written:\n{listed}\n"
            "Remove each from the text or public check that contains it, and build again."
        )


def files_in(folder: Path, exercise: str) -> Iterator[HandedOut]:
    """Yield the files of a folder that students get with an exercise."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield HandedOut(exercise, f"{folder.name}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def unpacked(files: Mapping[str, bytes], course: Course) -> Iterator[HandedOut]:
    """Yield the files of the students' zip and, instead of a wheel, its members; the folder names the exercise."""
    exercises = {exercise.name for exercise in course.exercises}
    for name, content in files.items():
        exercise = next((part for part in name.split("/")[:-1] if part in exercises), None)
        if not name.endswith(".whl"):
            yield HandedOut(exercise, name, content)
            continue
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            for member in wheel.namelist():
                yield HandedOut(exercise, f"{name}/{member}", wheel.read(member))


def find_leaks(file: HandedOut, secrets: Iterable[Secret]) -> list[str]:
    """Return one line per secret in a file."""
    exercise, name, content = file
    text = content.decode("utf-8", errors="replace")
    texts = [name, *_texts(name, text)]
    flat = _normalised(" ".join(texts))  # one line: finds what was wrapped or indented, too
    lines = {_normalised(line) for text in texts for line in text.splitlines()}
    # A secret line counts as a whole line also when it is commented out, quoted, in a list or in backticks.
    alone = {_without_leader(line) for line in lines} | lines
    alone |= {_normalised(quoted) for text in texts for quoted in re.findall(r"`+([^`]+)`+", text)}
    found = []
    for secret in secrets:
        if exercise is not None and secret.scope not in (None, exercise):
            continue
        if secret.match == "alone":
            leaks = secret.text in alone
        elif secret.match == "word":
            # Not inside a longer name or number, such as 0.12345.
            leaks = re.search(rf"(?<![\w.]){re.escape(secret.text)}(?![\w])", flat) is not None
        else:
            leaks = secret.text in flat
        if leaks:
            found.append(f"{name}: {secret.what}: {_shortened(secret.text)}")
    found += [f"{name}: {problem}" for problem in _leftovers(name, text)]
    return list(dict.fromkeys(found))  # a line may be a secret of several checks


def collect_secrets(course: Course) -> list[Secret]:
    """Return all texts that must not occur in a student release."""
    given = {exercise.name: _given(exercise) for exercise in course.exercises}
    all_code = set().union(*(entry.code for entry in given.values()))
    all_shown = set().union(*(entry.shown for entry in given.values()), all_code)
    public_names = {f"test_{check.name}" for exercise in course.exercises for check in exercise.checks if check.public}
    # A question's file of public checks is named test_<question>.py, which may be the name of a hidden check elsewhere.
    public_names |= {f"test_{question.name}" for exercise in course.exercises for question in exercise.questions}
    secrets: list[Secret] = []
    for exercise in course.exercises:
        secrets += _solution_secrets(exercise, given[exercise.name], all_code)
        secrets += _check_secrets(exercise, all_shown, public_names)
        secrets += _seed_secrets(exercise)
        secrets += _record_secrets(exercise)
    return secrets


def _solution_secrets(exercise: Exercise, given: _Given, all_code: set[str]) -> Iterator[Secret]:
    for cell in _code_cells(exercise):
        question = cell.metadata.get("question", "")
        for line in map(_normalised, read_regions(cell.source).solved):
            what = f"a line of the solution of {exercise.name}.{question}"
            if len(line) < SHORTEST_SOLUTION_LINE or _TRIVIAL.fullmatch(line) or line in given.code:
                continue
            if len(line) < DISTINCTIVE:
                if line not in given.shown:
                    yield Secret(line, what, "alone", exercise.name)
            else:
                if not _within(line, given.code):
                    yield Secret(line, what, "anywhere", exercise.name)
                if line not in all_code:
                    yield Secret(line, what, "alone")


def _check_secrets(exercise: Exercise, shown: set[str], public_names: set[str]) -> Iterator[Secret]:
    titles = {_normalised(check.title) for check in exercise.checks if check.public}
    for check in (check for check in exercise.checks if not check.public):
        what = f"the hidden check {exercise.name}.{check.question}.{check.name}"
        if f"test_{check.name}" not in public_names:
            yield Secret(f"test_{check.name}", what, "word")
        if _normalised(check.title) not in titles:
            match = "word" if len(check.title) < 12 else "anywhere"  # a short title may be part of a longer word
            yield Secret(_normalised(check.title), f"the title of {what}", match)
    for line in _hidden_lines(exercise):
        if len(line) >= SHORTEST_CHECK_LINE and line not in shown and not _PLAIN_MARK.fullmatch(line):
            yield Secret(line, f"a line of a hidden check of {exercise.name}", "alone")
            if len(line) >= DISTINCTIVE and not _within(line, shown):
                yield Secret(line, f"a line of a hidden check of {exercise.name}", "anywhere", exercise.name)


def _seed_secrets(exercise: Exercise) -> Iterator[Secret]:
    """Yield the seeds of hidden data and the names of experiments."""
    for file, content in exercise.check_files.files:
        if file.endswith(".py") and not is_public(file):
            for name, value in assignments(parsed(content, file)):
                yield from _named_secrets(name, value, f"tests/checks/{file}")


def _named_secrets(name: str, value: ast.expr, where: str) -> Iterator[Secret]:
    if isinstance(value, ast.Constant) and type(value.value) is int and "SEED" in name and value.value >= _LONG_SEED:
        for text in (f"{value.value}", f"{value.value:_}"):  # as it may be written: 123456 or 123_456
            yield Secret(text, f"the seed {name} of {where}", "word")
    elif isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] == "Experiment":
        called = [a.value for a in value.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        for text in (name, *called):
            if text.isupper() or "_" in text:  # other names may be English words
                yield Secret(text, f"an experiment of {where}", "word")


def _record_secrets(exercise: Exercise) -> Iterator[Secret]:
    """Yield the name, the digests and the distinctive numbers of the calibration record."""
    name = f"{exercise.name}/{RECORD_NAME}"
    content = exercise.check_files.contents.get(name)
    if content is None:
        return
    what = f"the calibration record {name}"
    yield Secret(name, what)
    for value in _leaves(json.loads(content, parse_float=_Literal, parse_int=_Literal)):
        digits = re.sub(r"[eE].*|\D", "", value).strip("0") if isinstance(value, _Literal) else ""
        if len(digits) >= _TELLING_DIGITS or (not isinstance(value, _Literal) and _DIGEST.fullmatch(value)):
            yield Secret(str(value), f"a value of {what}", "word")


class _Literal(str):
    """A number as it is written in a record: its digits are what would leak."""


def _given(exercise: Exercise) -> _Given:
    """Return what students see by intention: code outside solution regions, illustrations, public checks."""
    given = _Given()
    for cell in _code_cells(exercise):
        target = given.shown if is_illustration(cell) else given.code
        target |= set(map(_normalised, read_regions(cell.source).given))
    given.shown |= set(_check_lines(exercise, public=True))
    return given


def _hidden_lines(exercise: Exercise) -> list[str]:
    """Return the lines of hidden checks and their helpers, without imports, which are not secrets."""
    return [line for line in _check_lines(exercise, public=False) if not _IMPORT.match(line)]


def _check_lines(exercise: Exercise, *, public: bool) -> list[str]:
    files = (
        content for name, content in exercise.check_files.files if name.endswith(".py") and is_public(name) is public
    )
    return [_normalised(line) for content in files for line in content.decode().splitlines()]


def _code_cells(exercise: Exercise) -> list[Any]:
    return [cell for cell in read_solution(exercise) if cell.cell_type == "code"]


def _texts(name: str, text: str) -> list[str]:
    """Return the texts of a file: of a notebook all its strings, without JSON's escapes, which would hide a line."""
    return [str(leaf) for leaf in _leaves(json.loads(text))] if name.endswith(".ipynb") else [text]


def _leaves(value: Any) -> Iterator[str]:
    """Yield the strings and numbers of a JSON value; a notebook's list of lines becomes one text."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value) and any(item.endswith("\n") for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _leaves(item)
    elif isinstance(value, str):
        yield value
    elif value is not None:
        yield str(value)


def _leftovers(name: str, text: str) -> Iterator[str]:
    """Yield signs of a build step that did not run: markers of solutions, outputs of cells."""
    for marker in (BEGIN, END):
        if marker in text:
            yield f"the marker “{marker}” is left"
    if name.endswith(".ipynb") and any(cell.get("outputs") for cell in json.loads(text)["cells"]):
        yield "a cell has outputs"


def _within(text: str, lines: set[str]) -> bool:
    return any(text in line for line in lines)


def _normalised(text: str) -> str:
    return " ".join(text.split())


def _without_leader(line: str) -> str:
    """Return a line without the signs that make it a comment, a quotation or an item of a list."""
    return line.lstrip("#>*-+$ ")


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"
