"""``autograder calibrate``: measure right and wrong answers, and record the thresholds between them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autograder.cli.common import console, course_option
from autograder.cli.main import EXIT_FAILED
from autograder.course import load_course
from autograder.errors import AutograderError
from autograder.proving.threshold import FEWEST_RUNS, FEWEST_SEEDS

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.proving.calibration import CalibrationOutcome, PreparedCalibration, Repeats
    from autograder.proving.measuring import Pool

MAY_PASS = 0.05
"""A wrong answer with a greater chance to pass gets a remark."""
STEPS = 10
"""How many times progress is printed when standard error is not a terminal."""


@click.command("calibrate")
@click.argument("exercises", nargs=-1, metavar="[EXERCISE]...")
@click.option(
    "--seeds", type=click.IntRange(min=FEWEST_SEEDS), default=30, show_default=True,
    help=f"Runs of the solution. Fewer than {FEWEST_SEEDS} prove nothing, even if none of them fails.",
)  # fmt: skip
@click.option(
    "--right-seeds", type=click.IntRange(min=FEWEST_RUNS), default=30, show_default=True,
    help=f"Runs of each other right answer. Failures of fewer than {FEWEST_SEEDS} are counted over all right answers.",
)  # fmt: skip
@click.option(
    "--wrong-seeds", type=click.IntRange(min=3), default=5, show_default=True,
    help="Runs of each wrong answer and baseline.",
)  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Parallel measurements. [default: one per core]")
@click.option("--check", is_flag=True, help="Measure nothing; only say whether the records exist and still hold.")
@course_option
def calibrate_command(
    exercises: tuple[str, ...],
    seeds: int,
    right_seeds: int,
    wrong_seeds: int,
    jobs: int | None,
    check: bool,
    course: Path | None,
) -> None:
    """Measure the reference answers and write the calibration records.

    Every experiment in tests/checks is run on the solution, all right answers, its baselines and the wrong answers
    that its checks must catch. The threshold is chosen between them, such that a right answer fails at most once in
    1 000 times. Exit code 1 if there is no such threshold, or if a record does not hold.

    To resume an interrupted run, repeat the command: measurements are kept in .calibration/. The answers run outside
    the sandbox, under your own account; students' code is never run.

    \b
    Examples:
      autograder calibrate
      autograder calibrate cnn --seeds 60
      autograder calibrate --check
    """
    from autograder.proving.calibration import Repeats, prepare
    from autograder.proving.measuring import Pool

    loaded, repeats = load_course(course), Repeats(seeds, right_seeds, wrong_seeds)
    chosen = [loaded.exercise(name) for name in exercises] or list(loaded.exercises)
    try:
        with Pool(jobs or os.cpu_count() or 1) as pool:
            prepared = [prepare(pool, exercise) for exercise in chosen]
            good = _check_records(prepared) if check else _calibrate(pool, loaded, prepared, repeats)
    except KeyboardInterrupt:  # click would only say "Aborted!"
        raise AutograderError("Stopped. All measurements are kept; repeat the command to resume.") from None
    if not good:
        raise SystemExit(EXIT_FAILED)


def _calibrate(pool: Pool, course: Course, prepared: Sequence[PreparedCalibration], repeats: Repeats) -> bool:
    from autograder.proving.calibration import calibrate

    outcomes: list[CalibrationOutcome] = []
    with _progress(sum(len(each.tasks(repeats)) for each in prepared)) as advance:
        for each in prepared:
            outcomes += calibrate(pool, course, each, repeats, notify=lambda _task, _run: advance())
    _print_outcomes(outcomes)
    # Data sets that are not on this machine are no reason to fail: their records stay.
    return not any(outcome.problem and not outcome.plan.experiment.missing for outcome in outcomes)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show progress and the time left; yield a function that counts one more measurement."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = console(stderr=True)
    columns = (TextColumn("measuring"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    done, since = 0, time.monotonic()
    with Progress(*columns, console=screen, expand=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("measuring", total=total)

        def advance() -> None:
            nonlocal done, since
            done += 1
            bar.advance(task)
            step = done * STEPS // total
            if not screen.is_terminal and step > (done - 1) * STEPS // total:
                # From the last step alone: remembered runs come first and take no time.
                left = (time.monotonic() - since) * (STEPS - step)
                since = time.monotonic()
                screen.print(f"{done} of {total} measured, about {left / 60:.0f} min left")

        yield advance


def _print_outcomes(outcomes: Sequence[CalibrationOutcome]) -> None:
    """Print a table per experiment, and why any of them has no threshold."""
    out = console()
    if not outcomes:
        out.print("No experiments, so nothing to calibrate.")
    for outcome in outcomes:
        if outcome.entry is not None and not outcome.reused:
            _print_table(outcome.plan.experiment.name, outcome.entry)
    for outcome in outcomes:
        for line in _remarks(outcome):
            out.print(line, soft_wrap=True)


def _print_table(name: str, entry: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    metric, rights = entry["metric"], entry["rights"]
    metrics = [metric, *sorted(set().union(*(each["means_of_others"] for each in rights.values())))]
    out = console()
    out.print(
        f"\n[bold]{escape(name)}[/] on {escape(entry['dataset'])}: {escape(metric)} of at least "
        f"[bold]{entry['threshold']:.2f}[/]; a right answer fails at most {entry['failure_bound']:.2%} of the time",
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    for title in ("runs", *(metric.replace("_", " ") for metric in metrics), "±", "limit"):
        table.add_column(title, justify="right")
    for kind, limit in (("rights", "min"), ("wrongs", "max"), ("baselines", "max")):
        for label, each in entry[kind].items():
            means = [each["mean"], *(each["means_of_others"].get(other) for other in metrics[1:])]
            style = "green" if kind == "rights" else "" if each["below"] else "yellow"
            numbers = map(_number, (*means, each["std"], each[limit]))
            table.add_row(escape(label), str(each["n"]), *numbers, style=style)
    out.print(table)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _remarks(outcome: CalibrationOutcome) -> Iterator[str]:
    """Yield what an author should know about an experiment besides its table."""
    from rich.markup import escape

    name = f"[bold]{escape(outcome.plan.experiment.name)}[/]"
    if outcome.plan.experiment.missing:
        record = "its old record stays" if outcome.reused else "it has no record"
        yield f"[yellow]Not measured:[/] {name}; {record}. {escape(outcome.problem)}"
    elif outcome.problem:
        yield f"[red]No threshold:[/] {name}: {escape(outcome.problem)}."
    elif outcome.entry is not None and outcome.plan.graded:
        for label, wrong in outcome.entry["wrongs"].items():
            if wrong["may_pass"] > MAY_PASS:
                yield f"[yellow]Close:[/] {name}: “{escape(label)}” may pass {wrong['may_pass']:.0%} of the time."


def _check_records(prepared: Sequence[PreparedCalibration]) -> bool:
    """Print why records do not hold; return whether all do."""
    from rich.markup import escape

    from autograder.proving.calibration import environments, find_problems

    out = console()
    good, count = True, 0
    for each in prepared:
        count += len(each.plans)
        exercise = each.exercise.name
        for name, problem in find_problems(each):
            good = False
            out.print(f"[red]✗[/] {exercise}: {escape(name)}: {escape(problem)}.", soft_wrap=True)
        for plan in each.plans:
            if plan.experiment.missing:
                out.print(
                    f"[yellow]?[/] {exercise}: {escape(plan.experiment.name)}: its data are not available here. "
                    f"{escape(plan.experiment.missing)}",
                    soft_wrap=True,
                )
        for name, environment in environments(each):
            out.print(f"[yellow]![/] {exercise}: {escape(name)} was measured with {environment}.", soft_wrap=True)
    if good:
        out.print(f"[green]{count} experiments,[/] each with a record that holds.")
    else:
        out.print("Run `autograder calibrate` to measure again.")
    return good
