"""The one place where an error becomes a message and an exit code, and a bug keeps its traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from autograder.cli.main import EXIT_FAILED, EXIT_USAGE, main
from autograder.errors import AutograderError, LeakError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Result]:
    """Return a function that runs a command in which this exception is raised."""

    def fail(error: Exception) -> Result:
        def load(_root: object) -> None:
            raise error

        monkeypatch.setattr("autograder.cli.releases.load_course", load)
        return CliRunner().invoke(main, ["lock"])

    return fail


@pytest.mark.parametrize(
    "bug", [ValueError("a bug"), KeyError("x"), OSError("said by a library"), ImportError("cycle")]
)
def test_a_bug_keeps_its_traceback(failing, bug):
    assert failing(bug).exception is bug


def test_a_missing_module_of_an_installed_package_is_a_bug(failing):
    for name in ("autograder.nosuch", "torch.nosuch", "json.nosuch"):
        bug = ModuleNotFoundError(f"No module named {name!r}", name=name)
        assert failing(bug).exception is bug


def test_notes_are_printed_after_the_error(failing):
    error = AutograderError("No.")
    error.add_note("Nothing is lost.")
    assert failing(error).stderr == "Error: No. Nothing is lost.\n"


def test_a_leak_exits_1_and_every_other_error_exits_2(failing):
    assert failing(LeakError("Hidden.")).exit_code == EXIT_FAILED
    for error in (
        AutograderError("No."),
        FileNotFoundError(2, "No such file", "x"),
        ModuleNotFoundError(name="nosuch"),
    ):
        assert failing(error).exit_code == EXIT_USAGE
