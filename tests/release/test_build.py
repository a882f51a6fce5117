"""The whole build, with nbgrader and kernels; each test takes seconds."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.nbgraderformat import MetadataValidator

from autograder.cli.main import main
from autograder.course import load_course
from autograder.errors import CourseError
from autograder.release.build import build, stubs_of

pytestmark = pytest.mark.slow


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def notebook(root, kind):
    return nbformat.read(root / "release" / kind / "greetings" / "greetings.ipynb", as_version=4)


def cell(notebook, cell_id):
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def test_what_a_build_makes(built_tiny_course):
    made = {str(path) for path in files(built_tiny_course / "release")}
    checks = {f"checks/greetings/public/{name}.py" for name in ("counting", "greeters", "test_Greeter", "test_add")}
    handed_out = {"greetings.ipynb", *checks}
    notebooks = {f"{kind}/greetings/{path}" for kind in ("source", "student", "solution") for path in handed_out}
    tests = {"tests/add.py", "tests/Greeter.py"}
    otter = {"autograder.zip", *(f"student/{path}" for path in handed_out | tests)}
    assert made == notebooks | {"gradescope/greetings.zip"} | {f"otter/greetings/{path}" for path in otter}
    stubs = stubs_of(load_course(built_tiny_course))
    assert {name: (built_tiny_course / "exercises" / name).read_text("utf-8") for name in stubs} == stubs


@pytest.mark.parametrize("kind", ["source", "student", "solution"])
def test_notebooks_are_valid_for_jupyter_and_nbgrader(built_tiny_course, kind):
    nbformat.validate(notebook(built_tiny_course, kind))
    MetadataValidator().validate_nb(notebook(built_tiny_course, kind))


def test_students_get_stubs_and_locked_checks(built_tiny_course):
    student = notebook(built_tiny_course, "student")
    assert cell(student, "add").source.endswith('raise NotImplementedError("add is not implemented yet")')
    assert cell(student, "Greeter").source.count("# YOUR CODE HERE") == 2
    graded = cell(student, "check-add")
    assert graded.metadata.editable is False
    assert graded.metadata.nbgrader.points == 3
    assert not any(cell.get("outputs") for cell in student.cells)


def test_the_solution_is_run_and_reads_without_markers(built_tiny_course):
    solution = notebook(built_tiny_course, "solution")
    assert "SOLUTION" not in nbformat.writes(solution)
    assert "total = total + number" in cell(solution, "add").source
    assert cell(solution, "add-figure-1").outputs[0].text == "guests: 5\n"
    assert cell(solution, "check-add").outputs[0].data["text/plain"].startswith("add: passed, 1 of 1")


def test_nothing_names_the_machine(built_tiny_course):
    for content in files(built_tiny_course / "release").values():
        assert str(built_tiny_course).encode() not in content
        assert str(Path.home()).encode() + b"/" not in content
        assert sys.version.split()[0].encode() not in content


def test_two_builds_in_two_places_are_the_same_byte_for_byte(built_tiny_course, tiny_course):
    build(load_course(tiny_course))
    for folder in ("release", "exercises"):
        assert files(tiny_course / folder) == files(built_tiny_course / folder)


def test_a_build_replaces_all_of_the_last_one(tiny_course):
    for path in ("release/student/old/old.ipynb", "release/2026.1.json"):
        (tiny_course / path).parent.mkdir(parents=True, exist_ok=True)
        (tiny_course / path).write_text("{}", "utf-8")
    (tiny_course / "exercises").mkdir()
    (tiny_course / "exercises/old.py").write_text("# generated from solutions/old.py by `autograder build`\n", "utf-8")
    (tiny_course / "exercises/own.py").write_text("# written by hand\n", "utf-8")
    result = CliRunner().invoke(main, ["build", "--course", str(tiny_course)])
    assert result.exit_code == 0, result.output
    assert "greetings" in result.output
    assert "2 questions" in result.output
    assert "5.5 points" in result.output
    assert not (tiny_course / "release/student/old").exists()
    assert (tiny_course / "release/2026.1.json").exists()
    assert sorted(path.name for path in (tiny_course / "exercises").iterdir()) == ["greetings.py", "own.py"]
    assert sorted(path.name for path in (tiny_course / "release").iterdir()) == [
        "2026.1.json", "gradescope", "otter", "solution", "source", "student",
    ]  # fmt: skip


def test_building_one_exercise_leaves_the_others_as_they_are(tiny_course):
    shutil.copy(tiny_course / "solutions/greetings.py", tiny_course / "solutions/farewells.py")
    shutil.copytree(tiny_course / "tests/checks/greetings", tiny_course / "tests/checks/farewells")
    build(load_course(tiny_course), only=["greetings"])
    assert {path.name for path in (tiny_course / "release" / "student").iterdir()} == {"greetings"}
    marker = tiny_course / "release" / "student" / "greetings" / "marker.txt"
    marker.write_text("stays")
    result = CliRunner().invoke(main, ["build", "farewells", "--course", str(tiny_course)])
    assert result.exit_code == 0, result.output
    assert marker.read_text() == "stays"
    assert {path.name for path in (tiny_course / "release" / "solution").iterdir()} == {"greetings", "farewells"}
    assert CliRunner().invoke(main, ["build", "unknown", "--course", str(tiny_course)]).exit_code == 2


def test_a_leak_stops_the_build_and_leaves_nothing(tiny_course):
    module = tiny_course / "solutions" / "greetings.py"
    module.write_text(module.read_text("utf-8").replace("# ## Adding up", "# `total = total + number`"), "utf-8")
    before = files(tiny_course)
    result = CliRunner().invoke(main, ["build", "--course", str(tiny_course)])
    assert result.exit_code == 1
    assert "a line of the solution of greetings.add: total = total + number" in result.output
    assert files(tiny_course) == before


def test_a_solution_that_fails_stops_the_build(tiny_course):
    module = tiny_course / "solutions" / "greetings.py"
    module.write_text(module.read_text("utf-8").replace("total = 0", "total = nothing"), "utf-8")
    before = files(tiny_course)
    result = CliRunner().invoke(main, ["build", "--course", str(tiny_course)])
    assert result.exit_code == 2
    assert "cell “add-figure-1” of the solution fails: NameError: name 'nothing' is not defined" in result.output
    assert files(tiny_course) == before


def test_settings_that_would_make_other_stubs_stop_the_build(tiny_course):
    config = tiny_course / "nbgrader_config.py"
    text = config.read_text("utf-8")
    config.write_text(
        text.replace("autograder.release.preprocessors.NamedStubs", "nbgrader.preprocessors.ClearSolutions")
    )
    with pytest.raises(CourseError, match=r"Add autograder.release.preprocessors.NamedStubs to c.GenerateAssign"):
        build(load_course(tiny_course))


def test_settings_that_nbgrader_refuses_are_shown(tiny_course):
    config = tiny_course / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + '\nc.Execute.timeout = "long"\n', "utf-8")
    with pytest.raises(CourseError, match="nbgrader could not make the release"):
        build(load_course(tiny_course))


def test_plain_nbgrader_makes_the_same_release_in_the_course_folder(built_tiny_course, tiny_course):
    shutil.copytree(built_tiny_course / "release", tiny_course / "release")
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "greetings", "--force"],
        cwd=tiny_course,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
    )
    assert notebook(tiny_course, "student") == notebook(built_tiny_course, "student")
