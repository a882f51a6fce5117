"""Which versions `make newest` installs, and how it reports the outcome."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from tools import newest
from tools.newest import broken, needs, table, without_upper_bounds
from tools.scratch import Environment, versions

PROJECT = {
    "dependencies": ["torch>=2.6,<2.16"],
    "optional-dependencies": {
        "staff": ["nbgrader==0.9.6", "Rich>=13"],
        "dev": ["medical-image-autograder[staff]", "psycopg[binary]>=3.2,<4"],
    },
}
REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_right"/>
<testcase classname="tests.test_a" name="test_left_out"><skipped message="no browser"/></testcase>
<testcase classname="tests.test_a" name="test_wrong"><failure message="assert 1 == 2&#10;more">…</failure></testcase>
<testcase classname="tests.test_b" name="test_set_up"><error message="">
OSError: gone</error></testcase>
</testsuite></testsuites>"""


def test_all_extras_count_but_not_the_package_itself():
    assert list(needs(PROJECT)) == ["nbgrader", "psycopg", "rich", "torch"]


def loose(line):
    return str(without_upper_bounds(Requirement(line)))


def test_upper_bounds_are_lifted():
    assert loose("torch>=2.6,<2.16") == "torch>=2.6"
    assert loose("nbgrader==0.9.6") == "nbgrader>=0.9.6"
    assert loose("furo~=2025.1") == "furo>=2025.1"
    assert loose("psycopg[binary]>=3.2,!=3.3,<=4; os_name == 'posix'") == (
        'psycopg[binary]!=3.3,>=3.2; os_name == "posix"'
    )
    assert loose("rich") == "rich"


def test_the_table_marks_what_a_bound_holds_back():
    columns = {
        "locked": {"nbgrader": "0.9.6"},
        "newest in range": {"nbgrader": "0.9.6", "torch": "2.15.0", "rich": "15.0"},
        "newest": {"nbgrader": "0.9.7", "torch": "2.15.0", "rich": "15.0"},
    }
    head, *rows = [line.split() for line in table(needs(PROJECT), columns)]
    assert head[0] == "package"
    assert rows == [
        ["nbgrader", "0.9.6", "0.9.6", "0.9.7", "==0.9.6", "holds", "back"],
        ["psycopg", "–", "–", "–", "<4,>=3.2"],
        ["rich", "–", "15.0", "15.0", ">=13"],
        ["torch", "–", "2.15.0", "2.15.0", "<2.16,>=2.6"],
    ]


def test_a_broken_test_is_reported_with_the_first_line_of_its_message(tmp_path):
    (tmp_path / "report.xml").write_text(REPORT, "utf-8")
    assert broken(tmp_path / "report.xml") == {
        "tests.test_a::test_wrong": "assert 1 == 2",
        "tests.test_b::test_set_up": "OSError: gone",
    }


def test_names_of_packages_are_normalised():
    frozen = "sphinx_click==6.0\nIPython==9.18.1\nmedical-image-autograder @ file:///course\n"
    assert versions(frozen) == {"sphinx-click": "6.0", "ipython": "9.18.1"}


def test_a_run_without_a_report_counts_as_broken(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(newest, "ROOT", tmp_path)
    monkeypatch.setattr(newest, "FOLDER", tmp_path)
    crashed = SimpleNamespace(run=lambda *_command, **_variables: SimpleNamespace(stdout="a\ngone\n", returncode=4))
    assert list(newest.run_tests(crashed, "in-range", [])) == ["pytest"]
    assert capsys.readouterr().out == "in-range: gone\n"
    assert (tmp_path / "in-range.log").read_text() == "a\ngone\n"


@pytest.fixture
def environment():
    """The environment of the tests, as if it were a scratch one."""
    made = object.__new__(Environment)
    made._programs = Path(sys.executable).parent
    return made


def test_variables_of_this_python_do_not_reach_the_other(environment, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/here")
    done = environment.run("python", "-c", "import os; print(os.environ.get('PYTHONPATH'), os.environ['A'])", A="b")
    assert done.stdout == "None b\n"


def test_a_program_that_must_not_fail_ends_everything(environment):
    assert environment.must("python", "-c", "print(1)") == "1\n"
    with pytest.raises(SystemExit, match=r"(?s)gone.*exit code 3: python -c"):
        environment.must("python", "-c", "print('gone'); raise SystemExit(3)")


@pytest.mark.parametrize("broke", [True, False])
def test_what_broke_is_printed_and_its_environment_kept(monkeypatch, tmp_path, capsys, broke):
    class Installed:
        def __init__(self, _folder):
            pass

        def install(self, *_arguments):
            pass

        def installed(self):
            return {"torch": "2.15.0"}

    folder = tmp_path / "newest"
    monkeypatch.setattr(newest, "ROOT", tmp_path)
    monkeypatch.setattr(newest, "FOLDER", folder)
    monkeypatch.setattr(newest, "Environment", Installed)
    monkeypatch.setattr(newest, "read_lock", lambda _root: {})
    monkeypatch.setattr(newest, "run_tests", lambda *_arguments: folder.mkdir() or ({"test_a": "why"} if broke else {}))
    monkeypatch.setattr("sys.argv", ["newest"])
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["torch>=2.6"]\n[project.optional-dependencies]\ndev = []\n'
    )
    if broke:
        with pytest.raises(SystemExit, match="The environment is kept: newest/bin/python"):
            newest.main()
    else:
        newest.main()
    assert folder.exists() is broke
    assert ("Broke with the versions in range: nothing" in capsys.readouterr().out) is not broke
