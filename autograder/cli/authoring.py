"""``autograder new`` starts an exercise; ``autograder prove`` tests its checks with right and wrong answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.common import choose_tier, course_option, jobs_option, json_option, print_json, weak_option
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.course import Course, Exercise
    from autograder.course.cells import Cell
    from autograder.proving.proof import Proof, Verdict


EXAMPLES = """\b
Examples:
  autograder new attention
  autograder new attention --question scores --question attend
"""


@click.command("new", epilog=EXAMPLES)
@click.argument("exercise")
@click.option(
    "--question",
    "questions",
    multiple=True,
    metavar="NAME",
    help="A function that students will write; may be repeated.  [default: EXERCISE_question]",
)
@course_option
def new_command(exercise: str, questions: tuple[str, ...], course: Path | None) -> None:
    """Start an exercise: solution, checks and answers to fill in.

    Writes solutions/EXERCISE.py, tests/checks/EXERCISE/ and tests/answers/EXERCISE/, and adds EXERCISE to
    c.Course.exercises in nbgrader_config.py. The new exercise can be built, proven and graded at once; every place to
    change is marked TODO. Existing files are never overwritten, and an error changes nothing.
    """
    from autograder.release.skeleton import start_exercise

    for name in start_exercise(course, exercise, questions):
        click.echo(name)
    click.echo(
        "\nThe exercise works as it is. Replace what is marked TODO, and try it after every change:\n"
        f"  autograder build {exercise}\n"
        f"  autograder prove {exercise}"
    )


@click.command("prove")
@click.argument("exercises", nargs=-1, metavar="[EXERCISE]...")
@click.option("-v", "--verbose", is_flag=True, help="Show every wrong answer with the check that catches it.")
@jobs_option
@weak_option
@json_option
@course_option
def prove_command(
    exercises: tuple[str, ...],
    verbose: bool,
    jobs: int | None,
    allow_weak_sandbox: bool,
    as_json: bool,
    course: Path | None,
) -> None:
    """Run the checks on tests/answers and report every mistake that survives.

    Right answers must get full points, each wrong one must fail the checks that it names, the untouched stub must
    get nothing, junk must not break a check, and hidden checks must say fixed texts. Exit code 1 if any of this
    does not hold.

    \b
    Example:
      autograder prove convolution
    """
    from autograder.cli.common import console, engine_factory
    from autograder.proving.proof import prove

    loaded = load_course(course)
    chosen = [loaded.exercise(name) for name in exercises] or list(loaded.exercises)
    tier = choose_tier(allow_weak_sandbox=allow_weak_sandbox)
    out = console(stderr=as_json)  # standard output is for the document

    def show(verdict: Verdict) -> None:
        for problem in verdict.problems:
            out.print(f"[red]✗[/] {_plain(problem)}")
        if verbose and verdict.answer.kind == "wrong" and not verdict.problems:
            meant = [check for check in verdict.checks if check.name in verdict.answer.caught_by]
            out.print(f"[green]✓[/] {verdict.answer.question}: {_plain(verdict.answer.label)}")
            for check in meant:
                out.print(_plain(f"    {check.name}: {check.outcome}. {check.message}".replace("\n", " ")), style="dim")

    proofs: list[Proof] = []
    # Read all stubs first: one that is missing must not stop the proof after minutes.
    stubs = {exercise.name: _stub_cells(loaded, exercise) for exercise in chosen}
    with engine_factory(loaded, chosen, tier)() as engine:  # one for all: it takes seconds to start
        for exercise in chosen:
            stub = stubs[exercise.name]
            found = prove(engine, exercise, stub, jobs=jobs or os.cpu_count() or 1, notify=show)
            proofs += found
            _record_mistakes(loaded, exercise, found)  # now: a later exercise may fail
            for proof in found:
                for problem in proof.problems:
                    out.print(f"[red]✗[/] {_plain(problem)}")
    problems = sum(len(proof.all_problems) for proof in proofs)
    if as_json:
        print_json({"proven": not problems, "questions": list(map(_as_json, proofs))})
    else:
        _print_table(proofs)
    if problems:
        out.print(f"[red]{problems} problems.[/] Fix the checks or the answers in tests/answers.")
        raise SystemExit(EXIT_FAILED)
    out.print("[green]Proven:[/] every right answer gets full points, and no mistake survives.")


def _record_mistakes(course: Course, exercise: Exercise, proofs: list[Proof]) -> None:
    """Record what the checks say about the wrong answers, for `autograder report`."""
    from autograder.reporting.known_mistakes import Mistake, symptoms_of, write_mistakes

    wrong = [verdict for proof in proofs for verdict in proof.verdicts if verdict.answer.kind == "wrong"]
    mistakes = [Mistake(each.answer.question, each.answer.label, symptoms_of(each.checks)) for each in wrong]
    write_mistakes(course.root, exercise.name, exercise.check_files.digest, mistakes)


def _stub_cells(course: Course, exercise: Exercise) -> tuple[Cell, ...]:
    """Return the cells of the stub that students start from."""
    from autograder.submissions.read import read_cells

    path = course.root / "exercises" / f"{exercise.name}.py"
    if not path.is_file():
        raise UsageError(f"exercises/{exercise.name}.py is missing. Run `autograder build` first.")
    cells = read_cells(path)
    missing = {question.name for question in exercise.questions} - {cell.id for cell in cells}
    if missing:
        raise UsageError(f"{path} has no cell for {', '.join(sorted(missing))}. Run `autograder build` again.")
    return cells


def _as_json(proof: Proof) -> dict[str, object]:
    """Return a proof for scripts; ``answers`` maps each kind to [how many are without problems, how many there are]."""
    counts = {kind: list(proof.count(kind)) for kind in ("right", "wrong", "stub", "junk")}
    return {"question": proof.question.name, "answers": counts, "problems": proof.all_problems}


def _print_table(proofs: list[Proof]) -> None:
    from rich.table import Table

    from autograder.cli.common import console

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("question")
    for title in ("points", "checks", "right", "wrong caught", "stub", "junk"):
        table.add_column(title, justify="right")
    for proof in proofs:
        counts = [f"{good}/{total}" for good, total in map(proof.count, ("right", "wrong", "stub", "junk"))]
        table.add_row(
            proof.question.name, f"{proof.question.max_score:g}", str(len(proof.question.checks)), *counts,
            style="red" if proof.all_problems else "",
        )  # fmt: skip
    console().print(table)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
