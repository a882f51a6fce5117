"""The stubs that students start from."""

import runpy

import pytest

from autograder.course import load_course
from autograder.errors import CourseError
from autograder.release.make import stub_module
from autograder.submissions.read import read_cells


def stub_of(root):
    return stub_module(load_course(root).exercise("greetings"))


@pytest.fixture
def stub(tiny_course):
    path = tiny_course / "greetings.py"
    path.write_text(stub_of(tiny_course), "utf-8")
    return path


def test_stub_imports_and_names_the_question_that_is_missing(stub):
    names = runpy.run_path(str(stub))
    with pytest.raises(NotImplementedError, match=r"^add is not implemented yet$"):
        names["add"]([1, 2])
    with pytest.raises(NotImplementedError, match=r"^Greeter is not implemented yet$"):
        names["Greeter"]()


def test_stub_is_the_solution_without_its_regions(tiny_course):
    solution = (tiny_course / "solutions" / "greetings.py").read_text("utf-8")
    given, inside = [], False
    for line in solution.splitlines():
        inside = inside or "BEGIN SOLUTION" in line
        if not inside:
            given.append(line)
        inside = inside and "END SOLUTION" not in line
    header, empty, *lines = stub_of(tiny_course).splitlines()
    lines = [line for line in lines if "YOUR CODE HERE" not in line and "is not implemented yet" not in line]
    assert header == "# generated from solutions/greetings.py by `autograder build`; do not edit"
    assert empty == ""
    assert lines == given


def test_stub_is_read_as_a_submission_with_its_questions(stub):
    ids = [cell.id for cell in read_cells(stub)]
    assert {"add", "Greeter"} <= set(ids)
    assert [cell.is_illustration for cell in read_cells(stub)].count(True) == 1


def test_stub_runs_no_checks(tiny_course):
    assert "check(" not in stub_of(tiny_course)


def test_markers_around_part_of_a_statement(tiny_course):
    module = tiny_course / "solutions" / "greetings.py"
    text = module.read_text("utf-8")
    before = "        ### BEGIN SOLUTION\n        if not name:\n"
    after = "        if not name:\n        ### BEGIN SOLUTION\n"
    assert before in text
    module.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(CourseError, match="Put the markers around whole statements"):
        stub_of(tiny_course)
