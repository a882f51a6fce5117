"""The small course in nbgrader: released, with a gradebook and students who submit."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.integrations.nbgrader import steps

RIGHT = {
    "add": "def add(numbers):\n    return sum(numbers)",
    "Greeter": (
        "class Greeter:\n"
        "    def __init__(self, word='Hello'):\n"
        "        self.word, self.greeted = word, []\n"
        "    def greet(self, name):\n"
        "        if not name:\n"
        "            raise ValueError(name)\n"
        "        self.greeted.append(name)\n"
        "        return f'{self.word}, {name}{EXCLAMATION}'"
    ),
}
"""Answers to the questions of ``tests/tiny_course``, worth 3 and 2.5 points."""

HALF = {"add": "def add(numbers):\n    return numbers[0] + numbers[1]"}
"""One of the three points of ``add``; the other question is untouched."""

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture(autouse=True)
def programs_on_the_path(monkeypatch) -> None:
    """Put this environment's programs on the PATH: nbgrader calls alembic by name."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)


@pytest.fixture(scope="session")
def released_course(built_tiny_course, tmp_path_factory) -> Path:
    """Return the small course after ``nbgrader generate_assignment``; do not change it."""
    root = Path(shutil.copytree(built_tiny_course, tmp_path_factory.mktemp("released") / "course"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        patch.chdir(root)
        done = api_of(root).generate_assignment("greetings", force=True)
    assert done["success"], done
    return root


@pytest.fixture
def course(released_course, tmp_path, monkeypatch) -> Path:
    """Return a copy of the released course, from whose folder nbgrader is run."""
    root = Path(shutil.copytree(released_course, tmp_path / "course"))
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="module", autouse=True)
def no_sandbox_left() -> Iterator[None]:
    """End the sandbox that this process keeps running."""
    yield
    steps.SANDBOX.close()


def api_of(root: Path, settings: dict[str, Any] | None = None) -> Any:
    """Return the API behind the formgrader's buttons, with the course's configuration."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    config.merge(Config(settings or {}))
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def hand_in(root: Path, student: str, answers: dict[str, str], *, edit: Edit | None = None, when: str = "") -> Path:
    """Submit the released notebook with these answers, after ``edit`` has changed it."""
    notebook = json.loads((root / "release/student/greetings/greetings.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        if (name := id_of(cell)) in answers:
            cell["source"] = answers[name]
    if edit:
        edit(notebook)
    path = root / "submitted" / student / "greetings" / "greetings.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), "utf-8")
    if when:
        (path.parent / "timestamp.txt").write_text(when)
    return path


def id_of(cell: dict[str, Any]) -> str:
    """Return a cell's nbgrader id."""
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def autograde(api: Any, student: str) -> str:
    """Press the formgrader's button; return what it logs."""
    done = api.autograde("greetings", student)
    assert done["success"], done
    return str(done.get("log", ""))


def scores(root: Path, student: str, url: str = "") -> dict[str, tuple[float | None, bool]]:
    """Return a student's entries in nbgrader's gradebook: question → automatic score, whether it needs review."""
    from nbgrader.api import Gradebook

    with Gradebook(url or f"sqlite:///{root / 'gradebook.db'}") as book:
        notebook = book.find_submission("greetings", student).notebooks[0]
        return {grade.name: (grade.auto_score, grade.needs_manual_grade) for grade in notebook.grades}
