"""Start an exercise in a course: ``autograder new`` writes a small one that works, with TODOs for its author.

The example in every question is a weighted mean: short enough to replace, and long enough to show a likely mistake, a
hidden check and different right answers. The files are in ``templates/exercise/``.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.course import CONFIG_NAME, Course, find_root, load_course
from autograder.course.check_files import parsed
from autograder.errors import CourseError, UsageError, reading, writing
from autograder.files import fill_template, write_atomic
from autograder.release.notebooks import TEMPLATES


def skeleton(exercise: str, questions: Sequence[str]) -> dict[str, str]:
    """Return the files of a new exercise: path in the course → text."""
    folder = TEMPLATES / "exercise"
    solution = fill_template(folder / "solution.py.template", title=exercise.replace("_", " ").capitalize())
    files = {}
    for question in questions:
        solution += fill_template(folder / "question.py.template", question=question)
        for name, path in (
            ("public_checks", f"tests/checks/{exercise}/public/test_{question}.py"),
            ("hidden_checks", f"tests/checks/{exercise}/hidden/test_{question}.py"),
            ("answers", f"tests/answers/{exercise}/{question}.py"),
        ):
            files[path] = fill_template(folder / f"{name}.py.template", question=question)
    return {f"solutions/{exercise}.py": solution, **files}


SETTING = "c.Course.exercises"
# Names that the skeleton, a build or the checks use themselves.
_TAKEN = {"check", "submission", "torch", "Tensor", "pytest"}


def start_exercise(folder: Path | None, exercise: str, questions: Sequence[str] = ()) -> list[str]:
    """Write the skeleton of an exercise; return the paths of the files in the course.

    Raises `AutograderError` if that is impossible; then nothing has changed.
    """
    root = find_root(folder)
    # load_course refuses a course without exercises, and this may start the first one.
    course = load_course(root) if any((root / "solutions").glob("*.py")) else Course(root, ())
    questions = list(questions) or [f"{exercise}_question"]
    _require_exercise_name(course, exercise)
    _require_question_names(course, exercise, questions)
    files = skeleton(exercise, questions)
    _require_free(root, _places(exercise))
    config = root / CONFIG_NAME
    with reading(config, CourseError):
        before = config.read_bytes()
        before.decode()  # raises if it is not UTF-8
    after = with_exercise(before, exercise)
    made: list[Path] = []
    try:
        for name, text in files.items():
            _write_new(root / name, text, made)
        if after != before:
            write_atomic(config.resolve(), after)  # resolved, because replacing a link would cut it from its file
    except BaseException:  # even Ctrl-C
        for path in reversed(made):  # files before their folders
            path.rmdir() if path.is_dir() else path.unlink()
        raise
    return [*files, *([CONFIG_NAME] if after != before else [])]


def with_exercise(config: bytes, exercise: str) -> bytes:
    """Return the settings with one more exercise at the end of the list, and everything else byte for byte.

    Settings without the list do not change: then every solution is an exercise.
    """
    refusal = CourseError(
        f"{CONFIG_NAME} cannot be edited safely, so nothing has changed. Write {SETTING} by hand as a list of names in "
        f'quotes, as in {SETTING} = ["first", "second"], then run this command again.'
    )
    found = _lists(config)
    if not found:
        return config
    if len(found) > 1 or not isinstance(found[0], ast.List):
        raise refusal
    names = [node.value if isinstance(node, ast.Constant) else None for node in found[0].elts]
    lines = config.splitlines(keepends=True)  # bytes, as `ast` counts columns in UTF-8
    if found[0].elts:
        last = found[0].elts[-1]
        line, column, text = last.end_lineno, last.end_col_offset, f', "{exercise}"'
    else:
        line, column, text = found[0].lineno, found[0].col_offset + 1, f'"{exercise}"'
    if line is None or column is None:
        raise refusal
    lines[line - 1] = lines[line - 1][:column] + text.encode() + lines[line - 1][column:]
    after = b"".join(lines)
    try:
        # Read it back: an element in parentheses, for instance, would have swallowed the new one.
        (edited,) = _lists(after)
        if ast.literal_eval(edited) != [*names, exercise]:
            raise refusal
    except (CourseError, ValueError):
        raise refusal from None
    return after


def _lists(config: bytes) -> list[ast.expr]:
    """Return the expressions that the settings assign to the list of exercises."""
    return [
        node.value
        for node in parsed(config, CONFIG_NAME).body
        if isinstance(node, ast.Assign) and SETTING in map(ast.unparse, node.targets)
    ]


def _require_exercise_name(course: Course, name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} cannot name an exercise, which is also a Python module. Use small letters a to z, digits and _, "
            "starting with a letter, as in image_filters."
        )
    if name in sys.stdlib_module_names or name in _TAKEN:
        raise UsageError(
            f"{name!r} is a module that Python code imports. Choose another name, such as {name}_exercise."
        )
    if name in {exercise.name for exercise in course.exercises}:
        raise UsageError(f"There is already an exercise {name!r}. Choose another name.")


def _require_question_names(course: Course, exercise: str, names: Sequence[str]) -> None:
    where = {question.name: other.name for other in course.exercises for question in other.questions}
    chosen: dict[str, str] = {}
    for name in names:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
            raise UsageError(
                f"{name!r} cannot name a question, which is a Python function. Use letters a to z, digits and _, "
                "starting with a letter, as in moving_average."
            )
        if name in _TAKEN or hasattr(builtins, name) or name in (exercise, *(e.name for e in course.exercises)):
            raise UsageError(f"{name!r} already means something else. Choose another name for the question.")
        if name in where:
            raise UsageError(f"{where[name]} already has a question {name!r}. Choose another name.")
        if name.lower() in chosen:  # some file systems ignore case
            other = chosen[name.lower()]
            raise UsageError(f"The questions {other!r} and {name!r} would share a file. Choose another name for one.")
        chosen[name.lower()] = name


def _places(exercise: str) -> list[str]:
    """Return the files and folders of an exercise."""
    modules = (f"{folder}/{exercise}.py" for folder in ("solutions", "exercises"))
    return [*modules, *(f"tests/{folder}/{exercise}" for folder in ("checks", "answers"))]


def _require_free(root: Path, names: Iterable[str]) -> None:
    there = [name for name in names if os.path.lexists(root / name)]  # even a dangling link
    if there:
        raise UsageError(f"{', '.join(there)} exists already. Move it away, or choose another name for the exercise.")


def _write_new(path: Path, text: str, made: list[Path]) -> None:
    """Write a new file, and append it and the folders that it needed to ``made``."""
    with writing(path):
        for folder in reversed([parent for parent in path.parents if not parent.exists()]):
            folder.mkdir()
            made.append(folder)
        with path.open("x", encoding="utf-8", newline="\n") as file:  # "x" fails if the file exists by now
            made.append(path)  # before writing, so that a full disk leaves nothing behind
            file.write(text)
