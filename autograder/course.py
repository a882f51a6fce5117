"""A course as it lies on the disk: its exercises, their questions and the checks with their points.

Nothing is imported or run to find this out. Checks are read from the syntax tree of
``tests/checks/test_<exercise>.py``, so that ``autograder --help``, a build or a gradebook needs no torch,
and there is one reading of a check's marks for the notebook, the grader and the release alike.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import CourseError, UsageError, reading

CONFIG_NAME = "nbgrader_config.py"


@dataclass(frozen=True)
class Check:
    """One check of a question, as its marks declare it.

    ``timeout_s`` is in seconds of CPU time and ``memory_mb`` in MiB; None leaves the grader's default.
    """

    name: str
    question: str
    title: str
    points: float
    public: bool
    hint: str = ""
    after: tuple[str, ...] = ()
    timeout_s: float | None = None
    memory_mb: int | None = None

    @property
    def visibility(self) -> str:
        """``public`` or ``hidden``."""
        return "public" if self.public else "hidden"


@dataclass(frozen=True)
class Question:
    """One function or class that students write, with its checks in order, and what ``hint`` tells of it."""

    name: str
    checks: tuple[Check, ...]
    hints: tuple[str, ...] = ()

    @property
    def max_score(self) -> float:
        """The points of all its checks."""
        return round(sum(check.points for check in self.checks), 6)


@dataclass(frozen=True)
class Exercise:
    """One lecture exercise: a solved module and the file of its checks."""

    name: str
    solution: Path
    checks: Path
    questions: tuple[Question, ...]
    optional: bool = False

    @property
    def max_score(self) -> float:
        """The points of all its questions."""
        return round(sum(question.max_score for question in self.questions), 6)

    def question(self, name: str) -> Question:
        """Return one question; raise `UsageError` naming the known ones when there is none."""
        for question in self.questions:
            if question.name == name:
                return question
        known = ", ".join(question.name for question in self.questions)
        raise UsageError(f"{self.name} has no question {name!r}; it has: {known}")

    def check_files(self) -> dict[str, bytes]:
        """Return what the checker needs to run this exercise's checks: file name → content.

        These are all files ``test_<exercise>.*``: the checks, their calibration record, data that they bring along.
        """
        beside = sorted(self.checks.parent.glob(f"{self.checks.stem}.*"))
        return {path.name: path.read_bytes() for path in beside if path.is_file()}

    @property
    def checks_digest(self) -> str:
        """SHA-256 of the checks and of all files that travel with them: what a result was graded by."""
        digest = hashlib.sha256()
        for name, content in sorted(self.check_files().items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


@dataclass(frozen=True)
class Course:
    """All exercises of a course, in the order of the lecture."""

    root: Path
    exercises: tuple[Exercise, ...]

    def exercise(self, name: str) -> Exercise:
        """Return one exercise; raise `UsageError` naming the known ones when there is none."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        known = ", ".join(exercise.name for exercise in self.exercises)
        raise UsageError(f"there is no exercise {name!r}; this course has: {known}")


