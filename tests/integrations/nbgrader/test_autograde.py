"""``nbgrader autograde`` and the formgrader's button grade in the sandbox, as ``autograder grade`` does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from autograder.integrations.nbgrader import steps
from autograder.sandbox.engine import Engine
from tests.integrations.nbgrader.conftest import HALF, RIGHT, api_of, autograde, hand_in, id_of, scores

pytestmark = pytest.mark.slow

FULL = {"check-add": (3.0, False), "check-Greeter": (2.5, False)}
HALF_SCORES = {"check-add": (1.0, False), "check-Greeter": (0.0, False)}
UNREADABLE = {"check-add": (0.0, True), "check-Greeter": (0.0, True)}


def run(program: str, *arguments: str, expect: int = 0) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def autograded(course: Path, student: str) -> dict:
    return nbformat.read(course / "autograded" / student / "greetings/greetings.ipynb", as_version=4)


def outputs_of(notebook: dict, grade_id: str) -> list[dict]:
    (cell,) = (cell for cell in notebook["cells"] if id_of(cell) == grade_id)
    return cell["outputs"]


# --- A whole class ----------------------------------------------------------------------------------


def without(*ids):
    def edit(notebook):
        notebook["cells"] = [cell for cell in notebook["cells"] if id_of(cell) not in ids]

    return edit


def doubled(grade_id):
    def edit(notebook):
        copy = next(cell for cell in notebook["cells"] if id_of(cell) == grade_id)
        notebook["cells"].append(json.loads(json.dumps(copy)))

    return edit


def changed(grade_id, source):
    def edit(notebook):
        for cell in notebook["cells"]:
            if id_of(cell) == grade_id:
                cell["source"] = source

    return edit


def metadata(value):
    def edit(notebook):
        for cell in notebook["cells"]:
            if "nbgrader" in cell["metadata"]:
                cell["metadata"]["nbgrader"] |= value

    return edit


NOISY = RIGHT | {"add": "import sys, warnings\n" + RIGHT["add"].replace(
    "    return", "    warnings.warn('careful')\n    print('on stderr', file=sys.stderr)\n    return"
)}  # fmt: skip

CLASS = {
    "right": (RIGHT, None, FULL),
    "half": (HALF, None, HALF_SCORES),
    "nothing": ({}, None, {"check-add": (0.0, False), "check-Greeter": (0.0, False)}),
    "noisy": (NOISY, None, FULL),
    "deleted-graded-cells": (RIGHT, without("check-add", "check-Greeter"), FULL),
    "deleted-locked-cell": (RIGHT, without("add-code-1"), FULL),
    "edited-locked-cell": (RIGHT, changed("add-code-1", "EXCLAMATION = '?'"), FULL),
    "edited-graded-cell": (HALF, changed("check-add", "3.0"), HALF_SCORES),
    "doubled-answer": (RIGHT, doubled("add"), FULL),
    "doubled-graded-cell": (RIGHT, doubled("check-add"), FULL),
    "points-raised": (HALF, metadata({"points": 100}), HALF_SCORES),
    "no-ids": (RIGHT, metadata({"grade_id": None}), FULL),
    "old-schema": (RIGHT, metadata({"schema_version": 1}), FULL),
    "future-schema": (RIGHT, metadata({"schema_version": 99}), FULL),
    "odd-schema": (RIGHT, metadata({"schema_version": "x", "grade": None, "points": "many"}), FULL),
}


def break_in_every_way(course: Path) -> set[str]:
    """Submit files that are not notebooks, among them a pipe without a writer and one as large as a disk."""
    for student, text in {"empty": "", "page": "<html>", "cut": '{"cells": [', "list": "[1, 2]"}.items():
        hand_in(course, student, {}).write_text(text)
    path = hand_in(course, "pipe", {})
    path.unlink()
    os.mkfifo(path)
    os.truncate(hand_in(course, "terabyte", {}), 2**40)
    path = hand_in(course, "link", {})
    path.unlink()
    path.symlink_to(course / "gradebook.db")
    return {"empty", "page", "cut", "list", "pipe", "terabyte", "link"}


def test_a_class_gets_the_gradebook_that_autograder_grade_writes(course):
    for student, (answers, edit, _) in CLASS.items():
        hand_in(course, student, answers, edit=edit, when="2026-01-05 12:30:00 UTC")
    broken = break_in_every_way(course)
    shutil.copy(course / "gradebook.db", course / "other.db")
    run("nbgrader", "autograde", "greetings")
    seen = {student: scores(course, student) for student in (*CLASS, *broken)}
    assert seen == {student: worth for student, (_, _, worth) in CLASS.items()} | dict.fromkeys(broken, UNREADABLE)

    shutil.rmtree(course / "graded")
    run("autograder", "grade", "submitted", "--gradebook", f"sqlite:///{course / 'other.db'}")
    assert recorded(course / "gradebook.db") == recorded(course / "other.db")
    notebooks = {student: autograded(course, student) for student in (*CLASS, *broken)}
    shutil.rmtree(course / "autograded")
    run("autograder", "grade", "submitted")
    assert {student: autograded(course, student) for student in (*CLASS, *broken)} == notebooks


TIME = "2026-11-28 10:00:00 UTC\r\n"
FILES_OF_TIME = {
    "notepad": TIME.encode("utf-8-sig"),
    "powershell": TIME.encode("utf-16"),
    "german": "Samstag, 28. November 2026 10:00:00".encode("utf-16"),
    "blanks": f"{TIME}   \r\n".encode(),
    "nonsense": b"yesterday",
}


def test_the_time_is_read_as_windows_writes_it_and_costs_nobody_the_grade(course):
    for student, data in FILES_OF_TIME.items():
        (hand_in(course, student, RIGHT).parent / "timestamp.txt").write_bytes(data)
    shutil.copy(course / "gradebook.db", course / "other.db")
    log = autograde(api_of(course), "nonsense")
    assert "timestamp.txt has no time that can be read" in log
    assert "2026-11-28 10:00:00 UTC" in log
    run("nbgrader", "autograde", "greetings")
    run("autograder", "grade", "submitted", "--gradebook", f"sqlite:///{course / 'other.db'}")
    assert recorded(course / "gradebook.db") == recorded(course / "other.db")
    assert {student: scores(course, student) for student in FILES_OF_TIME} == dict.fromkeys(FILES_OF_TIME, FULL)
    times = {
        student: entry[5] for (student, name), entry in recorded(course / "gradebook.db").items() if len(entry) > 5
    }
    assert times == dict.fromkeys(FILES_OF_TIME, datetime(2026, 11, 28, 10)) | {"nonsense": None}


def recorded(path: Path) -> dict[tuple[str, str], tuple]:
    """Return the gradebook's entries for every question: grades with their maximum, comments and times."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{path}") as book:
        found = {}
        for submission in book.assignment_submissions("greetings"):
            (notebook,) = submission.notebooks
            for grade in notebook.grades:
                found[submission.student_id, grade.name] = (
                    *(grade.auto_score, grade.manual_score, grade.extra_credit, grade.max_score),
                    *(grade.needs_manual_grade, submission.timestamp, notebook.late_submission_penalty or 0),
                )
            for comment in notebook.comments:
                found[submission.student_id, comment.name] = (comment.auto_comment, comment.manual_comment)
    return found


