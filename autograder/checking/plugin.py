"""The pytest plugin: marks, the `submission` fixture and the command-line options of authors.

``pytest tests/checks --submission answers.ipynb`` runs the checks on a file, in this process and with pytest's own
report; without the option they run on the course's solutions. Grading adds a `run.Recorder`, which brings its own
submission and turns every check into a `CheckResult`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

SUBMISSION = pytest.StashKey[Any]()

_MARKERS = (
    "points(n): what the check is worth",
    "hint(text): shown when the check fails",
    "hints(text, ...): what hint(question) tells, one after the other; in pytestmark",
    "after(check, ...): run only when these checks of the same question passed; also in pytestmark, for the whole file",
    "timeout(seconds): CPU seconds that the check may take",
    "memory(mb): MiB that the student's process may take during the check",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--submission``."""
    parser.addoption("--submission", metavar="FILE", help="notebook or module to check (default: the solution)")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture
def submission(request: pytest.FixtureRequest) -> Any:
    """Return what students handed in, used as if it were their module."""
    provided = request.config.stash.get(SUBMISSION, None)
    return provided if provided is not None else request.getfixturevalue("_submission_from_file")


@pytest.fixture(scope="module")
def _submission_from_file(request: pytest.FixtureRequest) -> Any:
    path = request.config.getoption("--submission")
    if path is None:  # root/tests/checks/<exercise>/<kind>/test_<question>.py
        folders = Path(str(request.node.path)).parents
        path = folders[4] / "solutions" / f"{folders[1].name}.py"
    return _loaded(Path(path))


@functools.lru_cache(maxsize=1)
def _loaded(path: Path) -> Any:
    """Return a file's answers, run once for all questions of an exercise."""
    from autograder.notebook.execute import load_submission

    return load_submission(path)
