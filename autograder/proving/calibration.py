"""Turn experiments into thresholds: measure right and wrong answers, choose a threshold between, write the record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from autograder.course import Course, Exercise
from autograder.errors import CourseError
from autograder.grading.one_submission import software
from autograder.proving.calibration_record import make_entry, problems_of, read_record, write_record
from autograder.proving.measuring import CACHE, Measurement, MeasuringTask, Memory, Pool, measure
from autograder.proving.plan import Description, Plan, Subject, has_experiments, plan
from autograder.proving.threshold import NoThreshold, choose_threshold, highest_threshold


@dataclass(frozen=True)
class Repeats:
    """How many seeds each kind of answer is measured with. The seeds used for grading are among them.

    Right answers need enough runs for a failure bound; wrong ones and baselines only have to stay below it.
    """

    solution: int = 30
    right: int = 30
    wrong: int = 5

    def of(self, subject: Subject) -> int:
        """Return the number for one subject."""
        if subject.is_reference:
            return self.solution
        return self.right if subject.kind == "right" else self.wrong


@dataclass(frozen=True)
class CalibrationOutcome:
    """The outcome of calibrating one experiment: an entry for the record, or the reason why there is none.

    ``reused`` marks an earlier entry that stays in the record because its data are not on this machine.
    """

    plan: Plan
    entry: dict[str, Any] | None = None
    problem: str = ""
    reused: bool = False


@dataclass(frozen=True)
class PreparedCalibration:
    """The experiments of one exercise, planned, and the environment that measures them."""

    exercise: Exercise
    plans: tuple[Plan, ...]
    environment: str

    def tasks(self, repeats: Repeats) -> list[MeasuringTask]:
        """Return all runs to make."""
        tasks = [
            MeasuringTask(plan, subject, seed)
            for plan in self.plans
            if not plan.experiment.missing
            for subject in plan.subjects
            for seed in range(1, repeats.of(subject) + 1)
        ]
        # By seed, so that cheap and expensive experiments mix: the progress bar extrapolates from the runs so far.
        return sorted(tasks, key=lambda task: task.seed)


def prepare(pool: Pool, exercise: Exercise) -> PreparedCalibration:
    """Import the checks of an exercise, plan its experiments and digest their data.

    Raises `CourseError` when the checks cannot be imported or an experiment cannot be planned.
    """
    if not has_experiments(exercise):
        return PreparedCalibration(exercise, (), "")
    reply = pool.ask(do="describe", **pool.install(exercise.check_files))
    if "failed" in reply:
        raise CourseError(f"The checks of {exercise.name} cannot be imported: {reply['failed']}")
    described = [Description(**each) for each in reply["experiments"]]
    return PreparedCalibration(exercise, tuple(plan(exercise, described)), f"{software()} {reply['processor']}")


def calibrate(
    pool: Pool,
    course: Course,
    prepared: PreparedCalibration,
    repeats: Repeats = Repeats(),
    *,
    notify: Callable[[MeasuringTask, Measurement], None] = lambda task, measurement: None,
) -> list[CalibrationOutcome]:
    """Make the missing measurements, choose thresholds and write the record of one exercise.

    An experiment without a threshold loses its entry: checks must not go on using one that was refuted.
    """
    exercise = prepared.exercise
    memory = Memory(course.root / CACHE / f"{exercise.name}.jsonl")
    runs: dict[tuple[str, Subject], dict[int, Measurement]] = {}
    tasks = prepared.tasks(repeats)
    for task, measurement in measure(pool, exercise.check_files, tasks, memory, prepared.environment):
        runs.setdefault((task.plan.experiment.name, task.subject), {})[task.seed] = measurement
        notify(task, measurement)
    before = read_record(exercise)
    outcomes = []
    for each in prepared.plans:
        name = each.experiment.name
        if each.experiment.missing:
            outcomes.append(CalibrationOutcome(each, before.get(name), each.experiment.missing, reused=name in before))
        else:
            # By seed: measurements arrive in any order, and the record must not depend on it.
            found = {subject: [run for _, run in sorted(runs[name, subject].items())] for subject in each.subjects}
            outcomes.append(_conclude(each, found, prepared.environment))
    write_record(exercise, {o.plan.experiment.name: o.entry for o in outcomes if o.entry is not None})
    return outcomes


def _conclude(each: Plan, runs: dict[Subject, list[Measurement]], environment: str) -> CalibrationOutcome:
    """Choose the threshold of one experiment."""
    metric = each.experiment.metric
    broken = list(_broken(each, runs, metric))
    if broken:
        return CalibrationOutcome(each, problem="; ".join(broken))
    rights = {subject.label: [run.metrics[metric] for run in runs[subject]] for subject in each.of("right")}
    # Runs that failed have no metric, and cannot pass a check either.
    wrongs = {
        subject.label: [value for run in runs[subject] if math.isfinite(value := run.metrics.get(metric, math.nan))]
        for subject in (*each.of("wrong"), *each.of("baseline"))
    }
    try:
        if not each.graded:  # no points depend on it; it only shows which mistakes these data reveal
            highest = highest_threshold(rights)
            baselines = {subject.label for subject in each.of("baseline")}
            wrongs = {
                label: values
                for label, values in wrongs.items()
                if label in baselines or max(values, default=0.0) < highest
            }
        if not wrongs:
            raise NoThreshold(
                "nothing falls below it. Give it a baseline, or name its check in a wrong answer's caught_by"
            )
        choice = choose_threshold(rights, wrongs)
    except NoThreshold as error:
        return CalibrationOutcome(each, problem=str(error))
    return CalibrationOutcome(each, make_entry(each, runs, choice, environment))


def _broken(each: Plan, runs: dict[Subject, list[Measurement]], metric: str) -> Iterator[str]:
    """Yield why measurements cannot be used: right answers or baselines that fail, metrics outside [0, 1]."""
    for subject in each.of("right"):
        failed = [run.failed for run in runs[subject] if run.failed]
        if failed:
            yield f"the right answer “{subject.label}” fails: {failed[0]}"
        elif not all(0 <= run.metrics.get(metric, math.nan) <= 1 for run in runs[subject]):  # NaN compares False
            yield f"the right answer “{subject.label}” has a {metric} that is not between 0 and 1"
    for subject in each.of("baseline"):
        failed = [run.failed for run in runs[subject] if run.failed]
        if failed:
            yield f"the baseline “{subject.label}” fails: {failed[0]}"


def find_problems(prepared: PreparedCalibration) -> Iterator[tuple[str, str]]:
    """Yield (experiment, problem) for everything that invalidates an exercise's record; measures nothing."""
    entries = read_record(prepared.exercise)
    for each in prepared.plans:
        name = each.experiment.name
        for problem in problems_of(each, entries.get(name), prepared.environment):
            yield name, problem
    for name in sorted(set(entries) - {each.experiment.name for each in prepared.plans}):
        yield name, "it is in the record, but not in the checks"


def environments(prepared: PreparedCalibration) -> Iterator[tuple[str, str]]:
    """Yield (experiment, environment) for those measured in another environment; their entries stay valid."""
    for name, entry in read_record(prepared.exercise).items():
        if entry.get("environment") != prepared.environment:
            yield name, str(entry.get("environment"))
