"""Run solved notebooks as a student would, and report those that do not pass all their public checks.

Usage: ``python solved.py FOLDER …``, in an environment with the students' wheel, nbclient and ipykernel.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def checks_in(notebook: nbformat.NotebookNode) -> int:
    """Count the cells that run the checks of a question."""
    return sum(cell.cell_type == "code" and cell.source.startswith("check(") for cell in notebook.cells)


def problem_of(path: Path) -> str | None:
    """Run a notebook in its folder; return what went wrong, or None."""
    notebook = nbformat.read(path, as_version=4)
    if not checks_in(notebook):
        return "No cell calls check(). This is not the notebook that students get."
    client = NotebookClient(
        notebook,
        timeout=None,  # a busy machine must not fail a notebook
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return str(error)
    return None


def main(folders: list[str]) -> int:
    """Run the notebook of every folder; return how many had a problem."""
    # nbgrader's Validate button sets this; it makes check() raise an error unless all checks pass.
    os.environ["NBGRADER_EXECUTION"] = "validate"
    failed = 0
    for folder in map(Path, folders):
        start = time.monotonic()
        problem = problem_of(folder / f"{folder.name}.ipynb")
        failed += problem is not None
        print(f"  {folder.name:20} {'FAILED' if problem else 'passed'} ({time.monotonic() - start:.0f} s)", flush=True)
        if problem:
            print(problem)
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
