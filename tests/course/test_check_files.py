"""Reading the check files of an exercise: what belongs to them, and which of them students get."""

import re
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.course.check_files import imports_among, parsed, read_check_files
from autograder.errors import CourseError

ROOT = Path(__file__).parents[2]

FILES = {
    "sums/public/test_add.py": "from .cases import CASES\n",
    "sums/public/cases.py": "from ...shared.public import numbers\nCASES = numbers.SMALL\n",
    "sums/hidden/test_add.py": "from ..public.cases import CASES\nfrom ...shared.hidden.secrets import SECRET\n",
    "sums/hidden/unused.py": "1 / 0\n",
    "sums/make_data.py": "",
    "sums/data.bin": "\x00",
    "sums/public/__pycache__/cases.pyc": "",
    "sums/public/.cases.py.swp": "",
    "shared/public/numbers.py": "SMALL = [1]\n",
    "shared/hidden/secrets.py": "from ..public.numbers import SMALL\nSECRET = SMALL\n",
    "shared/hidden/other.py": "",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "checks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "checks"


def read(folder):
    return read_check_files(folder, "sums", ["add"])


def test_imported_modules_and_data_belong_to_the_check_files(folder):
    files = read(folder)
    assert files.tests == ("sums/public/test_add.py", "sums/hidden/test_add.py")
    assert set(files.contents) == {
        *("sums/public/test_add.py", "sums/public/cases.py", "sums/hidden/test_add.py", "sums/data.bin"),
        *("shared/public/numbers.py", "shared/hidden/secrets.py"),
    }


def test_students_get_the_files_in_folders_called_public(folder):
    public = read(folder).public()
    assert public.tests == ("sums/public/test_add.py",)
    assert set(public.contents) == {"sums/public/test_add.py", "sums/public/cases.py", "shared/public/numbers.py"}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sums/public/test_add.py", "from ..hidden.test_add import SECRET"),
        ("sums/public/cases.py", "from ..hidden import test_add"),
        ("sums/public/cases.py", "def f():\n    from ...shared.hidden.secrets import SECRET"),
        ("shared/public/numbers.py", "from ..hidden.other import x"),
    ],
)
def test_a_public_check_cannot_import_a_hidden_helper(folder, name, line):
    (folder / name).write_text(f"{FILES[name]}\n{line}\n")
    with pytest.raises(CourseError, match=rf"{name}:\d+: a public check cannot import .*, which students do not have"):
        read(folder)


@pytest.mark.parametrize(
    "line",
    [
        "import checks.shared.hidden.secrets",
        "from checks.sums.hidden import test_add",
        "from tests.checks.shared.hidden.secrets import SECRET",
        "def f():\n    import tests.checks.sums.hidden.test_add",
    ],
)
@pytest.mark.parametrize("name", ["sums/public/cases.py", "sums/hidden/test_add.py"])
def test_an_import_of_checks_that_is_not_relative_is_refused(folder, name, line):
    """It would work in the course, and neither in a student's folder nor under the eye of the boundary."""
    (folder / name).write_text(f"{FILES[name]}\n{line}\n")
    with pytest.raises(CourseError, match=rf"{name}:\d+: import .* relatively"):
        read(folder)


@pytest.mark.parametrize("module", ["autograder.checking", "autograder.checking.experiments"])
def test_an_experiment_in_a_public_check_is_refused(folder, module):
    (folder / "sums/public/cases.py").write_text(f"from {module} import Experiment\nCASES = []\n")
    with pytest.raises(CourseError, match=r"a public check cannot use an experiment.* make that check hidden"):
        read(folder)
    (folder / "sums/public/cases.py").write_text(FILES["sums/public/cases.py"])
    (folder / "sums/hidden/test_add.py").write_text(f"from {module} import Experiment\n")
    read(folder)


