"""Preprocessors that the course adds to nbgrader's pipeline; nbgrader_config.py names them by their path."""

from __future__ import annotations

from typing import Any

from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
from nbgrader.utils import is_solution

from autograder.release.notebooks import strip_markers


def stub_of(question: str) -> str:
    """Return the code that replaces a solution; the grader reports its exception as "not attempted"."""
    return f'# YOUR CODE HERE\nraise NotImplementedError("{question} is not implemented yet")'


class NamedStubs(ClearSolutions):  # type: ignore[misc]
    """nbgrader's ClearSolutions, with a stub that names its question."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clear one cell; its grade_id is the question's name."""
        if is_solution(cell):
            # nbgrader looks it up by the language of the notebook.
            self.code_stub = {"python": stub_of(cell.metadata.nbgrader["grade_id"])}
        cleared: tuple[Any, Any] = super().preprocess_cell(cell, resources, cell_index)
        return cleared


class StripMarkers(NbGraderPreprocessor):  # type: ignore[misc]
    """Remove the markers of solution regions from the solution release."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Strip one code cell."""
        if cell.cell_type == "code":
            cell.source = strip_markers(cell.source)
        return cell, resources
