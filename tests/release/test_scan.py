"""Every kind of leak, planted and found; and nothing else found."""

import json

import nbformat
import pytest

from autograder.course import load_course
from autograder.errors import LeakError
from autograder.release.make import cleared, stub_module
from autograder.release.notebooks import source_notebook
from autograder.release.scan import HandedOut, collect_secrets, find_leaks, require_no_leaks

TITLE = "The greeter remembers whom it greeted, in order."
DIGEST = "3f786850e387550fdab836ed7e6dc881de23001b"

HIDDEN = "tests/checks/greetings/hidden/test_add.py"
EXPERIMENTS = """

HIDDEN_SEED: int = 271828183
SMALL_SEED = 7


def _measure(submission, dataset, seed):
    return {"share": 1.0}


POLITE = Experiment("polite", _measure, dataset="guests", metric="share")
VERY_POLITE = Experiment("very_polite", _measure, dataset="guests", metric="share")
"""


@pytest.fixture
def course(tiny_course):
    record = {"question": "add", "data": DIGEST, "mean": 0.95, "std": 0.0123457, "n": 20, "note": "a note"}
    (tiny_course / "tests/checks/greetings/calibration.json").write_text(json.dumps(record), "utf-8")
    with (tiny_course / HIDDEN).open("a", encoding="utf-8") as checks:
        checks.write(EXPERIMENTS)
    return load_course(tiny_course)


@pytest.fixture
def student_notebook(course):
    return cleared(source_notebook(course.exercise("greetings"), ""))


def leaks(course, path, exercise="greetings"):
    file = HandedOut(exercise, f"{path.parent.name}/{path.name}", path.read_bytes())
    return find_leaks(file, collect_secrets(course))


def in_text(course, text, name="notes.txt"):
    path = course.root / name
    path.write_text(text, "utf-8")
    return leaks(course, path)


def in_notebook(course, notebook):
    path = course.root / "greetings.ipynb"
    path.write_text(nbformat.writes(notebook), "utf-8")
    return leaks(course, path)


def test_what_students_get_holds_no_leak(course, student_notebook):
    exercise = course.exercise("greetings")
    assert in_notebook(course, student_notebook) == []
    for name, content in exercise.check_files.public().files:
        assert in_text(course, content.decode(), name.rpartition("/")[2]) == []
    assert in_text(course, stub_module(exercise), "greetings.py") == []


@pytest.mark.parametrize(
    "text",
    [
        "total = total + number",
        "    total  =  total + number  ",
        "# total = total + number",
        "Hint: try `total = total + number` in a loop.",
        'Write return f"{self.word}, {name}{EXCLAMATION}" at the end.',
        "# one guest after the other",
    ],
)
def test_a_solution_line(course, text):
    (finding,) = in_text(course, f"Some words.\n{text}\nMore words.")
    assert "a line of the solution of greetings." in finding
    assert "notes.txt" in finding


@pytest.mark.parametrize(
    "text",
    [
        "total = 0",
        "return total",
        "for number in numbers:",
        "The total is total + number of guests.",
        'EXCLAMATION = "!"',
    ],
)
def test_a_common_line_is_not_a_leak(course, text):
    assert in_text(course, text) == []


def test_a_solution_line_in_prose_in_an_output_or_in_metadata(course, student_notebook):
    line = 'return f"{self.word}, {name}{EXCLAMATION}"'
    prose, output, metadata = (nbformat.from_dict(json.loads(nbformat.writes(student_notebook))) for _ in range(3))
    prose.cells[0].source += f"\n\nYou could write `{line}`."
    output.cells[1].outputs = [nbformat.v4.new_output("stream", text=line)]
    metadata.metadata["hint"] = line
    for notebook in (prose, output, metadata):
        assert any("greetings.Greeter" in finding for finding in in_notebook(course, notebook))


def test_a_notebook_that_was_not_cleared(course):
    found = in_notebook(course, source_notebook(course.exercise("greetings"), ""))
    assert any("marker “BEGIN SOLUTION”" in finding for finding in found)
    assert any("greetings.add" in finding for finding in found)
    assert any("greetings.Greeter" in finding for finding in found)