@pytest.mark.parametrize(
    "call",
    [
        'fail(f"expected {SECRET}")',
        'fail("wrong", cause=f"expected {SECRET}")',
        'fail("expected %s" % SECRET)',
        'fail("expected {}".format(SECRET))',
        'fail("expected " + name)',
        "fail(str(SECRET))",
        'fail("wrong", cause=repr(SECRET))',
        'fail("wrong", cause=", ".join(names))',
        'fail("wrong" if even else f"expected {SECRET}")',
        'fail(told or f"expected {SECRET}")',
        'fail(phrase(f"expected {SECRET}"))',
        'fail(phrase("expected {word}", word=str(SECRET)))',
        'raise CheckFailure(f"expected {SECRET}")',
        'not_allowed(f"expected {SECRET}")',
        'assert_true(x == 1, f"expected {SECRET}")',
        'assert_true(x == 1, problem=f"expected {SECRET}")',
        'assert_equal(x, 1, what=f"add({SECRET})")',
        'checking.assert_tensor(x, y, what="add", cause=f"expected {SECRET}")',
        'with unchanged(x, what=f"add({SECRET})"): pass',
        'ADDS.check(submission, what="adding", cause=f"expected {SECRET}")',
        'classification_metrics(x, y, what=f"add({SECRET})")',
    ],
)
@pytest.mark.parametrize("name", ["sums/hidden/test_add.py", "shared/hidden/secrets.py"])
def test_a_hidden_message_made_from_values_is_refused(folder, name, call):
    (folder / name).write_text(f"{FILES[name]}\ndef test_add(submission):\n    {call}\n")
    words = rf"^tests/checks/{name}:\d+: `\w+` of a hidden check must not be .*phrase\(.*as `details=`\.$"
    with pytest.raises(CourseError, match=words):
        read(folder)


@pytest.mark.parametrize(
    "call",
    [
        'fail("a" "b", details=f"expected {SECRET}", cause="c" + "d")',
        'fail(f"no value")',
        'fail("one" if even else phrase("the {place} value", place="first"))',
        'assert_equal(x % 2, f"{SECRET}", what=call)',
        'assert_true(f"{x}" == "1", problem)',
        'submission.add(what=f"{SECRET}")',
    ],
)
def test_fixed_hidden_messages_and_details_with_values_are_accepted(folder, call):
    name = "sums/hidden/test_add.py"
    (folder / name).write_text(f"{FILES[name]}\ndef test_add(submission):\n    {call}\n")
    read(folder)


def test_a_public_message_may_hold_values(folder):
    name = "sums/public/test_add.py"
    (folder / name).write_text(f'{FILES[name]}\ndef test_add(submission):\n    fail(f"expected {{CASES}}")\n')
    read(folder)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("from .missing import x", r"there is no tests/checks/sums/public/missing\.py to import"),
        ("from . import missing", r"there is no tests/checks/sums/public/missing\.py to import"),
        ("from .....far import x", "this import leaves tests/checks: use fewer dots"),
        ("from .cases import (", r"tests/checks/sums/public/test_add\.py:1: this is not valid Python"),
        ("x = '\0'", r"tests/checks/sums/public/test_add\.py.*: this is not valid Python"),
    ],
)
def test_an_import_that_leads_nowhere_is_named(folder, line, words):
    (folder / "sums/public/test_add.py").write_text(line)
    with pytest.raises(CourseError, match=words):
        read(folder)


def test_imports_are_followed_through_others(folder):
    files = read(folder)
    assert imports_among("sums/hidden/test_add.py", files.contents) == (
        *("shared/hidden/secrets.py", "shared/public/numbers.py", "sums/public/cases.py"),
    )


def test_a_source_is_parsed_once():
    assert parsed(b"x = 1", "a") is parsed(b"x = " + b"1", "a")


@pytest.mark.parametrize("exercise", load_course(ROOT).exercises, ids=lambda exercise: exercise.name)
def test_no_public_file_of_the_course_mentions_hidden_checks(exercise):
    """The reader refuses imports of them; comments and texts must not mention them either."""
    for name, content in exercise.check_files.public().files:
        assert not re.search(rb"hidden (check|test)|HIDDEN_SEED", content), name
