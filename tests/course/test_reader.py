"""Reading a course from the syntax of its files."""

import ast
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import CheckFiles, Exercise, load_course
from autograder.course.reader import find_root, mark_name, read_public_checks, read_questions
from autograder.errors import CourseError, UsageError
from tests.conftest import split_files

ONE = '''
# %% public/test_one.py
import pytest
{marks}

@pytest.mark.points(2)
@pytest.mark.hint("Think.")
def test_first(submission):
    """First."""


# %% hidden/test_one.py
import pytest

pytestmark = pytest.mark.after("first")


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.points(0.5)
@pytest.mark.timeout(3)
@pytest.mark.memory(100)
def test_second(submission, n):
    """Second,
    on two lines."""
'''


def read(text):
    return read_questions(split_files(text))


def edited(old, new):
    text = ONE.format(marks="")
    assert old in text
    return text.replace(old, new)


def test_the_folder_says_what_is_public_and_the_marks_say_the_rest():
    marks = 'pytestmark = [pytest.mark.hints("Begin.", "Go on.")]\n'
    (question,) = read(ONE.format(marks=marks))
    first, second = question.checks
    assert (question.name, question.hints, question.max_score) == ("one", ("Begin.", "Go on."), 2.5)
    assert (first.name, first.title, first.points, first.public, first.hint) == ("first", "First.", 2, True, "Think.")
    assert (second.title, second.public, second.after) == ("Second, on two lines.", False, ("first",))
    assert (second.timeout_s, second.memory_mb) == (3, 100)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("def test_first(submission):", "def test_first(:", r"public/test_one\.py:\d+: this is not valid Python"),
        ('    """First."""', "    pass", "test_first has no docstring"),
        ("@pytest.mark.points(2)\n", "", r"test_first has no @pytest.mark.points\(n\)"),
        ("mark.points(2)", "mark.points(N)", "the arguments of pytest.mark.points must be literals"),
        ('mark.parametrize("n", [1, 2])', 'mark.parametrize("n", CASES)', "of pytest.mark.parametrize must be"),
        ("mark.points(2)", 'mark.points("2")', r"write a number in pytest\.mark\.points"),
        ("mark.points(2)", "mark.points()", r"write a number in pytest\.mark\.points"),
        ('mark.hint("Think.")', "mark.hint(2)", r"write a quoted text in pytest\.mark\.hint"),
        ("mark.timeout(3)", "mark.xfail", "test_second has unknown marks: xfail"),
        ('pytest.mark.after("first")', "pytest.mark.slow", "pytestmark has unknown marks: slow"),
        ("def test_second", "def test_first", "one has checks with the same name: first"),
        ("def test_first(submission)", "class TestOne", "write checks as functions, not as methods of a class"),
        ("def test_first(", "async def test_first(", "write checks with `def`, not with `async def`"),
        ('mark = pytest.mark.after("first")', 'mark = pytest.mark.after("1st")', "after 1st, which"),
        ('pytest.mark.hint("Think.")', 'pytest.mark.after("second")', "test_first runs after second, which"),
    ],
)  # fmt: skip
def test_a_faulty_check_file_is_refused_with_its_place(old, new, words):
    with pytest.raises(CourseError, match=words):
        read(edited(old, new))


@pytest.mark.parametrize(
    ("decorator", "name"),
    [
        ("pytest.mark.slow", "slow"),
        ("pytest.mark.points(2)", "points"),
        ("pytest.fixture", ""),
        ("pytest.mark.points.more(2)", ""),
        ("mark.points(2)", ""),
        ("staticmethod", ""),
    ],
)
def test_a_mark_is_told_from_other_decorators(decorator, name):
    assert mark_name(ast.parse(decorator, mode="eval").body) == name


def test_questions_come_in_the_order_of_the_solution(tiny_course):
    solution = tiny_course / "solutions/greetings.py"
    head, add, greeter = solution.read_text("utf-8").replace("# %% question", "\0# %% question").split("\0")
    solution.write_text(head + greeter + add, "utf-8")
    assert [question.name for question in load_course(tiny_course).exercises[0].questions] == ["Greeter", "add"]


