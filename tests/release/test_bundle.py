"""The zip that students get: what is in it, and that nothing in it, the wheel included, gives anything away."""

import io
import json
import shutil
import zipfile
from dataclasses import replace

import nbformat
import pytest

from autograder.course import load_course
from autograder.errors import CourseError, LeakError
from autograder.files import zipped
from autograder.release.make import cleared, write_source
from autograder.release.notebooks import source_notebook
from autograder.release.scan import collect_secrets, require_no_leaks, unpacked
from autograder.release.student_bundle import bundle_name, light_wheel, solution_bundle, student_bundle
from autograder.runtime.versions import TESTED

TOP = "exercises-2026.1"
WHEEL = "medical_image_autograder-2026.1-py3-none-any.whl"
PINS = {"torch": "2.13.0", "numpy": "2.4.6"}
HIDDEN_TITLE = "The greeter remembers whom it greeted, in order."
SEEDS = "\n\nHIDDEN_SEED = 271828183\n"


@pytest.fixture
def course(tiny_course):
    """The small course with a seed and a calibration record, and both its releases, made without nbgrader."""
    checks = tiny_course / "tests/checks/greetings"
    with (checks / "hidden/test_add.py").open("a", encoding="utf-8") as file:
        file.write(SEEDS)
    (checks / "calibration.json").write_text(json.dumps({"std": 0.0123457}), "utf-8")
    course = load_course(tiny_course)
    exercise = course.exercise("greetings")
    notebook = source_notebook(exercise, "2026.1")
    write_source(exercise, cleared(notebook), tiny_course / "release/student/greetings")
    write_source(exercise, notebook, tiny_course / "release/solution/greetings")
    return course


@pytest.fixture
def bundle(course):
    return student_bundle(course, "2026.1", course.root / "release", PINS)


# --- What is in it --------------------------------------------------------------------------------


def test_everything_lies_in_one_folder(bundle):
    checks = {f"checks/greetings/public/{name}.py" for name in ("counting", "greeters", "test_Greeter", "test_add")}
    exercise = {f"greetings/{name}" for name in ("greetings.ipynb", *checks)}
    names = {"README.md", "requirements.txt", WHEEL, *exercise}
    assert set(bundle) == {f"{TOP}/{name}" for name in names}
    assert bundle[f"{TOP}/{WHEEL}"] == light_wheel("2026.1")[1]


def test_requirements_pin_what_is_given_and_name_the_wheel_beside_them(bundle):
    lines = bundle[f"{TOP}/requirements.txt"].decode().splitlines()
    assert lines == ["numpy==2.4.6", "torch==2.13.0", "jupyterlab", f"./{WHEEL}"]


def test_jupyterlab_may_be_pinned_too(course):
    files = student_bundle(course, "2026.1", course.root / "release", {"jupyterlab": "4.6.6"})
    assert files[f"{TOP}/requirements.txt"].decode().splitlines() == ["jupyterlab==4.6.6", f"./{WHEEL}"]


def test_readme_is_one_page_and_names_what_is_there(bundle):
    text = bundle[f"{TOP}/README.md"].decode()
    assert "`greetings`: 5.5 points" in text
    assert f"{TOP}.zip" in text
    assert "@" not in text
    assert "last resort" not in text
    assert f"It may be graded with\nPython {TESTED[0]}: do not use syntax that is newer." in text
    assert len(text.splitlines()) < 70


def test_readme_says_which_exercises_are_optional(course):
    optional = replace(course, exercises=tuple(replace(one, optional=True) for one in course.exercises))
    files = student_bundle(optional, "2026.1", course.root / "release", PINS)
    assert "`greetings`: 5.5 points (bonus)" in files[f"{TOP}/README.md"].decode()


def test_the_version_with_solutions_says_when_to_use_it(course):
    files = solution_bundle(course, "2026.1", course.root / "release", PINS)
    top = bundle_name("2026.1", "solution")
    assert {name.split("/")[0] for name in files} == {top} == {f"{TOP}-solutions"}
    assert "as a last resort" in files[f"{top}/README.md"].decode()
    assert b"total = total + number" in files[f"{top}/greetings/greetings.ipynb"]


def test_the_same_bytes_every_time(course, bundle):
    assert zipped(student_bundle(course, "2026.1", course.root / "release", PINS)) == zipped(bundle)


def test_an_exercise_that_is_not_built(course):
    shutil.rmtree(course.root / "release/student/greetings")
    with pytest.raises(CourseError, match=r"greetings is not built\. Run autograder build"):
        student_bundle(course, "2026.1", course.root / "release", PINS)


# --- Leaks ----------------------------------------------------------------------------------------


def in_wheel(content, line):
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        files = {name: wheel.read(name) for name in wheel.namelist()}
    return zipped(files | {"autograder/text.py": files["autograder/text.py"] + f"# {line}\n".encode()})


def in_notebook(content, line):
    notebook = nbformat.reads(content.decode(), as_version=4)
    notebook.cells[0].source += f"\n\n{line}\n"
    return nbformat.writes(notebook).encode()


def in_text(content, line):
    return content + f"\n{line}\n".encode()


def scan(files, course):
    require_no_leaks(unpacked(files, course), collect_secrets(course))


def test_what_is_made_holds_no_leak(course, bundle):
    scan(bundle, course)


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("README.md", in_text),
        ("requirements.txt", in_text),
        ("greetings/greetings.ipynb", in_notebook),
        ("greetings/checks/greetings/public/test_add.py", in_text),
        (WHEEL, in_wheel),
    ],
)
@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("total = total + number", "a line of the solution of greetings.add"),
        ("test_remembers_everybody", "the hidden check greetings.Greeter.remembers_everybody"),
        (HIDDEN_TITLE, "the title of the hidden check"),
        ('for name in ("Emmy", "Sofja"):', "a line of a hidden check"),
        ("271828183", "the seed HIDDEN_SEED"),
        ("0.0123457", "a value of the calibration record"),
        ("### BEGIN SOLUTION", "the marker"),
    ],
)
def test_a_leak_is_found_wherever_it_lies(course, bundle, name, plant, line, what):
    name = f"{TOP}/{name}"
    with pytest.raises(LeakError) as error:
        scan(bundle | {name: plant(bundle[name], line)}, course)
    assert what in str(error.value)
    assert name in str(error.value)


def test_the_bundle_with_solutions_leaks_if_given_to_students(course):
    with pytest.raises(LeakError, match=r"a line of the solution of greetings\.Greeter"):
        scan(solution_bundle(course, "2026.1", course.root / "release", PINS), course)
