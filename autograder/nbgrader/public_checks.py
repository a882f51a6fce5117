"""The public checks of a notebook, run as grading runs them: what the *Validate* button of students shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.checking.display import Table
from autograder.checking.verdict import not_run
from autograder.course import Check, CheckFiles, Question
from autograder.course.reader import read_public_checks
from autograder.grading.local import run_jobs
from autograder.grading.preload import modules_used_by
from autograder.notebook.cells import Cell, read_cells
from autograder.results import CheckResult, Outcome, QuestionResult
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.job import Job
from autograder.sandbox.limits import Limits
from autograder.sandbox.tiers import best_tier
from autograder.sandbox.zygote import COMPILER

_UNFINISHED = "This check could not be run. Validate again; if it happens again, tell your teachers."


def checks_beside(notebook: Path) -> Path | None:
    """Return the folder of the checks that were handed out with a notebook; None where there is none."""
    folder = notebook.with_name("checks")
    has_checks = any(folder.glob(f"{notebook.stem}/public/test_*.py"))
    return folder if notebook.suffix == ".ipynb" and has_checks else None


def run_public(notebook: Path, checks: Path) -> list[QuestionResult]:
    """Run a notebook's cells and its public checks in the best sandbox of this machine; return the outcomes.

    ``checks`` is the folder that `checks_beside` found.

    Cells that only illustrate are left out, as in grading. Raises ``Unreadable``, ``CourseError`` and ``EngineError``.
    """
    cells = tuple(cell for cell in read_cells(notebook) if not cell.is_illustration)
    files, questions = read_public_checks(checks, notebook.stem)
    job = Job(
        check_files=files,
        checks=tuple(check for question in questions for check in question.checks),
        cells=tuple((cell.id, cell.source) for cell in cells),
        limits=Limits(),
    )
    tier = best_tier()  # students run their own code, so any will do
    preload = _modules(files, cells)
    ((_, graded),) = run_jobs([(notebook, job)], lambda: Engine(tier, preload=preload), jobs=1)
    return [_result(question, graded) for question in questions]


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


def _modules(checks: CheckFiles, cells: Iterable[Cell]) -> list[str]:
    """Return what to import before the limits of cells and checks count: never what only this student imports."""
    trains = any("optim" in cell.source for cell in cells)
    return sorted({*modules_used_by(content for _, content in checks.files), *([COMPILER] if trains else [])})


def _result(question: Question, graded: Graded) -> QuestionResult:
    found = {(name, result.name): result for name, result in graded.checks}

    def of(check: Check) -> CheckResult:
        return found.get((question.name, check.name)) or not_run(check, _UNFINISHED, Outcome.GRADER_ERROR)

    return QuestionResult(question.name, tuple(of(check) for check in question.checks))