def test_results_are_shared_with_autograder_grade(course):
    hand_in(course, "ada", RIGHT)
    run("autograder", "grade", "submitted", "--gradebook", "none")
    before = (course / "graded/ada/greetings.json").read_bytes()
    started = steps.SANDBOX._engine
    autograde(api_of(course), "ada")
    assert (course / "graded/ada/greetings.json").read_bytes() == before
    assert steps.SANDBOX._engine is started, "nothing had to be run"
    assert scores(course, "ada") == FULL


def test_two_graders_at_once_write_to_one_sqlite_file(course):
    names = [f"student-{number}" for number in range(8)]
    for number, name in enumerate(names):
        hand_in(course, name, HALF if number % 2 else RIGHT)
    program = Path(sys.executable).with_name("nbgrader")
    commands = [[program, "autograde", "greetings", "--student", f"student-[{part}]"] for part in ("0-3", "4-7")]
    graders = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for command in commands
    ]
    words = [grader.communicate(timeout=300)[0] for grader in graders]
    assert [grader.returncode for grader in graders] == [0, 0], "\n".join(words)
    expected = {name: HALF_SCORES if number % 2 else FULL for number, name in enumerate(names)}
    assert {name: scores(course, name) for name in names} == expected


# --- How it grades ----------------------------------------------------------------------------------


def test_no_student_code_runs_in_a_kernel_or_in_this_process(course, monkeypatch):
    from jupyter_client.manager import KernelManager

    marker = course / "marker"
    monkeypatch.setattr(KernelManager, "_async_start_kernel", lambda *_a, **_k: pytest.fail("a kernel was started"))
    monkeypatch.delenv("SEEN_BY_THE_STUDENT", raising=False)
    cheat = f"import os\nos.environ['SEEN_BY_THE_STUDENT'] = '1'\nopen({str(marker)!r}, 'w')\n" + RIGHT["add"]
    hand_in(course, "ada", RIGHT | {"add": RIGHT["add"] + "\n" + cheat.removesuffix(RIGHT["add"])})
    autograde(api_of(course), "ada")
    assert scores(course, "ada") == FULL
    assert not marker.exists()
    assert "SEEN_BY_THE_STUDENT" not in os.environ


def test_one_sandbox_serves_all_submissions_of_a_process(course, monkeypatch):
    started = []

    class Counted(Engine):
        def __enter__(self):
            started.append(self)
            return super().__enter__()

    monkeypatch.setattr(steps, "Engine", Counted)
    steps.SANDBOX.close()
    for student in ("ada", "bob", "cleo"):
        hand_in(course, student, HALF | {"add": HALF["add"] + f"\n# {student}"})
        autograde(api_of(course), student)
    assert len(started) == 1
    started[0].stop()
    hand_in(course, "dan", RIGHT)
    autograde(api_of(course), "dan")
    assert len(started) == 2, "a sandbox that was killed is replaced"
    assert scores(course, "dan") == FULL


