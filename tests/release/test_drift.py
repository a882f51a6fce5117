"""``autograder build --check``: is exercises/ what the solutions make?"""

import shutil

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import load_course
from autograder.release.build import stubs_of


def check(root):
    return CliRunner().invoke(main, ["build", "--check", "--course", str(root)])


def snapshot(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


@pytest.fixture
def stub(tiny_course):
    ((name, text),) = stubs_of(load_course(tiny_course)).items()
    path = tiny_course / "exercises" / name
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    return path


def test_no_drift(tiny_course, stub):
    result = check(tiny_course)
    assert result.exit_code == 0
    assert result.output == "exercises/ is up to date: 1 exercise.\n"


def test_a_solution_that_changed_where_students_see_it(tiny_course, stub):
    module = tiny_course / "solutions" / "greetings.py"
    module.write_text(module.read_text("utf-8").replace("manners", "good manners"), "utf-8")
    result = check(tiny_course)
    assert result.exit_code == 1
    assert "exercises/greetings.py is not up to date with solutions/greetings.py" in result.output
    assert "autograder build" in result.output


def test_a_solution_that_changed_where_students_do_not_see_it(tiny_course, stub):
    module = tiny_course / "solutions" / "greetings.py"
    module.write_text(module.read_text("utf-8").replace("total = 0", "total = 0.0"), "utf-8")
    assert check(tiny_course).exit_code == 0


def test_a_missing_stub(tiny_course):
    result = check(tiny_course)
    assert result.exit_code == 1
    assert "exercises/greetings.py is missing" in result.output


def test_a_stub_without_a_solution(tiny_course, stub):
    (stub.parent / "farewells.py").write_text("", "utf-8")
    result = check(tiny_course)
    assert result.exit_code == 1
    assert "exercises/farewells.py has no solution: delete it, or write solutions/farewells.py" in result.output


def test_check_writes_nothing(tiny_course):
    before = snapshot(tiny_course)
    check(tiny_course)
    assert snapshot(tiny_course) == before


def test_a_wrong_course_is_a_usage_error(tiny_course):
    shutil.rmtree(tiny_course / "tests/checks/greetings")
    result = check(tiny_course)
    assert result.exit_code == 2
    assert "has no checks: write tests/checks/greetings/public/test_<question>.py" in result.output
