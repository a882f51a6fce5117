"""The group ``autograder``: imports a subcommand when it is called; turns errors into a message and an exit code."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

try:
    import click
except ModuleNotFoundError:  # the core install, for students, comes without the command line
    sys.exit('The command "autograder" is for staff. Install it with: pip install "medical-image-autograder[staff]"')

from autograder.errors import AutograderError, LeakError, explained

COMMANDS = {
    "new": ("authoring", "Start an exercise: solution, checks and answers to fill in."),
    "build": ("releases", "Make the stubs, the student release and the solution release."),
    "lock": ("releases", "Pin the installed versions in requirements.lock."),
    "diff": ("releases", "Show what changed between two releases."),
    "verify": ("releases", "Check a release against its manifest and signature."),
    "collect": ("lms", "Import submissions downloaded from Moodle, Canvas or Gradescope."),
    "grade": ("grade", "Grade submissions in the sandbox."),
    "feedback": ("pages", "Write a page per student: what to look at first, and why."),
    "report": ("pages", "Write a page about the class: scores, items, wrong answers, similar code."),
    "export": ("lms", "Write scores as a table that Canvas or Moodle imports."),
    "prove": ("authoring", "Prove that the checks catch every known mistake."),
    "calibrate": ("calibrate", "Measure right and wrong answers, and record thresholds."),
    "doctor": ("doctor", "Check whether this machine is ready for grading."),
}
"""Each command: the module of ``autograder.cli`` that defines ``<name>_command``, and what it does."""

EXIT_FAILED = 1
"""The command did its work and found something that needs review."""
EXIT_USAGE = 2
"""The command could not do its work because of a name, an option, a file, a package or the machine."""


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called, so that ``--help`` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the subcommands in the order in which an instructor needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module, summary = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"autograder.cli.{module}"), f"{cmd_name}_command")
        command.short_help = summary  # sphinx-click lists it in the documentation
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand. An error that its user can fix becomes a message; a bug shows its traceback."""
        try:
            return super().invoke(ctx)
        except (AutograderError, ModuleNotFoundError, OSError) as error:
            known = explained(error)  # None for what can only be a bug
            if known is None:
                raise
            kind = _Failed if isinstance(known, LeakError) else _Unable  # a leak is what a build looks for
            raise kind(" ".join([str(known), *getattr(error, "__notes__", ())])) from error


class _Failed(click.ClickException):
    """An error that is the answer of a command, as click shows it."""

    exit_code = EXIT_FAILED


class _Unable(click.ClickException):
    """An error that kept a command from its work, as click shows it."""

    exit_code = EXIT_USAGE


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="medical-image-autograder", prog_name="autograder")
def main() -> None:
    """Release, grade and prove the exercises of a course.

    Run it in the course's folder, the one with nbgrader_config.py.
    """
    # Imports and syntax trees create hundreds of thousands of objects and hardly any garbage. Collecting at the default
    # threshold, every 700 objects, takes a fifth of a command's start.
    gc.set_threshold(100_000, 50)