def test_a_machine_that_cannot_isolate_grades_nothing(course, monkeypatch):
    monkeypatch.setattr("autograder.integrations.nbgrader.steps.best_tier", lambda: "D")
    hand_in(course, "ada", RIGHT)
    done = api_of(course).autograde("greetings", "ada")
    assert not done["success"]
    assert "autograder doctor" in done["log"]
    assert not (course / "graded").exists()
    assert set(scores(course, "ada").values()) == {(None, True)}, "nbgrader asks a person"


def test_a_lower_score_is_kept_until_it_may_go_down(course):
    hand_in(course, "ada", RIGHT)
    autograde(api_of(course), "ada")
    hand_in(course, "ada", HALF)
    assert "the higher score 5.5 was kept" in autograde(api_of(course), "ada")
    assert scores(course, "ada") == FULL
    autograde(api_of(course, {"Grade": {"allow_lower": True}}), "ada")
    assert scores(course, "ada") == HALF_SCORES


def test_autograder_grade_at_work_on_the_same_results_is_not_disturbed(course):
    from autograder.results.store import only_grader

    hand_in(course, "ada", RIGHT)
    with only_grader(course / "graded"):
        done = api_of(course).autograde("greetings", "ada")
    assert not done["success"]
    assert "another grader" in done["log"]


# --- Output -----------------------------------------------------------------------------------------


def test_the_graded_cell_shows_each_check_and_its_value_is_the_score(course):
    from nbgrader.utils import determine_grade

    hand_in(course, "ada", HALF)
    autograde(api_of(course), "ada")
    notebook = autograded(course, "ada")
    table, value = outputs_of(notebook, "check-add")
    text = table["data"]["text/plain"]
    assert text.startswith("add: 1 of 3 points\n")
    assert "hidden  A crowd is counted to the last guest." in text
    assert "<table" in table["data"]["text/html"]
    assert value["output_type"] == "execute_result"
    for cell in notebook["cells"]:
        if id_of(cell) in HALF_SCORES:
            assert determine_grade(cell)[0] == HALF_SCORES[id_of(cell)][0]


def test_nbgraders_own_feedback_has_the_table(course):
    hand_in(course, "ada", HALF)
    autograde(api_of(course), "ada")
    api = api_of(course, {"GenerateFeedback": {"exporter_class": "nbconvert.exporters.HTMLExporter"}})
    assert api.generate_feedback("greetings", "ada")["success"]
    html = (course / "feedback/ada/greetings/greetings.html").read_text("utf-8")
    assert "A crowd is counted to the last guest." in html
    assert "✓ passed" in html
    assert "Score: 1.0 / 5.5" in html.replace("\n", " ")


def test_student_text_is_not_markup(course):
    script = "<script>alert(1)</script>"
    hand_in(course, "ada", RIGHT | {"add": f"def add(numbers):\n    raise ValueError({script!r})"})
    autograde(api_of(course), "ada")
    table, _ = outputs_of(autograded(course, "ada"), "check-add")
    assert "alert(1)" in table["data"]["text/html"]
    assert script not in table["data"]["text/html"]


# --- Manual entries ---------------------------------------------------------------------------------


def test_manual_grades_comments_and_extra_credit_survive_a_regrade(course):
    from nbgrader.api import Gradebook

    hand_in(course, "ada", HALF)
    api = api_of(course)
    autograde(api, "ada")
    place = ("greetings", "greetings", "ada")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        grade = book.find_grade("check-add", *place)
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.0, 0.5, False
        book.find_comment("add", *place).manual_comment = "Nearly."
        book.db.commit()
    autograde(api, "ada")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        grade = book.find_grade("check-add", *place)
        assert (grade.auto_score, grade.manual_score, grade.score) == (1.0, 2.0, 2.5)
        assert not grade.needs_manual_grade, "nothing changed beneath the manual score"
    hand_in(course, "ada", RIGHT)
    autograde(api, "ada")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        grade = book.find_grade("check-add", *place)
        assert (grade.auto_score, grade.manual_score, grade.extra_credit) == (3.0, 2.0, 0.5)
        assert grade.needs_manual_grade, "the automatic score changed beneath the manual one"
        assert book.find_comment("add", *place).comment == "Nearly."
        assert book.find_submission("greetings", "ada").score == 5.0


@pytest.mark.parametrize(("method", "score"), [("none", 5.5), ("zero", 0.0)])
def test_late_submissions_are_penalised_by_nbgraders_plugin(course, method, score):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.update_or_create_assignment("greetings", duedate="2026-01-01 00:00:00 UTC")
    hand_in(course, "late", RIGHT, when="2026-01-02 00:00:00 UTC")
    hand_in(course, "early", RIGHT, when="2025-12-31 00:00:00 UTC")
    api = api_of(course, {"LateSubmissionPlugin": {"penalty_method": method}})
    for student in ("late", "early"):
        autograde(api, student)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        late, early = (book.find_submission("greetings", student) for student in ("late", "early"))
        assert late.score - late.late_submission_penalty == score
        assert early.score - early.late_submission_penalty == 5.5
