"""Grade an answer that uses a wrong answer to another question: a mistake should cost its own points only.

Where the course says that a question uses another one (``pytest.mark.uses``), and that one is wrong, the checks that
failed run again with the solution's function in the place of the wrong one. Only whether they pass is taken from that
run: its messages could carry the solution out. Where the course says nothing, the message names the other question.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from autograder.checking.verdict import result_of
from autograder.course.cells import names_defined
from autograder.results.model import VOID, CheckResult, Outcome
from autograder.sandbox.protocol.messages import Graded, Job
from autograder.submissions.read import cells_of_module

_FAILED = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED, Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN)


def settle(graded: Graded, job: Job, run: Callable[[Job], Graded]) -> None:
    """Give questions that use wrong answers the points that they earn with right ones in their place."""
    wrong = _wrong(graded, job)
    for question in wrong:
        used = tuple(name for name in _all_used(question, job.uses) if name in wrong)
        if used and job.reference:
            _grade_again(question, used, graded, job, run)
        elif question not in job.uses:
            causes = [name for name in _names_in(question, job) if name in wrong and name != question]
            _explain(question, causes, graded)


def void(questions: Collection[str], graded: Graded, job: Job) -> None:
    """Take the points of questions whose answers do what the exercise does not allow."""
    declared = {(check.question, check.name): check for check in job.checks}
    for place, (question, check) in enumerate(graded.checks):
        if question in questions and check.outcome is Outcome.PASSED:
            graded.checks[place] = question, result_of(declared[question, check.name], Outcome.FAILED, VOID)


def _wrong(graded: Graded, job: Job) -> list[str]:
    """Return the questions of which a check did not pass, in order."""
    failed = {question for question, check in graded.checks if check.outcome in _FAILED}
    failed |= {question for question, _, passed in job.reused if not passed}
    return [question for question in dict.fromkeys(check.question for check in job.checks) if question in failed]


def _all_used(question: str, uses: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the questions that an answer uses, directly and indirectly."""
    seen, waiting = {question}, list(uses.get(question, ()))
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.add(name)
            yield name
            waiting += uses.get(name, ())


def _grade_again(question: str, used: tuple[str, ...], graded: Graded, job: Job, run: Callable[[Job], Graded]) -> None:
    failed = {check.name for name, check in graded.checks if name == question and check.outcome in _FAILED}
    right = [cell for cell in cells_of_module(job.reference) if cell.id in used]
    # Below the student's cells: functions look up what they call when they are called.
    cells = (*job.cells, *((f"{cell.id}~solution", cell.source) for cell in right))
    keys = [(check.question, check.name) for check in job.checks]
    others = tuple((*key, True) for key in keys if key[0] != question or key[1] not in failed)
    again = run(replace(job, cells=cells, reused=others))
    passed = {check.name for name, check in again.checks if name == question and check.outcome is Outcome.PASSED}
    names = " and ".join(f"`{name}`" for name in used)
    note = f"Passed with the solution's {names} in place of yours."
    declared = {check.name: check for check in job.checks if check.question == question}
    _replace(
        graded,
        question,
        lambda check: result_of(declared[check.name], Outcome.PASSED, note) if check.name in passed else check,
    )


def _names_in(question: str, job: Job) -> Iterator[str]:
    """Yield the names that the student's answer to a question mentions."""
    for _, source in job.cells:
        if question in names_defined(source):
            try:
                tree = ast.parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):  # as IPython may still run it, or not
                return
            yield from dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _explain(question: str, causes: list[str], graded: Graded) -> None:
    if causes:
        hint = f"It uses your `{causes[0]}`, which is not right yet: look at that question first."
        _replace(
            graded,
            question,
            lambda check: replace(check, message=f"{check.message}\n{hint}") if check.outcome in _FAILED[:3] else check,
        )


def _replace(graded: Graded, question: str, new: Callable[[CheckResult], CheckResult]) -> None:
    graded.checks = [(name, new(check) if name == question else check) for name, check in graded.checks]
