"""The pytest plugin: marks, the `submission` fixture and the command-line options of authors.

``pytest tests/checks --submission answers.ipynb`` runs the checks on a file, in this process and with pytest's own
report; without the option they run on the course's solutions. Grading adds a `run.Recorder`, which brings its own
submission and turns every check into a `CheckResult`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SUBMISSION = pytest.StashKey[Any]()

_MARKERS = (
    "question(name): the question that this class of checks belongs to",
    "points(n): what the check is worth",
    "public: the check travels with the student release; unmarked checks are hidden",
    "hint(text): shown when the check fails",
    "hints(text, ...): what hint(question) tells, one after the other; at the class",
    "after(check, ...): run only when these checks of the same question passed",
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
    from autograder.notebook.execute import load_submission

    path = request.config.getoption("--submission")
    if path is None:
        name = Path(str(request.node.path)).stem.removeprefix("test_")
        path = Path(str(request.node.path)).parents[2] / "solutions" / f"{name}.py"
    return load_submission(Path(path))
