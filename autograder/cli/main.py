"""The group ``autograder``: loads a subcommand when it is called, and turns errors into a sentence and an exit code."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

try:
    import click
except ModuleNotFoundError:  # the core install, which students have, needs no command line
    sys.exit('The command "autograder" is for staff. Install it with: pip install "medical-image-autograder[staff]"')

from autograder.errors import AutograderError, LeakError, explained

COMMANDS = {
    "new": "Start an exercise: solution, checks and answers to fill in.",
    "build": "Make the stubs, the student release and the solution release.",
    "lock": "Pin the installed versions in requirements.lock.",
    "diff": "Show what changed from one release to another.",
    "verify": "Check a release against its manifest and signature.",
    "collect": "Take in what Moodle, Canvas or Gradescope lets you download.",
    "grade": "Grade submissions in the sandbox.",
    "feedback": "Write a page for each student: what to look at first, and why.",
    "report": "Write a page on the class: scores, items, wrong answers, similar code.",
    "export": "Write scores as a table that Canvas or Moodle imports.",
    "prove": "Prove that the checks catch every known mistake.",
    "calibrate": "Measure right and wrong answers, and record thresholds.",
    "doctor": "Say what this machine offers for grading.",
}

_MODULES = {
    "new": "authoring",
    "build": "releases",
    "lock": "releases",
    "diff": "releases",
    "verify": "releases",
    "collect": "lms",
    "grade": "grade",
    "feedback": "pages",
    "report": "pages",
    "export": "lms",
    "prove": "authoring",
    "calibrate": "calibrate",
    "doctor": "doctor",
}
"""The module of ``autograder.cli`` in which each command ``<name>_command`` is."""

EXIT_FAILED = 1
"""The command did its work, and the answer is not the one hoped for: somebody has to look."""
EXIT_USAGE = 2
"""The command could not do its work: a name, an option, a file, a package or the machine is in the way."""


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called: ``--help`` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the subcommands in the order in which an instructor meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"autograder.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand. What its user can fix is told in a sentence; a bug shows its traceback."""
        try:
            return super().invoke(ctx)
        except (AutograderError, ModuleNotFoundError, OSError) as error:
            known = explained(error)
            if known is None:
                raise
            kind = _Failed if isinstance(known, LeakError) else _Unable
            raise kind(" ".join([str(known), *getattr(error, "__notes__", ())])) from error


class _Failed(click.ClickException):
    """How click shows an error that is an answer: one sentence, and this exit code."""

    exit_code = EXIT_FAILED


class _Unable(click.ClickException):
    """How click shows an error that kept a command from its work."""

    exit_code = EXIT_USAGE


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="medical-image-autograder", prog_name="autograder")
def main() -> None:
    """Release, grade and prove the exercises of a course.

    Run it in the course's folder, where nbgrader_config.py lies.
    """
    # Imports and syntax trees make objects by the hundred thousand and hardly any garbage: looking for it at every
    # 700 of them takes a fifth of a command's start.
    gc.set_threshold(100_000, 50)
