"""The students' *Validate* button shows what grading says about the public checks."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.grading.whole_class import grade_class
from autograder.integrations.nbgrader.validate import checks_beside, failing, run_public, validated
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.submissions.find import collect
from tests.events import PATIENCE_S, Output, listening
from tests.integrations.nbgrader.conftest import HALF, RIGHT, hand_in, id_of

pytestmark = pytest.mark.slow

SCRIPT = "<script>alert(1)</script>"
ANSWERS = {
    "right": RIGHT,
    "half": HALF,
    "warns": RIGHT | {"add": "def add(numbers):\n    import warnings\n    warnings.warn('!')\n    return sum(numbers)"},
    "raises": RIGHT | {"add": f"def add(numbers):\n    raise ValueError({SCRIPT!r})"},
    "endless": RIGHT | {"add": "def add(numbers):\n    while True:\n        pass"},
    "exits": RIGHT | {"add": "def add(numbers):\n    import os\n    os._exit(3)"},
    "no Python": RIGHT | {"add": "def add(numbers:"},
}


def place(course: Path, student: str, answers: dict[str, str], **how: object) -> Path:
    """Put a notebook where a student works, with its public checks beside it."""
    notebook = hand_in(course, student, answers, **how)
    shutil.copytree(course / "release/student/greetings/checks", notebook.with_name("checks"), dirs_exist_ok=True)
    return notebook


def answer_to(notebook: Path) -> dict:
    checks = checks_beside(notebook)
    assert checks is not None
    return validated(notebook, checks)


def test_every_public_check_has_the_outcome_and_the_message_of_grading(course):
    for student, answers in ANSWERS.items():
        place(course, student, answers)
    loaded = load_course(course)
    found = collect(course / "submitted", loaded).found
    assert {handed.student for handed in found} == set(ANSWERS)
    tier = best_tier()
    graded = grade_class(loaded, found, course / "graded", lambda: Engine(tier), tier=tier)
    for result in graded.results:
        theirs = {
            (question.name, check.name): (check.outcome, check.points, check.message, check.hint, check.pictures)
            for question in result.questions
            for check in question.checks
            if check.visibility == "public"
        }
        notebook = course / "submitted" / result.student / "greetings/greetings.ipynb"
        ours = {
            (question.name, check.name): (check.outcome, check.points, check.message, check.hint, check.pictures)
            for question in run_public(notebook, notebook.with_name("checks"))
            for check in question.checks
        }
        assert ours == theirs, result.student


def test_all_right_is_nbgraders_success(course):
    assert answer_to(place(course, "ada", RIGHT)) == {"success": True, "value": {}}


def test_questions_that_fail_are_listed_by_name_with_what_is_wrong(course):
    answer = answer_to(place(course, "ada", RIGHT | {"add": f"def add(numbers):\n    raise ValueError({SCRIPT!r})"}))
    assert answer["success"]
    (failed,) = answer["value"]["failed"]
    assert failed["source"] == 'check("add")'
    assert "Invitations for two and three make five guests." in failed["raw_error"]
    assert SCRIPT in failed["raw_error"]
    assert "alert(1)" in failed["error"]
    assert SCRIPT not in failed["error"]  # nbgrader inserts it into the page as HTML
    assert "crowd" not in json.dumps(answer)  # a hidden check


def test_an_error_in_a_figure_that_a_student_changed_costs_nothing(course):
    def ends_everything(notebook):
        for cell in notebook["cells"]:
            if "active-ipynb" in cell["metadata"].get("tags", []):
                cell["source"] = "import os\nos._exit(1)"
                return
        raise AssertionError("the exercise has no such cell")

    assert answer_to(place(course, "ada", RIGHT, edit=ends_everything)) == {"success": True, "value": {}}


def test_a_helper_in_a_figure_is_run(course):
    def helper(notebook):
        for cell in notebook["cells"]:
            if "active-ipynb" in cell["metadata"].get("tags", []):
                cell["source"] = "".join(cell["source"]) + "\nimport math"

    answers = RIGHT | {"add": "def add(numbers):\n    return sum(numbers) * math.comb(1, 1)"}
    assert answer_to(place(course, "ada", answers)) != {"success": True, "value": {}}
    assert answer_to(place(course, "ada", answers, edit=helper)) == {"success": True, "value": {}}


def test_a_question_whose_graded_cell_was_deleted_is_reported_too(course):
    def deleted(notebook):
        notebook["cells"] = [cell for cell in notebook["cells"] if id_of(cell) != "check-add"]

    answer = answer_to(place(course, "ada", {"Greeter": RIGHT["Greeter"]}, edit=deleted))
    assert [failed["source"] for failed in answer["value"]["failed"]] == ['check("add")']


def test_a_locked_cell_that_was_edited_is_reported_as_by_nbgrader(course):
    def edited(notebook):
        for cell in notebook["cells"]:
            if id_of(cell) == "check-add":
                cell["source"] = "3.0"

    answer = answer_to(place(course, "ada", RIGHT, edit=edited))
    assert answer == {"success": True, "value": {"changed": [{"source": "3.0"}]}}


def test_an_unreadable_notebook_is_an_error(course):
    notebook = place(course, "ada", RIGHT)
    notebook.write_text("<html>")
    answer = answer_to(notebook)
    assert not answer["success"]
    assert answer["value"]


def test_only_a_notebook_with_its_checks_beside_it_is_ours(course):
    notebook = place(course, "ada", RIGHT)
    assert checks_beside(notebook) == notebook.with_name("checks")
    assert checks_beside(notebook.with_name("other.ipynb")) is None
    assert checks_beside(notebook.with_suffix(".py")) is None


def test_nothing_fails_without_questions():
    assert failing([]) == []


# --- In a Jupyter server ----------------------------------------------------------------------------

EXTENSION = "held_validation"
HELD = """
import os, socket
from contextlib import suppress
from autograder.integrations.nbgrader import validate
from autograder.integrations.nbgrader.validate import _load_jupyter_server_extension

