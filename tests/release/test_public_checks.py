"""Cutting the public checks out of a file of checks."""

import pytest

from autograder.checking.notebook import run_public_checks
from autograder.course import load_course, read_questions
from autograder.errors import CourseError
from autograder.notebook.execute import load_submission
from autograder.release.public_checks import public_version

HEAD = "import math\nimport pytest\n"
PUBLIC = '''

@pytest.mark.question("q")
class TestQ:
    @pytest.mark.public
    @pytest.mark.points(1)
    def test_shown(self, submission):
        """Shown."""
        {body}
'''
HIDDEN = '''
    @pytest.mark.points(1)
    def test_hidden(self, submission):
        """Hidden."""
        {body}
'''


def cut(source):
    return public_version(source, "test_q.py", "q")


def course(body="pass", hidden="pass", head=HEAD):
    return head + PUBLIC.format(body=body) + HIDDEN.format(body=hidden)


@pytest.fixture
def tiny_public(tiny_course):
    checks = tiny_course / "tests" / "checks" / "test_greetings.py"
    return public_version(checks.read_text("utf-8"), "test_greetings.py", "greetings")


def test_public_checks_stay_as_they_are(tiny_public, tiny_course):
    exercise = load_course(tiny_course).exercise("greetings")
    public = [check for question in exercise.questions for check in question.checks if check.public]
    assert [c for q in read_questions(tiny_public, "x") for c in q.checks] == public


def test_hidden_checks_go_with_all_that_only_they_use(tiny_public):
    for word in (
        "crowd",
        "CROWD",
        "chain",
        "math",
        "assert_true",
        "nobody",
        "SECRET_WORD",
        "remembers",
        "hidden",
    ):
        assert word not in tiny_public


def test_helpers_constants_and_comments_of_public_checks_stay(tiny_public):
    for text in (
        "# Two invitations, for two and for three.\nINVITATIONS = [2, 3]",
        "def guests(submission, invitations):",
        '    WORD = "Welcome"',
        "    def _greeting(self, submission, name):",
        "        # The sum is 2 + 3.",
        "from autograder.checking import assert_equal, assert_has, assert_raises\n",
    ):
        assert text in tiny_public


def test_public_checks_run_on_their_own(tiny_public, tiny_course):
    path = tiny_course / "test_greetings.py"
    path.write_text(tiny_public, "utf-8")
    solution = load_submission(tiny_course / "solutions" / "greetings.py").__dict__["_namespace"]
    for question in read_questions(tiny_public, "x"):
        result = run_public_checks(path, question, solution)
        assert result.score == result.max_score > 0


def test_a_question_without_public_checks_is_left_out():
    source = course() + '\n\n@pytest.mark.question("p")\nclass TestP:' + HIDDEN.format(body="pass")
    assert [question.name for question in read_questions(cut(source), "x")] == ["q"]


def test_the_files_docstring_does_not_travel():
    text = cut('"""Hidden: asymmetric kernels."""\n' + course())
    assert "asymmetric" not in text
    assert text.startswith('"""The public checks of `q`')


def test_future_imports_stay_first():
    text = cut("from __future__ import annotations\n\n" + course())
    assert text.index("from __future__") < text.index("import pytest")


def test_helpers_are_followed_through_helpers():
    head = HEAD + "A = 1\n\n\ndef first():\n    return second()\n\n\ndef second():\n    return A + math.pi\n"
    text = cut(course("first()", head=head))
    assert all(word in text for word in ("def first", "def second", "A = 1", "import math"))
    text = cut(course("pass", "first()", head=head))
    assert not any(word in text for word in ("def first", "def second", "A = 1", "import math"))


def test_a_local_name_does_not_keep_a_helper_of_that_name():
    assert "secret" not in cut(course("value = 1\n        assert value", head=HEAD + "value = 'secret'\n"))


def test_part_of_a_long_import_is_wrapped():
    names = [f"a_rather_long_name_{n}" for n in range(8)]
    head = HEAD + f"from somewhere import ({', '.join(names)})\n"
    text = cut(course(f"[{', '.join(names[1:])}]", head=head))
    assert "from somewhere import (\n    a_rather_long_name_1,\n" in text
    assert "a_rather_long_name_0" not in text


def test_comments_below_a_hidden_check_go_too():
    source = course(hidden="pass\n        # the answer is 42") + "\n\n# kept\nB = 1\n"
    assert "42" not in cut(source)


def test_comments_above_a_hidden_check_go_too():
    source = course().replace(
        "\n    @pytest.mark.points(1)\n    def test_hidden",
        "\n    # a trap\n    @pytest.mark.points(1)\n    def test_hidden",
    )
    assert "# a trap" in source
    assert "# a trap" not in cut(source)


def test_a_public_check_after_a_hidden_one_is_refused():
    source = course().replace(
        "    @pytest.mark.public\n", '    @pytest.mark.public\n    @pytest.mark.after("hidden")\n'
    )
    with pytest.raises(CourseError, match=r"q.test_shown runs after hidden, which students do not have: make"):
        cut(source)


def test_a_statement_that_nothing_refers_to_is_refused():
    with pytest.raises(CourseError, match=r"test_q.py:3: nothing tells .* Put it into the function"):
        cut(course(head=HEAD + "print('?')\n"))


def test_two_statements_on_one_line_are_refused():
    with pytest.raises(CourseError, match=r"test_q.py:3: write one statement a line"):
        cut(course(head=HEAD + "a = 1; b = 2\n"))


EXPERIMENT = """from autograder.checking import Experiment, classification_metrics, fail

HIDDEN_SEED = 271828183


def _data(dataset):
    return HIDDEN_SEED


def measure(submission, dataset, seed):
    return classification_metrics(_data(dataset), [1])


TRAINED = Experiment("trained_on_toys", measure, dataset="toys", metric="auc")
"""


def test_experiments_their_data_and_seeds_go_with_the_hidden_checks():
    source = course("fail('no')", "TRAINED.check(submission, what='it')", head=HEAD + EXPERIMENT)
    text = cut(source)
    for word in ("TRAINED", "Experiment", "measure", "_data", "SEED", "271828183", "toys", "classification_metrics"):
        assert word not in text
    assert "from autograder.checking import fail\n" in text


def test_an_experiment_in_a_public_check_is_refused():
    source = course("TRAINED.check(submission, what='it')", head=HEAD + EXPERIMENT)
    with pytest.raises(CourseError, match=r"test_q.py: a public check uses an experiment.* make that check hidden"):
        cut(source)
