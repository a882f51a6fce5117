"""Plan a calibration: which checks use an experiment, and which answers it is measured with.

Uses are read from the syntax tree. An experiment that no check uses (on other data, for instance) is measured with the
answers of those that share its measurement.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.course import Exercise
from autograder.course.cells import Cell
from autograder.course.check_files import assignments, parsed, question_of
from autograder.course.digests import code_digest, program, reachable, statements
from autograder.course.reader import is_check
from autograder.errors import CourseError
from autograder.proving.answers import Answer, read_answers
from autograder.submissions.read import cells_of_module

SOLUTION = "the solution"


@dataclass(frozen=True)
class Description:
    """An `Experiment` that a check file defines or imports.

    ``data`` is the digest of its data, the same on every machine if ``exact``; ``missing`` says why there is none.
    """

    name: str
    file: str
    variable: str
    dataset: str
    metric: str
    measure: str
    data_function: str
    baselines: Mapping[str, str]
    data: str
    exact: bool
    missing: str = ""


@dataclass(frozen=True)
class Subject:
    """What is measured: the cells of an answer, or a baseline of an experiment, which has no cells.

    ``code`` is the digest of all code that the result depends on, apart from the measurement; ``is_reference`` marks
    the solution.
    """

    kind: str
    label: str
    cells: tuple[Cell, ...]
    code: str
    is_reference: bool = False


@dataclass(frozen=True)
class Plan:
    """An experiment, the checks that use it as ``question.check``, and the subjects that it is measured with.

    ``graded`` is False if no check uses it; ``checks`` are then those that share its measurement.
    """

    experiment: Description
    graded: bool
    checks: tuple[str, ...]
    measure: str
    subjects: tuple[Subject, ...]

    def of(self, kind: str) -> list[Subject]:
        """Return the subjects of one kind: ``right``, ``wrong`` or ``baseline``."""
        return [subject for subject in self.subjects if subject.kind == kind]


def has_experiments(exercise: Exercise) -> bool:
    """Whether an exercise's check files mention experiments at all."""
    # A search in the text, because planning starts a process that imports torch.
    return any(b"Experiment" in content for name, content in exercise.check_files.files if name.endswith(".py"))


def checks_that_train(exercise: Exercise) -> frozenset[tuple[str, str]]:
    """Return the checks that use an experiment, as (question, check); these take seconds rather than milliseconds."""
    if not has_experiments(exercise):
        return frozenset()
    files = exercise.check_files
    experiments = {
        name
        for file, content in files.files
        if file.endswith(".py")
        for name in _experiment_names(parsed(content, file))
    }
    return frozenset(name for name, reached in _uses(exercise) if reached & experiments)


def _experiment_names(tree: ast.Module) -> Iterator[str]:
    for name, value in assignments(tree):
        if isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] == "Experiment":
            yield name


def plan(exercise: Exercise, described: Sequence[Description]) -> list[Plan]:
    """Return one plan per experiment; raise `CourseError` if an experiment cannot be planned."""
    uses = dict(_uses(exercise))
    return [_plan(exercise, uses, each, described) for each in described]


def _plan(
    exercise: Exercise,
    uses: Mapping[tuple[str, str], frozenset[str]],
    each: Description,
    described: Sequence[Description],
) -> Plan:
    where = f"tests/checks/{each.file}: the experiment {each.name}"
    code = program(exercise.check_files, each.file)
    known = frozenset().union(*(statement.binds for statement in code))
    roots = [each.measure, each.data_function, *each.baselines.values()]
    unknown = sorted(set(roots) - known)
    if unknown:
        raise CourseError(
            f"{where} needs functions that neither this file nor one that it imports defines at the top level: "
            f"{', '.join(unknown)}."
        )
    own = [name for name, reached in uses.items() if each.variable in reached]
    sharing = {other.variable for other in described if other.measure == each.measure}
    checks = own or [name for name, reached in uses.items() if sharing & reached]  # if not graded
    if not checks:
        raise CourseError(f"{where} is not used by any check. Use it in one, or delete it.")
    measure = reachable(code, [each.measure, each.data_function])
    subjects = list(_answers(exercise, checks, frozenset().union(*(statement.needs for statement in measure))))
    for label, function in each.baselines.items():
        subjects.append(Subject("baseline", label, (), code_digest(reachable(code, [function]))))
    # Wrong answers and baselines are compared in one table, so their labels must differ as well.
    labels = [(subject.kind == "right", subject.label) for subject in subjects]
    repeated = sorted({label for right, label in labels if labels.count((right, label)) > 1})
    if repeated:
        raise CourseError(
            f"{where} is measured with two answers of the same name. Rename one of {', '.join(repeated)}."
        )
    names = tuple(f"{question}.{check}" for question, check in checks)
    return Plan(each, bool(own), names, code_digest(measure), tuple(subjects))


def _answers(exercise: Exercise, checks: Sequence[tuple[str, str]], needs: frozenset[str]) -> Iterator[Subject]:
    """Yield the answers to the questions of these checks: right ones, and the wrong ones that these must catch.

    Held-out answers are left for `prove`: an answer that a threshold was made from does not show that it holds.
    """
    cells = tuple(cell for cell in cells_of_module(exercise.source) if not cell.is_illustration)
    names = list(dict.fromkeys(question for question, _ in checks))
    for name in names:
        question = exercise.question(name)
        solved = next((cell.source for cell in cells if cell.id == name), "")  # a question's cell has its name as id
        meant = {check for of, check in checks if of == name}
        for answer in (Answer(name, "right", SOLUTION, solved), *read_answers(exercise, question)):
            if (answer.kind == "right" and not answer.held_out) or meant & set(answer.caught_by):
                answered = with_answer(cells, answer)
                code = [statement for cell in answered for statement in statements(cell.source)]
                used = code_digest(reachable(code, {name, *needs}))
                label = answer.label if len(names) == 1 else f"{name}: {answer.label}"
                yield Subject(answer.kind, label, answered, used, is_reference=answer.label == SOLUTION)


def with_answer(cells: Sequence[Cell], answer: Answer) -> tuple[Cell, ...]:
    """Return the cells with the answer in place of its question's cell."""
    return tuple(Cell(cell.id, answer.source) if cell.id == answer.question else cell for cell in cells)


def _uses(exercise: Exercise) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    """Yield each check as (question, check) with all names that it depends on, in its file and its imports."""
    files = exercise.check_files
    for file in files.tests:
        checks = [node for node in parsed(files.contents[file], file).body if is_check(node)]
        # Without the other checks: what only they reach is not used by this one.
        helpers = [each for each in program(files, file) if not any(name.startswith("test_") for name in each.binds)]
        for node in checks:
            assert isinstance(node, ast.FunctionDef)
            needs = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
            found = reachable(helpers, needs)
            reached = needs.union(*(statement.needs for statement in found))
            yield (question_of(file), node.name.removeprefix("test_")), reached