def test_an_edit_after_reading_changes_nothing(tiny_course):
    exercise = load_course(tiny_course).exercise("greetings")
    before = exercise.check_files.digest, exercise.source
    for path in tiny_course.rglob("*.py"):
        path.write_text("raise SystemExit\n", "utf-8")
    assert (exercise.check_files.digest, exercise.source) == before
    assert b"SystemExit" not in b"".join(content for _, content in exercise.check_files.files)


def test_no_exercise_can_have_the_name_of_the_shared_folder(tiny_course):
    (tiny_course / "solutions/greetings.py").rename(tiny_course / "solutions/shared.py")
    config = tiny_course / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8").replace('"greetings"', '"shared"'), "utf-8")
    with pytest.raises(CourseError, match=r"solutions/shared\.py: rename it"):
        load_course(tiny_course)


@pytest.mark.parametrize(
    "marks", ['pytest.mark.after("first")', '(pytest.mark.hints("So."), pytest.mark.after("first"))']
)
def test_a_file_whose_checks_come_after_one_may_contain_it(marks):
    both = ONE.format(marks=f"pytestmark = {marks}").replace("# %% hidden/test_one.py\nimport pytest\n", "")
    both = both.replace('pytestmark = pytest.mark.after("first")\n\n\n@pytest.mark.para', "@pytest.mark.para")
    (question,) = read(both)
    assert [check.after for check in question.checks] == [(), ("first",)]


def test_only_functions_whose_name_says_so_are_checks():
    (question,) = read(edited("# %% hidden/test_one.py", "def helper():\n    pass\n\n\n# %% hidden/test_one.py"))
    assert [check.name for check in question.checks] == ["first", "second"]


def test_points_add_up_as_they_are_shown():
    (question,) = read(edited("mark.points(2)", "mark.points(0.1)").replace("points(0.5)", "points(0.2)"))
    assert question.max_score == 0.3
    parts = [replace(question, checks=(check,)) for check in question.checks]
    assert Exercise("sums", Path(), "", CheckFiles((), ()), tuple(parts)).max_score == 0.3


def test_the_course_is_found_from_any_of_its_folders(tiny_course):
    assert find_root(tiny_course / "tests/checks") == tiny_course
    (tiny_course / "nbgrader_config.py").unlink()
    with pytest.raises(CourseError, match="No course here"):
        find_root(tiny_course / "tests/checks")


def test_exercises_that_are_not_listed_come_last(tiny_course):
    shutil.copy(tiny_course / "solutions/greetings.py", tiny_course / "solutions/farewells.py")
    shutil.copytree(tiny_course / "tests/checks/greetings", tiny_course / "tests/checks/farewells")
    course = load_course(tiny_course)
    assert [exercise.name for exercise in course.exercises] == ["greetings", "farewells"]
    config = tiny_course / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + 'c.Course.optional = ["farewells"]\n', "utf-8")
    assert [exercise.optional for exercise in load_course(tiny_course).exercises] == [False, True]
    with pytest.raises(UsageError, match="Choose one of: greetings, farewells"):
        course.exercise("cnn")
    with pytest.raises(UsageError, match="Choose one of: add, Greeter"):
        course.exercise("greetings").question("subtract")


def test_a_course_has_an_exercise(tiny_course):
    (tiny_course / "nbgrader_config.py").write_text("c = get_config()\n", "utf-8")
    (tiny_course / "solutions/greetings.py").unlink()
    with pytest.raises(CourseError, match="contains no exercise"):
        load_course(tiny_course)


def test_students_have_the_public_checks_only(tiny_course):
    exercise = load_course(tiny_course).exercise("greetings")
    files, questions = read_public_checks(tiny_course / "tests/checks", "greetings")
    assert files.files == exercise.check_files.public().files
    assert {name.split("/")[1] for name in (*files.contents, *files.tests)} == {"public"}
    assert all(check.public for question in questions for check in question.checks)
    shutil.rmtree(tiny_course / "tests/checks/greetings/hidden")
    assert read_public_checks(tiny_course / "tests/checks", "greetings") == (files, questions)


def test_check_files_with_other_names_or_contents_have_another_digest():
    ways = [(("a", b"1"), ("b", b"2")), (("a", b"1"), ("c", b"2")), (("a", b"1b\x002"),), (("a", b"1"), ("b", b"3"))]
    assert len({CheckFiles(way, ()).digest for way in ways}) == len(ways)
