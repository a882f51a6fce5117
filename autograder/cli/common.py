"""Options, choice of the sandbox tier, console, signals and JSON output, shared by the subcommands."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from autograder.errors import FileError, MachineError

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.course import Course, Exercise
    from autograder.grading.cluster import Cluster, ClusterSurvey
    from autograder.grading.whole_class import Run
    from autograder.results.model import Result
    from autograder.results.store import ScoreChange
    from autograder.sandbox.engine import Engine
    from autograder.submissions.find import Collected


course_option = click.option(
    "--course",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The course's folder. [default: the nearest one with an nbgrader_config.py]",
)
jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(min=1), help="Submissions to grade in parallel. [default: one per core]"
)
weak_option = click.option(
    "--allow-weak-sandbox",
    is_flag=True,
    help="Go on with tier C or D if no better one works: student code could read your files and use your network.",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output instead, for scripts."
)

_WEAKNESS = {
    "C": "use your network and read every file that all users of this machine may read",
    "D": "read and change your files, use your network and kill your processes",
}


def choose_tier(*, allow_weak_sandbox: bool, required: str | None = None) -> str:
    """Return the best tier of this machine; warn if it is weak, or raise `MachineError` if that is not allowed."""
    from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, TIERS, best_tier, probe

    tier = best_tier()
    stronger = [probe(other) for other in TIERS[: TIERS.index(tier)]]
    why = "; ".join(f"tier {probed.tier} fails: {probed.problem}" for probed in stronger)
    if required is not None and tier > required:  # a later letter is a weaker tier
        raise MachineError(
            f"Tier {required} is required, but the best here is tier {tier} ({why}). Run `autograder doctor` to see "
            f"what to do, or repeat with --require-tier {tier}."
        )
    if tier in ISOLATING_TIERS:
        return tier
    if not allow_weak_sandbox:
        raise MachineError(
            f"This machine cannot isolate student code ({why}). Run `autograder doctor` to see what to do, or add "
            "--allow-weak-sandbox if you trust the code."
        )
    from rich.markup import escape

    console(stderr=True).print(
        f"[bold red]WEAK SANDBOX (tier {tier}).[/] This machine cannot isolate student code ({escape(why)}), which can "
        f"{_WEAKNESS[tier]}. Grade only code that you trust. Every result records this tier."
    )
    return tier


def engine_factory(course: Course, exercises: Sequence[Exercise], tier: str, *others: Path) -> Callable[[], Engine]:
    """Return a function that starts a sandbox for these exercises, which hides the course and the paths ``others``."""
    from autograder.grading.scheduler import modules_to_preload
    from autograder.sandbox.engine import Engine

    return lambda: Engine(tier, protected=[course.root, *others], preload=modules_to_preload(exercises))


def survey_cluster(address: str, *, required: str | None = None) -> ClusterSurvey:
    """Return what a dask scheduler's workers offer; raise `MachineError` if a worker's tier is below ``required``."""
    from autograder.grading.cluster import survey

    offered = survey(address)
    if required is not None and offered.tier > required:  # a later letter is a weaker tier
        raise MachineError(
            f"The weakest worker of {address} offers tier {offered.tier}, not {required}. Run `autograder doctor` "
            f"there, or repeat with --require-tier {offered.tier}."
        )
    return offered


def cluster_factory(
    address: str, course: Course, exercises: Sequence[Exercise], tier: str, *others: Path
) -> Callable[[], Cluster]:
    """Return a function that starts a sandbox on each worker of a dask scheduler; otherwise like `engine_factory`."""
    from autograder.grading.cluster import Cluster
    from autograder.grading.scheduler import modules_to_preload

    protected, preload = [course.root, *others], modules_to_preload(exercises)
    return lambda: Cluster(address, tier, exercises, protected=protected, preload=preload)


def print_json(document: Mapping[str, object]) -> None:
    """Print a document for scripts, in ASCII: students' names must not depend on the terminal's encoding."""
    click.echo(json.dumps(document, indent=1))


def console(*, stderr: bool = False) -> Console:
    """Return a console. It uses colours on a terminal unless NO_COLOR is set."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)  # numbers in names and messages stay plain


# --- Signals ------------------------------------------------------------------------------------------------------
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class _Signal(KeyboardInterrupt):  # which `except Exception` lets pass
    """A signal to stop, as an exception that every ``finally`` and ``with`` cleans up after."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def stoppable(kept: str) -> Iterator[None]:
    """Print ``kept``, what is not lost, when the work ends early: at a signal, or at a file error.

    Ctrl-C, ``kill`` and a closed terminal all let the work clean up and then exit with 128 + signal, as shells expect.
    """
    # What is ignored already stays ignored: `nohup` ignores SIGHUP so that work goes on after the terminal closes.
    wanted = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in wanted:  # a second signal would interrupt the clean-up of the first
            signal.signal(each, signal.SIG_IGN)
        raise _Signal(number)

    before = {number: signal.signal(number, interrupt) for number in wanted}
    try:
        yield
    except _Signal as stop:
        click.echo(f"Stopped. {kept}", err=True)
        raise SystemExit(128 + stop.number) from None
    except (FileError, OSError) as error:
        error.add_note(kept)  # shown by `LazyGroup.invoke`
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- JSON for scripts: keys must not change -----------------------------------------------------------------------
def of_grading(collected: Collected, run: Run, stored: Path | None) -> dict[str, object]:
    """Return the document of ``autograder grade --json``; ``stored`` is the results' folder, None for a dry run."""
    return {
        "stored": None if stored is None else str(stored),
        "submissions": [_submission(result) for result in run.results],
        "unchanged": run.reused,
        "moved": _score_changes(run.score_changes),
        "kept_higher": _score_changes(run.kept),
        "left_out": [{"path": str(stray.path), "why": stray.why} for stray in collected.strays],
    }


def _submission(result: Result) -> dict[str, object]:
    return {
        "student": result.student,
        "exercise": result.exercise,
        "status": str(result.status),
        "score": result.score,
        "max_score": result.max_score,
        "bonus": result.bonus,
        "needs_human": bool(result.review) or any(question.needs_review for question in result.questions),
        "message": result.message,
        "review": result.review,
        "questions": {question.name: question.score for question in result.questions},
    }


def _score_changes(score_changes: Sequence[ScoreChange]) -> list[dict[str, object]]:
    return [
        {
            "student": change.student,
            "exercise": change.exercise,
            "from": change.before,
            "to": change.after,
            "checks": dict(change.checks),
        }
        for change in score_changes
    ]
