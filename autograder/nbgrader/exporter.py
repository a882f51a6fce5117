"""How ``nbgrader autograde`` opens what students handed in: not at all."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_notebook

from autograder.course import Course, load_course
from autograder.sandbox.tiers import best_tier


class SubmissionExporter(NotebookExporter):  # type: ignore[misc]
    """nbconvert's own exporter, but a submission reaches the preprocessors as an empty notebook.

    nbgrader opens a notebook before any preprocessor sees it: one that is no notebook, is as large as the disk, waits
    for a writer or claims another version of nbgrader's metadata would end with an error, or end the whole class.
    `Grade` reads the file itself, within bounds. nbgrader makes one exporter a run, which so holds what is the same for
    all of its submissions.
    """

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """Convert a notebook; of a submission, only its place is used."""
        if not self._is_submission(Path(filename)):
            converted: tuple[str, Any] = super().from_filename(filename, resources=resources, **options)
        else:
            converted = self.from_notebook_node(new_notebook(), resources=resources, **options)
        return converted

    def _is_submission(self, path: Path) -> bool:
        return self.submitted in path.absolute().parents

    @property
    def root(self) -> Path:
        """The course's folder."""
        return Path(self.parent.coursedir.root)

    @property
    def submitted(self) -> Path:
        """The folder that holds ``<student>/<exercise>/``."""
        return self.root / str(self.parent.coursedir.submitted_directory)

    @property
    def course_id(self) -> str:
        """What the gradebook calls the course."""
        return str(self.parent.coursedir.course_id)

    @functools.cached_property
    def course(self) -> Course:
        """The course as it is when the run begins."""
        return load_course(self.root)

    @functools.cached_property
    def tier(self) -> str:
        """The best sandbox tier of this machine."""
        return best_tier()
