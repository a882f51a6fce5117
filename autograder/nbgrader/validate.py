"""A Jupyter server extension that answers nbgrader's *Validate* button: the public checks, in the sandbox.

nbgrader runs the whole notebook first, with its figures and demonstrations, and its server answers nothing else
meanwhile. Here only what grading would run is run, in processes of its own. It takes the place of
``nbgrader.server_extensions.validate_assignment``; the button stays nbgrader's.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions.validate_assignment.handlers import NbGraderVersionHandler, ValidateAssignmentHandler
from nbgrader.validator import Validator
from tornado import web

from autograder.errors import AutograderError
from autograder.nbgrader.public_checks import checks_beside, failing, run_public


class ValidateHandler(ValidateAssignmentHandler):  # type: ignore[misc]
    """``POST assignments/validate`` with a ``path``, in the address or the body.

    A notebook without a file of public checks beside it is another course's: it is validated as nbgrader does.
    """

    @web.authenticated
    async def post(self) -> None:
        """Validate a notebook while the server goes on."""
        notebook = self._notebook()
        checks = checks_beside(notebook) if notebook else None
        if notebook is None or checks is None:
            super().post()
        else:
            self.finish(json.dumps(await asyncio.to_thread(validated, notebook, checks)))

    def _notebook(self) -> Path | None:
        """Return the notebook that is asked for; None where it lies outside the folder that is served."""
        root = Path(self.root_dir).resolve()
        body = self.get_json_body() if self.request.body else None  # of the button in the list of assignments
        path = (root / str(self.get_argument("path", None) or (body or {}).get("path", ""))).resolve()
        return path if path.is_relative_to(root) else None


def validated(notebook: Path, checks: Path) -> dict[str, Any]:
    """Return what nbgrader's window shows of a notebook: locked cells that changed, else the questions that fail."""
    try:
        changed = _changed_cells(notebook)
        failed = {} if changed else {"failed": failing(run_public(notebook, checks))}
    except (AutograderError, OSError, ValueError) as error:
        return {"success": False, "value": str(error)}
    return {"success": True, "value": changed or {kind: cells for kind, cells in failed.items() if cells}}


def _changed_cells(notebook: Path) -> dict[str, list[dict[str, str]]]:
    """Return the cells of the course that a student changed, as nbgrader finds and reports them."""
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
    """Answer in place of nbgrader's extension of the same addresses."""
    settings = app.web_app.settings
    settings["root_dir"] = app.root_dir
    base = settings["base_url"]
    app.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "/assignments/validate"), ValidateHandler),
            (url_path_join(base, "/nbgrader_version"), NbGraderVersionHandler),
        ],
    )
