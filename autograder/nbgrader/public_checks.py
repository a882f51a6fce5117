"""The public checks of a notebook, run as grading runs them: what the *Validate* button of students shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.checking.display import Table
from autograder.checking.verdict import not_run
from autograder.course import Check, Question, read_questions
from autograder.grading.local import run_jobs
from autograder.grading.preload import modules_used_by
from autograder.notebook.cells import Cell, read_cells
from autograder.results import CheckResult, Outcome, QuestionResult
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.job import CheckFiles, Job
from autograder.sandbox.limits import Limits
from autograder.sandbox.tiers import best_tier
from autograder.sandbox.zygote import COMPILER

_UNFINISHED = "This check could not be run. Validate again; if it happens again, tell your teachers."


def checks_beside(notebook: Path) -> Path | None:
    """Return the file of public checks that was handed out with a notebook; None where there is none."""
    path = notebook.with_name(f"test_{notebook.stem}.py")
    return path if notebook.suffix == ".ipynb" and path.is_file() else None


def run_public(notebook: Path, checks: Path) -> list[QuestionResult]:
    """Run a notebook's cells and its public checks in the best sandbox of this machine; return the outcomes.

    Cells that only illustrate are left out, as in grading. Raises `AutograderError`.
    """
    cells = tuple(cell for cell in read_cells(notebook) if not cell.is_illustration)
    source = checks.read_text("utf-8")
    questions = [_public(question) for question in read_questions(source, checks.name)]
    job = Job(
        check_files=CheckFiles(checks.name, ((checks.name, source.encode()),)),
        checks=tuple(check for question in questions for check in question.checks),
        cells=tuple((cell.id, cell.source) for cell in cells),
        limits=Limits(),
    )
    tier = best_tier()  # students run their own code, so any will do
    preload = _modules(source, cells)
    ((_, graded),) = run_jobs([(notebook, job)], lambda: Engine(tier, preload=preload), jobs=1)
    return [_result(question, graded) for question in questions if question.checks]


def failing(results: Iterable[QuestionResult]) -> list[dict[str, str]]:
    """Return the questions that do not have all of their public points, as nbgrader's window shows failed cells.

    The window takes ``error`` for HTML.
    """
    return [
        {"source": f'check("{result.name}")', "error": _boxed(Table(result)), "raw_error": repr(Table(result))}
        for result in results
        if result.score < result.max_score
    ]


def _boxed(table: Table) -> str:
    """Return a table for a place where nothing else would wrap its lines."""
    return f'<div style="white-space:normal">{table._repr_html_()}</div>'


def _modules(checks: str, cells: Iterable[Cell]) -> list[str]:
    """Return what to import before the limits of cells and checks count: never what only this student imports."""
    trains = any("optim" in cell.source for cell in cells)
    return sorted({*modules_used_by([checks]), *([COMPILER] if trains else [])})


def _public(question: Question) -> Question:
    return Question(question.name, tuple(check for check in question.checks if check.public))


def _result(question: Question, graded: Graded) -> QuestionResult:
    found = {(name, result.name): result for name, result in graded.checks}

    def of(check: Check) -> CheckResult:
        return found.get((question.name, check.name)) or not_run(check, _UNFINISHED, Outcome.GRADER_ERROR)

    return QuestionResult(question.name, tuple(of(check) for check in question.checks))
