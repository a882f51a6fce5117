"""What ``otter run`` does with the code of a submission: nothing."""

from __future__ import annotations

from typing import Any

from nbformat.v4 import new_notebook
from otter.plugins import AbstractOtterPlugin


class Sandboxed(AbstractOtterPlugin):  # type: ignore[misc]
    """Hand otter an empty notebook to run: the submission's own code runs in the autograder's sandbox only.

    Otter would run it with the rights of whoever grades, and the tests in the same process.
    https://otter-grader.readthedocs.io/en/latest/plugins/creating_plugins.html
    """

    def before_execution(self, submission: Any) -> Any:
        """Return what otter is to run in place of the submission."""
        return new_notebook()