def find_root(start: Path | None = None) -> Path:
    """Return the nearest folder at or above ``start`` that holds a course (its ``nbgrader_config.py``)."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder
    raise CourseError(
        f"no course here: neither {start} nor a folder above it holds {CONFIG_NAME}. "
        "Change to the course's folder, or name it with --course."
    )


def load_course(root: Path | None = None) -> Course:
    """Read the course at or above ``root``: every ``solutions/*.py`` with its checks, in the configured order."""
    root = find_root(root)
    names = sorted(path.stem for path in (root / "solutions").glob("*.py"))
    order, optional = _configured(root)
    if order:
        missing = set(order) - set(names)
        if missing:
            raise CourseError(f"{CONFIG_NAME} lists exercises without a solutions/*.py: {sorted(missing)}")
        names = order + [name for name in names if name not in order]
    if not names:
        raise CourseError(f"{root / 'solutions'} holds no exercise. Start one with: autograder new EXERCISE")
    return Course(root, tuple(_load_exercise(root, name, name in optional) for name in names))


def _configured(root: Path) -> tuple[list[str], set[str]]:
    """Read ``c.Course.exercises`` and ``c.Course.optional`` from nbgrader_config.py without running it."""
    values: dict[str, Any] = {}
    with reading(root / CONFIG_NAME, CourseError):
        source = (root / CONFIG_NAME).read_text("utf-8")
    for node in parsed_file(source, CONFIG_NAME).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
            "c.Course.exercises",
            "c.Course.optional",
        ):
            name = ast.unparse(node.targets[0])
            try:
                values[name] = ast.literal_eval(node.value)
                if not all(isinstance(one, str) for one in values[name]) or isinstance(values[name], str):
                    raise ValueError
            except (ValueError, TypeError):
                raise CourseError(
                    f"{CONFIG_NAME}:{node.lineno}: write {name} as a list of names in quotes, as in "
                    '["first", "second"]; it is read without running the file.'
                ) from None
    return list(values.get("c.Course.exercises", [])), set(values.get("c.Course.optional", []))


def _load_exercise(root: Path, name: str, optional: bool) -> Exercise:
    checks = root / "tests" / "checks" / f"test_{name}.py"
    if not checks.is_file():
        raise CourseError(f"solutions/{name}.py has no checks: write {checks.relative_to(root)}.")
    solution = root / "solutions" / f"{name}.py"
    for path in (solution, checks):
        with reading(path, CourseError):
            source = path.read_text("utf-8")
    return Exercise(name, solution, checks, read_questions(source, str(checks.relative_to(root))), optional)


def read_questions(source: str, where: str) -> tuple[Question, ...]:
    """Read the questions and checks that a file of checks declares, in order.

    A question is a class marked ``@pytest.mark.question(name)``; a check is one of its ``test_…`` methods,
    marked ``points``, ``public``, ``hint``, ``after``, ``timeout`` or ``memory``. ``after`` at the class stands for
    every other check of it; ``hints`` are for who does not know how to begin.
    """
    questions = []
    for node in parsed_file(source, where).body:
        marks = _marks(node, where) if isinstance(node, ast.ClassDef) else {}
        if isinstance(node, ast.ClassDef) and "question" in marks:
            name = marks["question"][0]
            checks = tuple(
                _read_check(method, name, where, marks.get("after", ()))
                for method in node.body
                if isinstance(method, ast.FunctionDef) and method.name.startswith("test_")
            )
            questions.append(Question(name, checks, marks.get("hints", ())))
    names = [(question.name, check.name) for question in questions for check in question.checks]
    repeated = sorted({f"{question}.{check}" for question, check in names if names.count((question, check)) > 1})
    if repeated:
        raise CourseError(f"{where}: checks with the same name in one question: {', '.join(repeated)}")
    return tuple(questions)


def _read_check(method: ast.FunctionDef, question: str, where: str, first: tuple[str, ...]) -> Check:
    marks = _marks(method, where)
    title = " ".join((ast.get_docstring(method) or "").split())
    place = f"{where}:{method.lineno}: {question}.{method.name}"
    if not title:
        raise CourseError(f"{place} has no docstring; a check's docstring is the title that students read.")
    if "points" not in marks:
        raise CourseError(f"{place} has no @pytest.mark.points(n).")
    unknown = set(marks) - {"points", "public", "hint", "after", "timeout", "memory"}
    if unknown:
        raise CourseError(f"{place} has unknown marks: {', '.join(sorted(unknown))}.")
    name = method.name.removeprefix("test_")
    return Check(
        name=name,
        question=question,
        title=title,
        points=float(marks["points"][0]),
        public="public" in marks,
        hint=marks.get("hint", ("",))[0],
        after=() if name in first else (*first, *marks.get("after", ())),
        timeout_s=float(marks["timeout"][0]) if "timeout" in marks else None,
        memory_mb=int(marks["memory"][0]) if "memory" in marks else None,
    )


def _marks(node: ast.ClassDef | ast.FunctionDef, where: str) -> dict[str, tuple[Any, ...]]:
    """Return ``@pytest.mark.<name>(args)`` decorators as name → literal arguments."""
    marks: dict[str, tuple[Any, ...]] = {}
    for decorator in node.decorator_list:
        name = mark_name(decorator)
        if not name:
            continue
        arguments = decorator.args if isinstance(decorator, ast.Call) else []
        try:
            marks[name] = tuple(ast.literal_eval(argument) for argument in arguments)
        except ValueError:
            raise CourseError(
                f"{where}:{decorator.lineno}: the arguments of pytest.mark.{name} must be literals."
            ) from None
        kind, words = _ARGUMENTS.get(name, (object, ""))
        if name in _ARGUMENTS and not (marks[name] and all(isinstance(each, kind) for each in marks[name])):
            raise CourseError(f"{where}:{decorator.lineno}: write {words} into pytest.mark.{name}(…).")
    return marks


_ARGUMENTS: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(("points", "timeout", "memory"), ((int, float), "a number")),
    **dict.fromkeys(("question", "hint", "hints", "after"), (str, "a text in quotes")),
}
"""What each mark is given, and what to call it."""


def mark_name(decorator: ast.expr) -> str:
    """Return the name of ``@pytest.mark.<name>`` or ``@pytest.mark.<name>(args)``, empty for another decorator."""
    match decorator.func if isinstance(decorator, ast.Call) else decorator:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="pytest"), attr="mark"), attr=name):
            return name
    return ""


@functools.lru_cache(maxsize=64)
def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a module of the course, read once for all who ask; nobody may change it."""
    return ast.parse(source)


def parsed_file(source: str, where: str) -> ast.Module:
    """Return the syntax tree of a file of the course; raise `CourseError` where it has none."""
    try:
        return parsed(source)
    except SyntaxError as error:
        raise CourseError(f"{where}:{error.lineno}: this is not valid Python: {error.msg}.") from None
    except ValueError as error:  # null bytes, before Python 3.12
        raise CourseError(f"{where} is not valid Python: {error}.") from None


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Yield every statement in a tree, without a look at the expressions: a tenth of what `ast.walk` visits."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, name, ()):
            if isinstance(node, ast.stmt):
                yield node
            yield from statements(node)
