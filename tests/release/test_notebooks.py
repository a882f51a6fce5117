"""The instructor's notebook: its ids, nbgrader's metadata, and what is refused."""

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from autograder.course import load_course
from autograder.errors import CourseError
from autograder.release.notebooks import source_notebook


def make(root):
    return source_notebook(load_course(root).exercise("greetings"), "2026.1")


def edit(path, before, after):
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def cell(notebook, cell_id):
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def test_notebook_is_valid_for_jupyter_and_nbgrader(tiny_course):
    notebook = make(tiny_course)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)


def test_cells_come_in_order_with_ids_that_name_them(tiny_course):
    assert [cell.id for cell in make(tiny_course).cells] == [
        "intro-text-1",
        "autograder",
        "intro-code-1",
        "intro-text-2",
        "add",
        "check-add",
        "add-figure-1",
        "add-text-1",
        "add-code-1",
        "Greeter",
        "check-Greeter",
    ]


def test_the_same_notebook_every_time(tiny_course):
    assert nbformat.writes(make(tiny_course)) == nbformat.writes(make(tiny_course))


def test_notebook_says_what_it_is_and_nothing_of_the_machine(tiny_course):
    metadata = make(tiny_course).metadata
    assert metadata.autograder == {"exercise": "greetings", "release": "2026.1"}
    assert metadata.kernelspec.name == "python3"
    assert "version" not in metadata.language_info


def test_question_cell_is_a_solution_and_check_cell_is_graded(tiny_course):
    notebook = make(tiny_course)
    question, graded = cell(notebook, "Greeter"), cell(notebook, "check-Greeter")
    flags = {name: question.metadata.nbgrader[name] for name in ("solution", "grade", "locked")}
    assert flags == {"solution": True, "grade": False, "locked": False}
    flags = {name: graded.metadata.nbgrader[name] for name in ("solution", "grade", "locked")}
    assert flags == {"solution": False, "grade": True, "locked": True}
    assert graded.metadata.nbgrader.points == 2.5
    assert graded.source == 'check("Greeter")'


def test_helper_code_is_locked_and_illustrations_and_prose_are_free(tiny_course):
    notebook = make(tiny_course)
    assert cell(notebook, "add-code-1").metadata.nbgrader.locked
    assert cell(notebook, "autograder").source.startswith("try:\n    from autograder import check, hint\n")
    assert cell(notebook, "add-figure-1").metadata.tags == ["active-ipynb"]
    assert cell(notebook, "add-text-1").metadata == {}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("# %% tags=", "# %% tag=", ["unknown metadata", "tag"]),
        ("EXCLAMATION = ", "### BEGIN SOLUTION\nEXCLAMATION = ", ["“BEGIN SOLUTION” without"]),
        ("    ### END SOLUTION\n\n\n# %% tags", "\n\n# %% tags", ["question add", "without “END SOLUTION”"]),
        ("    ### BEGIN SOLUTION\n    total = 0", "    total = 0", ["“END SOLUTION” without"]),
        (
            "EXCLAMATION = ",
            "### BEGIN SOLUTION\n### END SOLUTION\nEXCLAMATION = ",
            ["a solution region but no question"],
        ),
        ("    total = 0", "    ### BEGIN SOLUTION\n    total = 0", ["second “BEGIN SOLUTION” before “END SOLUTION”"]),
        ("def add(", "def plus(", ["defines no function or class `add`"]),
        ("def add(", "def add[", ["not valid Python"]),
    ],
)
def test_a_wrong_cell_is_reported(tiny_course, before, after, words):
    edit(tiny_course / "solutions" / "greetings.py", before, after)
    with pytest.raises(CourseError) as error:
        make(tiny_course)
    assert all(word in str(error.value) for word in ["solutions/greetings.py: cell", *words])


def test_a_question_without_a_region(tiny_course):
    module = tiny_course / "solutions" / "greetings.py"
    text = module.read_text("utf-8")
    module.write_text(text.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", ""), "utf-8")
    with pytest.raises(CourseError, match=r"question add\) has no solution region. Put"):
        make(tiny_course)


def test_two_cells_for_one_question(tiny_course):
    module = tiny_course / "solutions" / "greetings.py"
    text = module.read_text("utf-8")
    start, end = text.index('# %% question="add"'), text.index("# %% tags")
    module.write_text(text + "\n\n" + text[start:end], "utf-8")
    with pytest.raises(CourseError, match=r"several cells for “add”\. Keep one"):
        make(tiny_course)


def test_checks_without_a_cell(tiny_course):
    module = tiny_course / "solutions" / "greetings.py"
    module.write_text(module.read_text("utf-8").split('# %% question="Greeter"')[0], "utf-8")
    with pytest.raises(CourseError, match=r"checks Greeter, but solutions/greetings.py has no such cell: mark it"):
        make(tiny_course)


def test_a_cell_without_checks(tiny_course):
    for kind in ("public", "hidden"):
        (tiny_course / f"tests/checks/greetings/{kind}/test_add.py").unlink()
    with pytest.raises(CourseError, match=r"a cell for add, which has no checks: write tests/checks/greetings/public"):
        make(tiny_course)
