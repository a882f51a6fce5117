"""Run the checks against the collection of answers and say which mistake survives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

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
"""How many right and how many wrong answers a question's collection must hold."""


@dataclass(frozen=True)
class Verdict:
    """One answer, run: what its checks gave, and what is wrong with that (nothing, if all is well)."""

    answer: Answer
    checks: tuple[CheckResult, ...]
    problems: tuple[str, ...]


@dataclass
class Proof:
    """What was found for one question."""

    question: Question
    verdicts: list[Verdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def count(self, kind: str) -> tuple[int, int]:
        """Return how many answers of a kind behaved as they must, and how many there are."""
        verdicts = [verdict for verdict in self.verdicts if verdict.answer.kind == kind]
        return sum(not verdict.problems for verdict in verdicts), len(verdicts)

    @property
    def all_problems(self) -> list[str]:
        """Every sentence that stands against the checks of this question."""
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

    Right answers, the solution first among them, must get full points. A wrong one must lose points by every
    check that it names. The stub must get nothing, and be called not attempted. Junk must get less than full
    points and must not break a check. Checks that train run for right answers, and for wrong ones that name them.
    """
    limits = limits or Limits()
    reference = prepare(SubmissionFile("reference", exercise.name, exercise.solution), exercise, engine.tier)
    proofs = {question.name: Proof(question) for question in exercise.questions}
    answers = list(_all_answers(exercise, proofs, reference, stub_cells))
    dear = checks_that_train(exercise)

    def run(answer: Answer) -> Verdict:
        asked = replace(exercise, questions=(_asked(exercise.question(answer.question), answer, dear),))
        prepared = replace(reference, exercise=asked, cells=with_answer(reference.cells, answer))
        result = grade(engine, prepared, limits)
        return Verdict(answer, result.questions[0].checks, tuple(_problems(answer, result.questions[0])))

    with ThreadPoolExecutor(jobs) as pool:
        for verdict in pool.map(run, answers):
            proofs[verdict.answer.question].verdicts.append(verdict)
            notify(verdict)
    return list(proofs.values())


def _asked(question: Question, answer: Answer, dear: Collection[tuple[str, str]]) -> Question:
    """Return a question with the checks that are to be run on an answer."""
    if answer.kind == "right":
        return question
    after = {check.name: check.after for check in question.checks}
    needed: set[str] = set()
    waiting = list(answer.caught_by)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += after[name]
    kept = (check for check in question.checks if check.name in needed or (question.name, check.name) not in dear)
    return replace(question, checks=tuple(kept))


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
                    f"{question.name} has {count} {kind} answers; collect at least {AT_LEAST}."
                )
        yield Answer(question.name, "right", "the solution", solved[question.name])
        yield Answer(question.name, "stub", "the untouched stub", stubs[question.name])
        yield from collected
        yield from junk_answers(question)


def _problems(answer: Answer, question: QuestionResult) -> Iterator[str]:
    """Yield what stands against the checks, given what they said of an answer."""
    name = f"{question.name}, {answer.kind} answer “{answer.label}”"
    for check in question.checks:
        if check.outcome is Outcome.GRADER_ERROR:
            yield f"{name}: the check {check.name} itself failed. {check.message}"
    match answer.kind:
        case "right":
            for check in question.checks:
                if check.outcome is not Outcome.PASSED:
                    yield f"{name} is refused by {check.name} ({check.outcome}): {check.message}"
        case "wrong":
            passed = {check.name for check in question.checks if check.outcome is Outcome.PASSED}
            for meant in answer.caught_by:
                if meant in passed:
                    yield f"{name} survives {meant}, the check that is meant for it."
        case "stub":
            for check in question.checks:
                if check.outcome not in (Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN):
                    yield f"{name}: {check.name} says {check.outcome}, not that it was not attempted."
        case "junk":
            if question.score >= question.max_score:
                yield f"{name} gets full points."
