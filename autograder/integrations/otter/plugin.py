"""What ``otter run`` does with what a student handed in: nothing. It is moved to where otter runs no code."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat.v4 import new_notebook
from otter.plugins import AbstractOtterPlugin

from autograder.integrations.otter import HANDED_IN

_OTTERS = "tests"
"""The test files that otter puts beside a submission, after removing any folder of that name."""


class Sandboxed(AbstractOtterPlugin):  # type: ignore[misc]
    """Hand otter an empty notebook to run: the submission's own code runs in the autograder's sandbox only.

    Otter would run it with the rights of whoever grades, and the tests in the same process. It also works in the folder
    in which the submission was unpacked: Python looks for modules there first (a ``click.py`` in the zip would be
    imported by otter's kernel), and a log of otter's there is unpickled. So that folder is emptied before either.
    https://otter-grader.readthedocs.io/en/latest/plugins/creating_plugins.html
    """

    def __init__(self, submission_path: str, submission_metadata: Mapping[str, Any], plugin_config: Any) -> None:
        super().__init__(submission_path, submission_metadata, plugin_config)
        self._submission = Path(submission_path)
        _keep_only(self._submission.parent, {self._submission.name, _OTTERS})

    def before_execution(self, submission: Any) -> Any:
        """Return what otter is to run in place of the submission, whose file is moved out of the way."""
        folder = self._submission.parent
        (folder / HANDED_IN).mkdir(exist_ok=True)
        self._submission.replace(folder / HANDED_IN / self._submission.name)
        _keep_only(folder, {_OTTERS})
        return new_notebook()


def _keep_only(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir():
        if path.name in names:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
