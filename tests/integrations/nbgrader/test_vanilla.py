"""nbgrader without the autograder's steps: honest students get the same scores through nbgrader's own kernel."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.integrations.nbgrader.conftest import HALF, RIGHT, api_of, autograde, hand_in, id_of, scores

pytestmark = pytest.mark.slow

FULL = {"check-add": 3.0, "check-Greeter": 2.5}
MIXED = RIGHT | {"Greeter": RIGHT["Greeter"].replace("        self.greeted.append(name)\n", "")}
NOISE = "def add(numbers):\n    warnings.warn('careful')\n    print('!', file=sys.stderr)\n    return sum(numbers)"
WARNS = RIGHT | {"add": f"import sys, warnings\n{NOISE}"}
RAISES = {"add": "def add(numbers):\n    raise RuntimeError(numbers)", "Greeter": RIGHT["Greeter"]}
CLASS = {
    "mixed": (MIXED, {"check-add": 3.0, "check-Greeter": 1.5}),
    "warns": (WARNS, FULL),
    "raises": (RAISES, {"check-add": 0.0, "check-Greeter": 2.5}),
    "broken": ({"add": "def add(:", "Greeter": RIGHT["Greeter"]}, {"check-add": 0.0, "check-Greeter": 2.5}),
}


@pytest.fixture
def vanilla(course) -> Path:
    """Return the course without the settings that replace nbgrader's grading steps."""
    config = course / "nbgrader_config.py"
    text = re.sub(r"^c\.Autograde\..*\n", "", config.read_text("utf-8"), flags=re.M)
    assert "Autograde" not in text
    config.write_text(text)
    return course


def test_honest_students_get_the_same_scores(vanilla):
    """A whole class is compared in tests/parity; here some code warns, raises or does not compile."""
    for student, (answers, _) in CLASS.items():
        hand_in(vanilla, student, answers)
    theirs = {}
    api = api_of(vanilla)
    for student in CLASS:
        autograde(api, student)
        theirs[student] = {name: score for name, (score, _) in scores(vanilla, student).items()}
    assert not (vanilla / "graded").exists()
    assert theirs == {student: worth for student, (_, worth) in CLASS.items()}

    ours = api_of(
        vanilla,
        {
            "Autograde": {
                "exporter_class": "autograder.integrations.nbgrader.SubmissionExporter",
                "sanitize_preprocessors": ["autograder.integrations.nbgrader.Grade"],
                "autograde_preprocessors": ["nbgrader.preprocessors.AssignLatePenalties"],
            }
        },
    )
    for student in CLASS:
        autograde(ours, student)
        assert {name: score for name, (score, _) in scores(vanilla, student).items()} == theirs[student]


def test_deleted_or_edited_cells_are_restored_as_far_as_nbgrader_does(vanilla):
    """The autograder's own steps give full points to a deleted graded cell, too; see test_autograde.py."""

    def without(*ids):
        def edit(notebook):
            notebook["cells"] = [cell for cell in notebook["cells"] if id_of(cell) not in ids]

        return edit

    def edited(notebook):
        for cell in notebook["cells"]:
            if id_of(cell) == "add-code-1":
                cell["source"] = "EXCLAMATION = '?'"

    hand_in(vanilla, "graded-cell", RIGHT, edit=without("check-add"))
    hand_in(vanilla, "locked-cell", RIGHT, edit=without("add-code-1"))
    hand_in(vanilla, "edited", RIGHT, edit=edited)
    for student in ("graded-cell", "locked-cell", "edited"):
        autograde(api_of(vanilla), student)
    assert scores(vanilla, "graded-cell") == {"check-add": (None, True), "check-Greeter": (2.5, False)}
    assert scores(vanilla, "locked-cell") == {"check-add": (3.0, False), "check-Greeter": (2.5, False)}
    assert scores(vanilla, "edited") == {"check-add": (3.0, False), "check-Greeter": (2.5, False)}


def test_the_graded_cell_shows_all_checks(vanilla):
    import nbformat

    hand_in(vanilla, "half", HALF)
    autograde(api_of(vanilla), "half")
    notebook = nbformat.read(vanilla / "autograded/half/greetings/greetings.ipynb", as_version=4)
    (cell,) = (cell for cell in notebook.cells if id_of(cell) == "check-add")
    table, value = cell.outputs
    assert "A crowd is counted to the last guest." in table.data["text/plain"]
    assert value.data["text/plain"] == "1.0"


def test_hidden_checks_never_join_the_kernel(vanilla):
    """A mark that a check's module leaves in its process is not found where the student's code runs."""
    trace = "import sys\nprint('checks here:', [name for name in sys.modules if 'test_' in name or name == 'pytest'])"

    def spy(notebook):
        last = {"cell_type": "code", "id": "spy", "metadata": {}, "source": trace}
        notebook["cells"].append(last | {"outputs": [], "execution_count": None})

    hand_in(vanilla, "spy", RIGHT, edit=spy)
    autograde(api_of(vanilla), "spy")
    assert scores(vanilla, "spy") == {"check-add": (3.0, False), "check-Greeter": (2.5, False)}
    assert "checks here: []" in (vanilla / "autograded/spy/greetings/greetings.ipynb").read_text("utf-8")


def test_without_the_courses_checks_nobody_gets_points(vanilla):
    """Public checks alone must not decide a grade: nbgrader gives full points for a value that is not a number."""
    shutil.rmtree(vanilla / "tests/checks")
    hand_in(vanilla, "right", RIGHT)
    autograde(api_of(vanilla), "right")
    assert {score for score, _ in scores(vanilla, "right").values()} == {0.0}
    text = (vanilla / "autograded/right/greetings/greetings.ipynb").read_text("utf-8")
    assert "Grade in the course's folder." in text


@pytest.mark.parametrize(("answers", "succeeds"), [(RIGHT, True), (HALF, False)])
def test_nbgraders_validation_shows_whether_public_checks_pass(vanilla, monkeypatch, answers, succeeds):
    from nbgrader.validator import Validator

    path = hand_in(vanilla, "ada", answers)
    shutil.copytree(vanilla / "release/student/greetings/checks", path.parent / "checks")
    monkeypatch.chdir(path.parent)
    failed = Validator().validate(path.name).get("failed", [])
    assert bool(failed) != succeeds
    assert succeeds or "not there yet" in failed[0]["error"] or "not attempted" in failed[0]["error"]
