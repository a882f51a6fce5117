"""The group ``autograder`` and what its subcommands share: lazy loading and errors without tracebacks."""

from __future__ import annotations

import gc
import importlib
import sys

try:
    import click
except ModuleNotFoundError:  # the core install, which students have, needs no command line
    sys.exit('The command "autograder" is for staff. Install it with: pip install "medical-image-autograder[staff]"')

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

WRONG_USE = 2
NOT_SO = 1


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called: ``--help`` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the subcommands in the order in which an instructor meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"autograder.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


class UserError(click.ClickException):
    """Something the user can mend: shown as one sentence, exit code 2."""

    exit_code = WRONG_USE


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="medical-image-autograder", prog_name="autograder")
def main() -> None:
    """Release, grade and prove the exercises of a course.

    Run it in the course's folder, where nbgrader_config.py lies.
    """
    # Imports and syntax trees make objects by the hundred thousand and hardly any garbage: looking for it at every
    # 700 of them takes a fifth of a command's start.
    gc.set_threshold(100_000, 50)