def test_outputs_that_were_not_cleared(course, student_notebook):
    student_notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="harmless")]
    assert in_notebook(course, student_notebook) == ["course/greetings.ipynb: a cell has outputs"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("see test_remembers_everybody", "the hidden check greetings.Greeter.remembers_everybody"),
        (f"We check: {TITLE}", "the title of the hidden check"),
        (TITLE.replace("whom ", "whom\n"), "the title of the hidden check"),
        ("greeter = new_greeter(submission, SECRET_WORD)", "a line of a hidden check"),
        ('SECRET_WORD = "Salve"', "a line of a hidden check"),
        ('for name in ("Emmy", "Sofja"):', "a line of a hidden check"),
        ('x = 1; assert_equal(submission.add([]), 0, what="add([])")', "a line of a hidden check"),
    ],
)
def test_a_hidden_check(course, text, what):
    found = in_text(course, text)
    assert len(found) == 1
    assert what in found[0]


def test_a_file_of_hidden_checks(course):
    assert len(leaks(course, course.root / HIDDEN)) >= 3


@pytest.mark.parametrize("text", ["test_two_invitations", "Invitations for two and three make five guests."])
def test_a_public_check_is_not_a_leak(course, text):
    assert in_text(course, text) == []


@pytest.mark.parametrize("text", [DIGEST, "0.0123457", "greetings/calibration.json"])
def test_a_calibration_record(course, text):
    (finding,) = in_text(course, f"measured: {text}, {{}}")
    assert "greetings/calibration.json" in finding


@pytest.mark.parametrize("text", ["seed=271828183", "271_828_183", "POLITE", "very_polite", "VERY_POLITE.check(1)"])
def test_a_seed_or_an_experiment(course, text):
    (finding,) = in_text(course, f"use {text}, please")
    assert f"of {HIDDEN}" in finding


@pytest.mark.parametrize("text", ["7", "be polite", "12718281839"])
def test_a_small_seed_or_a_word_is_not_a_leak(course, text):
    assert in_text(course, f"use {text}, please") == []


@pytest.mark.parametrize("text", ["20 seeds", "0.95", "a note", "10.01234578"])
def test_a_common_number_is_not_a_leak(course, text):
    assert in_text(course, text) == []


def test_a_file_named_like_a_record(course):
    path = course.root / "tests/checks/greetings/calibration.json"
    assert any("calibration record" in finding for finding in leaks(course, path))


def test_a_distinctive_line_is_a_leak_in_any_exercise(course):
    path = course.root / "other.txt"
    path.write_text('return f"{self.word}, {name}{EXCLAMATION}"\ntotal = total + number\n', "utf-8")
    (finding,) = leaks(course, path, exercise="farewells")
    assert "greetings.Greeter" in finding


def test_all_findings_are_named_at_once(course, student_notebook):
    first = HandedOut("greetings", "first.txt", b"total = total + number")
    second = HandedOut("greetings", "second.txt", b"test_large_crowd")
    with pytest.raises(LeakError) as error:
        require_no_leaks([first, second], collect_secrets(course))
    assert "first.txt" in str(error.value)
    assert "second.txt" in str(error.value)
    assert "nothing was written" in str(error.value)


def test_a_call_without_arguments_is_not_a_leak(tiny_course):
    solution = tiny_course / "solutions/greetings.py"
    solution.write_text(
        solution.read_text("utf-8").replace("    total = 0\n", "    total = 0\n    numbers.clear()\n"), "utf-8"
    )
    assert in_text(load_course(tiny_course), "Then call `numbers.clear()`.") == []


def test_the_name_of_a_file_of_public_checks_is_not_a_leak(tiny_course):
    hidden = tiny_course / "tests/checks/greetings/hidden/test_Greeter.py"
    hidden.write_text(hidden.read_text("utf-8").replace("test_remembers_everybody", "test_add"), "utf-8")
    course = load_course(tiny_course)
    assert leaks(course, course.root / "tests/checks/greetings/public/test_add.py") == []
