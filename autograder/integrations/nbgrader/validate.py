"""A Jupyter server extension that answers nbgrader's *Validate* button by running the public checks in the sandbox.

nbgrader's own extension runs the whole notebook, including figures and demonstrations, and blocks its server meanwhile.
This one runs only the cells that grading runs, in separate processes. It replaces
``nbgrader.server_extensions.validate_assignment``; the button itself stays nbgrader's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions.validate_assignment.handlers import NbGraderVersionHandler, ValidateAssignmentHandler
from nbgrader.validator import Validator
from tornado import web

from autograder.checking.verdict import blamed, not_run
from autograder.course import Check, CheckFiles, Question
from autograder.course.cells import Cell
from autograder.course.reader import read_public_checks
from autograder.errors import AutograderError
from autograder.grading.scheduler import modules_used_by, run_jobs
from autograder.results.model import CheckResult, Outcome, QuestionResult
from autograder.results.rendering import CheckTable
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.sandbox.processes.zygote import COMPILER
from autograder.sandbox.protocol.messages import Graded, Job, Limits
from autograder.submissions.read import read_document
from autograder.submissions.restore import with_answers, without_figures


class ValidateHandler(ValidateAssignmentHandler):  # type: ignore[misc]
    """``POST assignments/validate`` with a ``path``, in the URL or the body.

    A notebook without public checks beside it belongs to another course; nbgrader validates it.
    """

    @web.authenticated
    async def post(self) -> None:
        """Validate a notebook without blocking the server."""
        notebook = self._notebook()
        checks = checks_beside(notebook) if notebook else None
        if notebook is None or checks is None:
            super().post()
        else:
            self.finish(json.dumps(await asyncio.to_thread(validated, notebook, checks)))

    def _notebook(self) -> Path | None:
        """Return the requested notebook; None if it is outside the served folder."""
        root = Path(self.root_dir).resolve()
        body = self.get_json_body() if self.request.body else None  # sent by the button in the assignment list
        path = (root / str(self.get_argument("path", None) or (body or {}).get("path", ""))).resolve()
        return path if path.is_relative_to(root) else None  # neither `..` nor a link leads out of the folder


def validated(notebook: Path, checks: Path) -> dict[str, Any]:
    """Return what nbgrader's dialog shows: the locked cells that were changed or, if none, the questions that fail."""
    try:
        changed = _changed_cells(notebook)
        failed = {} if changed else {"failed": failing(run_public(notebook, checks))}
    except (AutograderError, OSError, ValueError) as error:
        return {"success": False, "value": str(error)}
    return {"success": True, "value": changed or {kind: cells for kind, cells in failed.items() if cells}}


def _changed_cells(notebook: Path) -> dict[str, list[dict[str, str]]]:
    """Return the locked cells that a student changed, as nbgrader finds and reports them."""
    # Private methods: the public `validate` would execute the notebook.
    validator = Validator()
    document = nbformat.read(notebook, as_version=nbformat.current_nbformat)
    retyped = validator._get_type_changed_cells(document)
    if retyped:
        kinds = [(cell.source.strip(), cell.cell_type, cell.metadata.nbgrader.cell_type) for cell in retyped]
        return {"type_changed": [{"source": text, "old_type": old, "new_type": new} for text, old, new in kinds]}
    changed = validator._get_changed_cells(document)
    return {"changed": [{"source": cell.source.strip()} for cell in changed]} if changed else {}


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Register the handlers of nbgrader's extension under the same URLs."""
    settings = app.web_app.settings
    settings["root_dir"] = app.root_dir  # nbgrader's handlers read it
    base = settings["base_url"]
    app.web_app.add_handlers(
        ".*$",  # for every host name
        [
            (url_path_join(base, "/assignments/validate"), ValidateHandler),
            (url_path_join(base, "/nbgrader_version"), NbGraderVersionHandler),
        ],
    )


_UNFINISHED = "This check could not be run. Validate again; if this happens again, tell your teachers."


def checks_beside(notebook: Path) -> Path | None:
    """Return the folder of checks that was released with a notebook; None if there is none."""
    folder = notebook.with_name("checks")
    has_checks = any(folder.glob(f"{notebook.stem}/public/test_*.py"))
    return folder if notebook.suffix == ".ipynb" and has_checks else None


def run_public(notebook: Path, checks: Path) -> list[QuestionResult]:
    """Run a notebook's cells and public checks in the best sandbox of this machine; return the results.

    ``checks`` is the folder from `checks_beside`. As in grading, figures are skipped unless a student changed them.
    Raises `AutograderError`.
    """
    files, questions = read_public_checks(checks, notebook.stem)
    found, _ = with_answers(read_document(notebook), (question.name for question in questions))
    cells = without_figures(found)
    job = Job(
        check_files=files,
        checks=tuple(check for question in questions for check in question.checks),
        cells=tuple((cell.id, cell.source) for cell in cells),
        limits=Limits(),
    )
    tier = best_tier()  # any tier will do: students run their own code
    preload = _modules(files, cells)
    ((_, graded),) = run_jobs([(notebook, job)], lambda: Engine(tier, preload=preload), jobs=1)
    return [_result(question, graded) for question in questions]


def failing(results: Iterable[QuestionResult]) -> list[dict[str, str]]:
    """Return the questions without full public points, in the form of nbgrader's failed cells.

    nbgrader's dialog renders ``error`` as HTML.
    """
    return [
        {
            "source": f'check("{result.name}")',
            "error": _boxed(CheckTable(result)),
            "raw_error": repr(CheckTable(result)),
        }
        for result in results
        if result.score < result.max_score
    ]


def _boxed(table: CheckTable) -> str:
    """Return a table as HTML whose lines wrap: nbgrader's dialog would not wrap them."""
    return f'<div style="white-space:normal">{table._repr_html_()}</div>'


def _modules(checks: CheckFiles, cells: Iterable[Cell]) -> list[str]:
    """Return the modules to import before the limits of cells and checks apply, never those of only this student."""
    trains = any("optim" in cell.source for cell in cells)  # its first optimizer imports the compiler
    return sorted({*modules_used_by(checks.contents), *([COMPILER] if trains else [])})


def _result(question: Question, graded: Graded) -> QuestionResult:
    found = {(name, result.name): result for name, result in graded.checks}

    def of(check: Check) -> CheckResult:
        result = found.get((question.name, check.name))
        if result is None:
            return not_run(check, _UNFINISHED, Outcome.GRADER_ERROR)
        return blamed(check, result) if result.outcome is Outcome.GRADER_ERROR else result  # as in the notebook

    return QuestionResult(question.name, tuple(of(check) for check in question.checks))
