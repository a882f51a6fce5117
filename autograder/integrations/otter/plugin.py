"""The plugin that keeps ``otter run`` from running a submission: it moves the file to a folder where no code runs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat.v4 import new_notebook
from otter.plugins import AbstractOtterPlugin

from autograder.integrations.otter import HANDED_IN

_OTTERS = "tests"
"""The folder of otter's test files beside a submission; otter replaces any folder of this name."""


class Sandboxed(AbstractOtterPlugin):  # type: ignore[misc]
    """Give otter an empty notebook to run: the submission's code runs only in the autograder's sandbox.

    Otter would run it with the rights of the user who grades, and the tests in the same process. It also works in the
    folder to which the submission was unpacked: Python imports modules from there first (a ``click.py`` in the zip
    would be imported by otter's kernel), and otter unpickles its log there. So that folder is emptied before either.
    https://otter-grader.readthedocs.io/en/latest/plugins/creating_plugins.html
    """

    def __init__(self, submission_path: str, submission_metadata: Mapping[str, Any], plugin_config: Any) -> None:
        super().__init__(submission_path, submission_metadata, plugin_config)
        self._submission = Path(submission_path)
        _keep_only(self._submission.parent, {self._submission.name, _OTTERS})

    def before_execution(self, submission: Any) -> Any:
        """Move the submission's file away and return an empty notebook for otter to run in its place."""
        folder = self._submission.parent
        (folder / HANDED_IN).mkdir(exist_ok=True)
        self._submission.replace(folder / HANDED_IN / self._submission.name)
        _keep_only(folder, {_OTTERS})
        return new_notebook()


def _keep_only(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir():
        if path.name in names:
            continue
        if path.is_dir() and not path.is_symlink():  # a link to a folder is removed, never followed
            shutil.rmtree(path)
        else:
            path.unlink()
