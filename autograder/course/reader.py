"""Read a course: its exercises, their questions, and the checks as their marks declare them.

Checks are read from the syntax trees of ``tests/checks/<exercise>/{public,hidden}/test_<question>.py``; nothing is
imported or run. So ``autograder --help``, a build or a gradebook needs no torch, and notebook, grader and release agree
on the marks of a check.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.course.check_files import HIDDEN, PUBLIC, SHARED, parsed, question_of, read_check_files, test_files
from autograder.course.settings import CONFIG_NAME, course_lists, read_secret
from autograder.course.structure import Check, CheckFiles, Course, Exercise, Question, is_public
from autograder.errors import CourseError, reading

_QUESTION_CELL = re.compile(r'^# %%.*\bquestion="([^"]+)"', re.MULTILINE)
_CHECK_MARKS = {"points", "hint", "after", "timeout", "memory", "parametrize"}
_FILE_MARKS = {"hints", "after", "uses"}


def find_root(start: Path | None = None) -> Path:
    """Return the nearest folder at or above ``start`` that contains a course, that is, ``nbgrader_config.py``."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder
    raise CourseError(
        f"No course here: neither {start} nor a folder above it contains {CONFIG_NAME}. "
        "Change to the course's folder, or name it with --course."
    )


def load_course(root: Path | None = None) -> Course:
    """Read the course at or above ``root``: every ``solutions/*.py`` with its checks, in the configured order."""
    root = find_root(root)
    names = sorted(path.stem for path in (root / "solutions").glob("*.py"))
    order, optional, accepted = course_lists(root)
    if order:
        missing = set(order) - set(names)
        if missing:
            raise CourseError(
                f"{CONFIG_NAME} lists exercises without a solutions/*.py: {', '.join(sorted(missing))}. "
                "Correct c.Course.exercises."
            )
        # Exercises that the configuration does not list come last.
        names = [*order, *(name for name in names if name not in order)]
    if not names:
        raise CourseError(f"{root / 'solutions'} contains no exercise. Start one with: autograder new EXERCISE")
    secret = read_secret(root)
    return Course(root, tuple(_load_exercise(root, name, name in optional, secret) for name in names), accepted)


def _load_exercise(root: Path, name: str, optional: bool, secret: bytes) -> Exercise:
    if name == SHARED:
        raise CourseError(
            f"solutions/{name}.py: rename it, because tests/checks/{SHARED} is for code that exercises share."
        )
    solution, folder = root / "solutions" / f"{name}.py", root / "tests" / "checks"
    with reading(solution, CourseError):
        source = solution.read_text("utf-8")
    # Each question once, in the order of the solution.
    questions = list(dict.fromkeys(_QUESTION_CELL.findall(source)))
    _require_questions(folder, name, questions)
    files = read_check_files(folder, name, questions)
    return Exercise(name, solution, source, files, read_questions(files), optional, secret)


def _require_questions(folder: Path, exercise: str, questions: Sequence[str]) -> None:
    """Raise `CourseError` unless every question has a check file, and every check file a question."""
    files = {name: question_of(name) for name in test_files(folder, exercise)}
    if not files:
        raise CourseError(
            f"solutions/{exercise}.py has no checks: write tests/checks/{exercise}/{PUBLIC}/test_<question>.py for "
            f"each of its questions, and tests/checks/{exercise}/{HIDDEN}/test_<question>.py."
        )
    for question in questions:
        if question not in files.values():  # otherwise its answers would silently be worth nothing
            raise CourseError(
                f"solutions/{exercise}.py has a cell for {question}, which has no checks: write "
                f"tests/checks/{exercise}/{PUBLIC}/test_{question}.py, or remove question=… from the cell."
            )
    for name, question in files.items():
        if question not in questions:
            raise CourseError(
                f"tests/checks/{name} checks {question}, but solutions/{exercise}.py has no such cell: mark it "
                f'`# %% question="{question}"`, or rename the file.'
            )


def read_public_checks(folder: Path, exercise: str) -> tuple[CheckFiles, tuple[Question, ...]]:
    """Read the public checks of an exercise; the rest of the course may be missing, as it is for students."""
    questions = [question_of(name) for name in test_files(folder, exercise) if is_public(name)]
    files = read_check_files(folder, exercise, questions).public()  # in the course, the hidden ones are there too
    return files, read_questions(files)


def read_questions(files: CheckFiles) -> tuple[Question, ...]:
    """Return the questions and checks that check files declare; ``docs/authoring.md`` explains the marks."""
    names = dict.fromkeys(question_of(name) for name in files.tests)
    return tuple(_read_question(name, files) for name in names)


def _read_question(question: str, files: CheckFiles) -> Question:
    checks: list[Check] = []
    hints: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    for name in (name for name in files.tests if question_of(name) == question):
        where = f"tests/checks/{name}"
        tree = parsed(files.contents[name], where)
        marks = _file_marks(tree, where)
        hints += marks.get("hints", ())
        uses += marks.get("uses", ())
        checks += _read_checks(tree, question, is_public(name), where, marks.get("after", ()))
    _require_order(checks, question, files)
    _require_known(uses, where, files)
    return Question(question, tuple(checks), hints, uses)


