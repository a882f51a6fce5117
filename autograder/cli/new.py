"""``autograder new``: start an exercise that works at once."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.common import course_option
from autograder.cli.main import UserError

EXAMPLES = """\b
Examples:
  autograder new attention
  autograder new attention --question scores --question attend
"""


@click.command("new", epilog=EXAMPLES, short_help="Start an exercise: solution, checks and answers to fill in.")
@click.argument("exercise")
@click.option(
    "--question",
    "questions",
    multiple=True,
    metavar="NAME",
    help="A function that students will write; repeat it for more.  [default: EXERCISE_question]",
)
@course_option
def command(exercise: str, questions: tuple[str, ...], course: Path | None) -> None:
    """Start an exercise: solution, checks and answers to fill in.

    Writes solutions/EXERCISE.py, tests/checks/EXERCISE/ and tests/answers/EXERCISE/, and adds EXERCISE to
    c.Course.exercises in nbgrader_config.py. What it writes is a small exercise that can be built, proven and graded at
    once; each place to be changed says TODO. Nothing that exists is overwritten, and on an error nothing has changed.
    """
    from autograder.course import CourseError
    from autograder.release.skeleton import start_exercise

    try:
        written = start_exercise(course, exercise, questions)
    except CourseError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(f"{error.filename} cannot be written ({error.strerror}); nothing has changed.") from None
    for name in written:
        click.echo(name)
    click.echo(
        "\nIt works as it stands. Replace what is marked TODO, and look at it again and again with:\n"
        f"  autograder build {exercise}\n"
        f"  autograder prove {exercise}"
    )
