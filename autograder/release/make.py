"""Make the notebooks of exercises with nbgrader in a scratch folder, and the stubs from the same cells.

This is the first step of a build (`autograder.release.build`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import CONFIG_NAME, Course, Exercise
from autograder.errors import CourseError
from autograder.release import nbgrader_run
from autograder.release.nbgrader_run import SOLUTION, SOURCE, STUDENT, normalise, require_success
from autograder.release.notebooks import IMPORT_ID, read_solution, source_notebook

GENERATED = "# generated from solutions/"
"""The start of every stub's first line: only files that have it may be removed."""

_PERCENT = {"extension": ".py", "format_name": "percent", "notebook_metadata_filter": "-all"}


@dataclass(frozen=True)
class Made:
    """The notebooks of some exercises, in ``<folder>/<kind>/<exercise>/``."""

    exercises: Sequence[Exercise]
    folder: Path

    def student(self, exercise: Exercise) -> Path:
        """Return the folder that students of an exercise get."""
        return self.folder / STUDENT / exercise.name


def make(course: Course, exercises: Sequence[Exercise], release: str, work: Path, folder: Path) -> Made:
    """Make the source, the student and the solution version of exercises below ``folder``.

    ``work`` is a scratch folder for nbgrader, which runs in one process per core. Raises `CourseError` if a solution
    fails, or if nbgrader's settings make a student notebook that differs from the stub.
    """
    jobs = min(os.cpu_count() or 1, len(exercises))
    sources = {exercise.name: source_notebook(exercise, release) for exercise in exercises}
    roots = []
    for job in range(jobs):
        root = work / str(job)
        share = exercises[job::jobs]
        for exercise in share:
            write_source(exercise, sources[exercise.name], root / SOURCE / exercise.name)
        shutil.copyfile(course.root / CONFIG_NAME, root / CONFIG_NAME)
        roots.append((root, [exercise.name for exercise in share]))
    nbgrader_run.generate(roots)
    for root, names in roots:
        for name in names:
            _collect(root, name, sources[name], folder)
    return Made(exercises, folder)


def write_source(exercise: Exercise, notebook: Any, folder: Path) -> None:
    """Write the input of nbgrader, which copies the public checks into both releases."""
    folder.mkdir(parents=True)
    _write_notebook(notebook, folder / f"{exercise.name}.ipynb")
    exercise.check_files.public().write_to(folder / "checks")


def _collect(root: Path, name: str, source: Any, folder: Path) -> None:
    """Copy the releases of one exercise into ``folder``, checked, and the same on every machine."""
    for kind in (SOURCE, STUDENT, SOLUTION):
        destination = folder / kind / name
        shutil.copytree(root / kind / name, destination, copy_function=shutil.copyfile)  # not their permissions
        path = destination / f"{name}.ipynb"
        notebook = _read_notebook(path)
        if kind == STUDENT:
            _require_cleared(notebook, source, name)
        elif kind == SOLUTION:
            require_success(notebook, f"solutions/{name}.py")
        _write_notebook(normalise(notebook), path)


def _require_cleared(student: Any, source: Any, name: str) -> None:
    """Raise `CourseError` unless the notebook has the stub's cells."""
    if [cell.source for cell in student.cells] != [cell.source for cell in cleared(source).cells]:
        raise CourseError(
            f"nbgrader's student version of {name} differs from exercises/{name}.py. Add "
            f"autograder.release.preprocessors.NamedStubs to c.GenerateAssignment.preprocessors in {CONFIG_NAME}."
        )


def _read_notebook(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def _write_notebook(notebook: Any, path: Path) -> None:
    import nbformat

    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def stub_module(exercise: Exercise) -> str:
    """Return the text of ``exercises/<exercise>.py``: importable, without solutions and graded cells.

    Raises `CourseError` if the module is not valid Python without its solutions.
    """
    import jupytext
    from nbformat.v4 import new_notebook

    cells = [cell for cell in cleared(source_notebook(exercise, "")).cells if _belongs(cell)]
    for cell, original in zip(cells, read_solution(exercise), strict=True):
        # The author's own metadata, without nbgrader's: Jupytext keeps the module's layout in it.
        cell.metadata = deepcopy(original.metadata)
    body = jupytext.writes(new_notebook(cells=cells), fmt=dict(_PERCENT))
    text = f"{GENERATED}{exercise.name}.py by `autograder build`; do not edit\n\n{body.strip()}\n"
    try:
        compile(text, f"exercises/{exercise.name}.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise CourseError(
            f"solutions/{exercise.name}.py is not valid Python without its solutions ({error.msg}, at "
            f"`{(error.text or '').strip()}`). Put the markers around whole statements."
        ) from None
    return text


def cleared(notebook: Any) -> Any:
    """Return a copy of a notebook with stubs instead of solutions, as nbgrader's pipeline makes it."""
    from autograder.release.preprocessors import NamedStubs

    copy, _resources = NamedStubs().preprocess(deepcopy(notebook), {})  # it modifies its argument
    return copy


def _belongs(cell: Any) -> bool:
    """Whether a cell is part of the module: cells that run checks exist only in the notebook."""
    return cell.id != IMPORT_ID and not cell.metadata.get("nbgrader", {}).get("grade", False)