def _read_checks(tree: ast.Module, question: str, public: bool, where: str, first: tuple[str, ...]) -> list[Check]:
    checks = []
    for node in tree.body:
        # pytest would run its methods, but they would have no points: only functions are read as checks.
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            raise CourseError(f"{where}:{node.lineno}: write checks as functions, not as methods of a class.")
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
            raise CourseError(f"{where}:{node.lineno}: write checks with `def`, not with `async def`.")
        if is_check(node):
            checks.append(_read_check(node, question, public, where, first))
    return checks


def is_check(node: ast.stmt) -> bool:
    """Whether a top-level statement of a check file is a check."""
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


def _read_check(node: ast.stmt, question: str, public: bool, where: str, first: tuple[str, ...]) -> Check:
    assert isinstance(node, ast.FunctionDef)
    marks = _marks(node.decorator_list, where)
    title = " ".join((ast.get_docstring(node) or "").split())
    place = f"{where}:{node.lineno}: {node.name}"
    if not title:
        raise CourseError(f"{place} has no docstring. Write one: it is the check's title, which students read.")
    if "points" not in marks:
        raise CourseError(f"{place} has no @pytest.mark.points(n). Add it.")
    if unknown := set(marks) - _CHECK_MARKS:
        raise CourseError(f"{place} has unknown marks: {', '.join(sorted(unknown))}. Remove them.")
    name = node.name.removeprefix("test_")
    return Check(
        name=name,
        question=question,
        title=title,
        points=float(marks["points"][0]),
        public=public,
        hint=marks.get("hint", ("",))[0],
        # The mark of a file applies to all its checks except the one that it names.
        after=() if name in first else (*first, *marks.get("after", ())),
        timeout_s=float(marks["timeout"][0]) if "timeout" in marks else None,
        memory_mb=int(marks["memory"][0]) if "memory" in marks else None,
    )


def _require_known(uses: Sequence[str], where: str, files: CheckFiles) -> None:
    known = {question_of(name) for name in files.tests}
    if unknown := sorted(set(uses) - known):
        raise CourseError(f"{where} uses {', '.join(unknown)}, which this exercise does not ask: correct the mark.")


def _require_order(checks: Sequence[Check], question: str, files: CheckFiles) -> None:
    """Raise `CourseError` if two checks share a name, or a public check runs after one that students do not have."""
    names = [check.name for check in checks]
    repeated = sorted({name for name in names if names.count(name) > 1})
    exercise = files.tests[0].split("/")[0]
    where = f"tests/checks/{exercise}: {question}"
    if repeated:  # also between public and hidden: results and `after` know a check by its name
        raise CourseError(f"{where} has checks with the same name: {', '.join(repeated)}. Rename all but one.")
    known = {check.name: check for check in checks}
    for check in checks:
        unknown = [name for name in check.after if name not in known]
        if unknown and not check.public:  # it would never run
            raise CourseError(f"{where}: test_{check.name} runs after {', '.join(unknown)}, which does not exist.")
        unavailable = [*unknown, *(name for name in check.after if name in known and not known[name].public)]
        if check.public and unavailable:
            raise CourseError(
                f"{where}: the public check test_{check.name} runs after {', '.join(unavailable)}, which students do "
                "not have. Make that check public too, or remove the mark `after`."
            )


def _file_marks(tree: ast.Module, where: str) -> dict[str, tuple[Any, ...]]:
    """Return the marks of ``pytestmark``: one mark, or a list of them."""
    for node in tree.body:
        if is_pytestmark(node):
            assert isinstance(node, ast.Assign)
            values = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            marks = _marks(values, where)
            if unknown := set(marks) - _FILE_MARKS:
                raise CourseError(
                    f"{where}:{node.lineno}: pytestmark has unknown marks: {', '.join(sorted(unknown))}. Remove them."
                )
            return marks
    return {}


def is_pytestmark(node: ast.stmt) -> bool:
    """Whether a statement sets ``pytestmark``, the marks of a whole file."""
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _marks(expressions: Sequence[ast.expr], where: str) -> dict[str, tuple[Any, ...]]:
    """Return ``pytest.mark.<name>(args)`` expressions as name → literal arguments."""
    marks: dict[str, tuple[Any, ...]] = {}
    for expression in expressions:
        name = mark_name(expression)
        if not name:  # another decorator, which only pytest has to understand
            continue
        arguments = expression.args if isinstance(expression, ast.Call) else []
        try:
            marks[name] = tuple(ast.literal_eval(argument) for argument in arguments)
        except ValueError:
            raise CourseError(
                f"{where}:{expression.lineno}: the arguments of pytest.mark.{name} must be literals."
            ) from None
        kind, expected = _ARGUMENTS.get(name, (object, ""))
        if name in _ARGUMENTS and not (marks[name] and all(isinstance(value, kind) for value in marks[name])):
            raise CourseError(f"{where}:{expression.lineno}: write {expected} in pytest.mark.{name}(…).")
    return marks


_ARGUMENTS: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(("points", "timeout", "memory"), ((int, float), "a number")),
    **dict.fromkeys(("hint", "hints", "after", "uses"), (str, "a quoted text")),
}
"""The type of each mark's arguments, and its name in messages."""


def mark_name(expression: ast.expr) -> str:
    """Return the name of ``pytest.mark.<name>`` or ``pytest.mark.<name>(args)``; empty for any other expression."""
    match expression.func if isinstance(expression, ast.Call) else expression:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="pytest"), attr="mark"), attr=name):
            return name
    return ""