validated = validate.validated

def held(notebook, checks):
    address = ("127.0.0.1", int(os.environ["GATE"]))
    with suppress(ConnectionRefusedError), socket.create_connection(address) as gate:
        gate.recv(1)
    return validated(notebook, checks)

validate.validated = held

def _jupyter_server_extension_points():
    return [{"module": __name__}]
"""
"""Our extension, where a validation that begins calls the test, while that listens, and goes on when it hangs up."""


@contextmanager
def server(folder: Path, home: Path, gate: socket.socket) -> Iterator[str]:
    """Serve a folder with our extension in place of nbgrader's; yield its URL."""
    extensions = {EXTENSION: True, "nbgrader.server_extensions.validate_assignment": False}
    options = ["--ServerApp.port=0", "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--allow-root"]
    named = [f"--ServerApp.jpserver_extensions={name}={on}" for name, on in extensions.items()]
    home.mkdir()
    (home / f"{EXTENSION}.py").write_text(HELD)
    here = {name: str(home) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    here["PYTHONPATH"] = os.pathsep.join([str(home), *filter(None, [os.environ.get("PYTHONPATH")])])
    here["GATE"] = str(gate.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", *options, *named],
        cwd=folder, env=os.environ | here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield listening(Output(process.stdout).wait_for(r"http://127\.0\.0\.1:[1-9]\d*/")[0])
    finally:
        process.terminate()
        process.wait(30)


def post(address: str, path: str, *, in_body: bool = False) -> dict:
    where, body = ("", json.dumps({"path": path})) if in_body else (f"?path={path}", "")
    request = urllib.request.Request(f"{address}assignments/validate{where}", body.encode(), method="POST")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def test_the_server_answers_the_button_and_everything_else_meanwhile(course, tmp_path):
    place(course, "ada", {"Greeter": RIGHT["Greeter"]})
    other = course / "submitted/ada/other.ipynb"
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1 / 0", "outputs": [], "execution_count": None}
    other.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    answers: list[dict] = []
    gate = socket.create_server(("127.0.0.1", 0))
    gate.settimeout(PATIENCE_S)
    with gate, server(course / "submitted", tmp_path / "home", gate) as address:
        pressed = threading.Thread(target=lambda: answers.append(post(address, "ada/greetings/greetings.ipynb")))
        pressed.start()
        begun, _ = gate.accept()
        with begun, urllib.request.urlopen(f"{address}api/status", timeout=PATIENCE_S) as status:
            assert status.status == 200
            assert not answers
        pressed.join()
        gate.close()  # from now on no validation is held up
        assert [failed["source"] for failed in answers[0]["value"]["failed"]] == ['check("add")']
        by_list = post(address, "ada/greetings/greetings.ipynb", in_body=True)
        assert [failed["source"] for failed in by_list["value"]["failed"]] == ['check("add")']
        assert post(address, "ada/other.ipynb") == {"success": True, "value": {}}  # nbgrader's own validation
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(address, "../release/student/greetings/greetings.ipynb")
        assert refused.value.code == 403
        refused.value.close()
        with urllib.request.urlopen(f"{address}nbgrader_version?version=0.9.6", timeout=PATIENCE_S) as answer:
            assert json.load(answer)["success"]
