"""Run the checks on the collection of answers and report every mistake that survives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from autograder.checking.failures import UNSPECIFIED
from autograder.course import Exercise, Question
from autograder.course.cells import Cell
from autograder.grading.one_submission import PreparedSubmission, grade, prepare
from autograder.proving.answers import Answer, junk_answers, read_answers
from autograder.proving.plan import checks_that_train, with_answer
from autograder.results.model import CheckResult, Outcome, QuestionResult
from autograder.sandbox.engine import Engine
from autograder.sandbox.protocol.messages import Limits
from autograder.submissions.find import SubmissionFile

AT_LEAST = 3
"""The fewest right answers, and the fewest wrong ones, that a question's collection must hold."""


@dataclass(frozen=True)
class Verdict:
    """The results of running the checks on one answer, and the problems that they reveal in the checks."""

    answer: Answer
    checks: tuple[CheckResult, ...]
    problems: tuple[str, ...]


@dataclass
class Proof:
    """The verdicts on all answers to one question; ``problems`` are those of the collection itself."""

    question: Question
    verdicts: list[Verdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def count(self, kind: str) -> tuple[int, int]:
        """Return how many answers of a kind have no problem, and how many there are."""
        verdicts = [verdict for verdict in self.verdicts if verdict.answer.kind == kind]
        return sum(not verdict.problems for verdict in verdicts), len(verdicts)

    @property
    def all_problems(self) -> list[str]:
        """Every problem of this question, as sentences."""
        return self.problems + [problem for verdict in self.verdicts for problem in verdict.problems]


def prove(
    engine: Engine,
    exercise: Exercise,
    stub_cells: Sequence[Cell],
    *,
    jobs: int,
    limits: Limits | None = None,
    notify: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Proof]:
    """Return a proof for each question of an exercise.

    Right answers, the solution included, must get full points. A wrong answer must fail every check that it names.
    The untouched stub must count as not attempted. Junk must get less than full points and must not break a check.
    Checks that train run only on right answers and on wrong ones that name them.
    """
    limits = limits or Limits.of_course(exercise.solution.parents[1])  # solutions/, then the course
    reference = prepare(SubmissionFile("reference", exercise.name, exercise.solution), exercise, engine.tier)
    proofs = {question.name: Proof(question) for question in exercise.questions}
    answers = list(_all_answers(exercise, proofs, reference, stub_cells))
    slow = checks_that_train(exercise)

    def run(answer: Answer) -> Verdict:
        question = _with_needed_checks(exercise.question(answer.question), answer, slow)
        cells = with_answer(reference.cells, answer)  # all other questions keep the solution's answers
        prepared = replace(reference, exercise=replace(exercise, questions=(question,)), cells=cells)
        result = grade(engine, prepared, limits)
        return Verdict(answer, result.questions[0].checks, tuple(_problems(answer, result.questions[0])))

    with ThreadPoolExecutor(jobs) as pool:  # threads only wait for the sandbox; `map` keeps the order of the answers
        for verdict in pool.map(run, answers):
            proofs[verdict.answer.question].verdicts.append(verdict)
            notify(verdict)
    return list(proofs.values())


def _with_needed_checks(question: Question, answer: Answer, slow: Collection[tuple[str, str]]) -> Question:
    """Return the question without the slow checks that this answer does not need."""
    if answer.kind == "right":
        return question
    # A check does not run unless those that it is `after` have passed, so they are needed too.
    after = {check.name: check.after for check in question.checks}
    needed: set[str] = set()
    waiting = list(answer.caught_by)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += after[name]
    chosen = (check for check in question.checks if check.name in needed or (question.name, check.name) not in slow)
    return replace(question, checks=tuple(chosen))


def _all_answers(
    exercise: Exercise, proofs: dict[str, Proof], reference: PreparedSubmission, stub_cells: Sequence[Cell]
) -> Iterator[Answer]:
    solved = {cell.id: cell.source for cell in reference.cells}
    stubs = {cell.id: cell.source for cell in stub_cells}
    for question in exercise.questions:
        collected = read_answers(exercise, question)
        for kind in ("right", "wrong"):
            count = sum(answer.kind == kind for answer in collected)
            if count < AT_LEAST:
                proofs[question.name].problems.append(
                    f"{question.name} has {count} {kind} answers. Write at least {AT_LEAST}."
                )
        yield Answer(question.name, "right", "the solution", solved[question.name])
        yield Answer(question.name, "stub", "the untouched stub", stubs[question.name])
        yield from collected
        yield from junk_answers(question)


def _problems(answer: Answer, question: QuestionResult) -> Iterator[str]:
    """Yield the problems that an answer's result reveals in the checks."""
    name = f"{question.name}, {answer.kind} answer “{answer.label}”"
    for check in question.checks:
        if check.outcome is Outcome.GRADER_ERROR:
            yield f"{name}: the check {check.name} itself failed. {check.message}"
        elif check.visibility == "hidden" and UNSPECIFIED in check.message:
            yield (
                f"{name}: the hidden check {check.name} says only “{UNSPECIFIED}”, because its message is not made of "
                'literals: write a literal or `phrase("… {field} …", field=literal)`, and give values as `details=`.'
            )
    match answer.kind:
        case "right":
            for check in question.checks:
                if check.outcome is not Outcome.PASSED:
                    yield f"{name} is refused by {check.name} ({check.outcome}): {check.message}"
        case "wrong":
            passed = {check.name for check in question.checks if check.outcome is Outcome.PASSED}
            for meant in answer.caught_by:
                if meant in passed:
                    yield f"{name} survives {meant}, the check that must catch it."
        case "stub":
            for check in question.checks:
                if check.outcome not in (Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN):
                    yield f"{name}: {check.name} says {check.outcome} instead of not_attempted."
        case "junk":
            if question.score >= question.max_score:
                yield f"{name} gets full points."
