"""Write calibration records, ``tests/checks/<exercise>/calibration.json``, and tell whether they still hold.

Records are read, compared and committed, so they are sorted, rounded and without dates: the same measurements give
the same bytes.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.checking.experiments import SEEDS
from autograder.course import Exercise
from autograder.course.check_files import RECORD_NAME
from autograder.errors import CourseError
from autograder.files import write_atomic
from autograder.proving.measuring import Measurement
from autograder.proving.plan import Plan, Subject
from autograder.proving.threshold import (
    FEWEST_RUNS,
    FEWEST_SEEDS,
    MAX_FAILURE,
    Choice,
    Summary,
    failure_bounds,
    shortfall,
)

DECIMALS = 4
"""Few enough that the leak scan cannot mistake a common number for a secret; digests tell records apart."""

ROUNDING = 1.05
"""The factor by which a bound computed from a record's rounded numbers may be too high."""

Runs = Mapping[Subject, Sequence[Measurement]]


def record_path(exercise: Exercise) -> Path:
    """Return the path of an exercise's record."""
    return exercise.checks_folder / RECORD_NAME


def read_record(exercise: Exercise) -> dict[str, Any]:
    """Return the entries of a record by experiment, empty if there is none; raise `CourseError` if it is damaged."""
    path = record_path(exercise)
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text("utf-8"))["experiments"]
        return {str(name): dict(entry) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(
            f"tests/checks/{exercise.name}/{path.name} is not a calibration record ({error}). "
            "Delete it and calibrate again."
        ) from None


def write_record(exercise: Exercise, entries: Mapping[str, Any]) -> bool:
    """Write a record, or delete it if it would be empty; return whether it changed."""
    path = record_path(exercise)
    before = path.read_bytes() if path.is_file() else b""
    after = f"{_layout({'experiments': entries}, 4)}\n".encode() if entries else b""
    if after == before:
        return False
    if after:
        write_atomic(path, after)
    else:
        path.unlink()
    return True


def _layout(value: Any, depth: int, indent: str = "") -> str:
    """Return JSON with ``depth`` levels of objects on lines of their own and each deeper one on a single line."""
    if not isinstance(value, Mapping) or not value or not depth:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)  # NaN is not JSON
    inner = indent + "  "
    items = [
        f"{inner}{json.dumps(name, ensure_ascii=False)}: {_layout(value[name], depth - 1, inner)}"
        for name in sorted(value)
    ]
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"


def make_entry(plan: Plan, runs: Runs, choice: Choice, environment: str) -> dict[str, Any]:
    """Return an experiment's entry for the record."""
    metric, threshold = plan.experiment.metric, choice.threshold
    values = {each: [run.metrics[metric] for run in runs[each]] for each in plan.of("right")}
    summaries = {each.label: Summary.of(results, threshold) for each, results in values.items()}
    bounds = failure_bounds(summaries, threshold)
    rights = {
        each.label: {
            **_common(each, runs[each], metric),
            "failures": summaries[each.label].failures,
            "failure_bound": _up(bounds[each.label], 6),
            "min": _down(min(results)),
        }
        for each, results in values.items()
    }
    return {
        "checks": list(plan.checks) if plan.graded else [],
        "data": plan.experiment.data,
        "data_exact": plan.experiment.exact,
        "dataset": plan.experiment.dataset,
        "environment": environment,
        "failure_bound": max(right["failure_bound"] for right in rights.values()),
        "graded_with_seeds": list(SEEDS),
        "measure": plan.measure,
        "metric": metric,
        "rights": rights,
        "threshold": threshold,
        "wrongs": {each.label: _wrong(each, runs[each], metric, threshold) for each in plan.of("wrong")},
        "baselines": {each.label: _wrong(each, runs[each], metric, threshold) for each in plan.of("baseline")},
    }


def _wrong(subject: Subject, runs: Sequence[Measurement], metric: str, threshold: float) -> dict[str, Any]:
    values = [value for run in runs if math.isfinite(value := run.metrics.get(metric, math.nan))]
    falls = shortfall(Summary.of(values, threshold), threshold) if len(values) > 1 else 1.0
    return {
        **_common(subject, runs, metric),
        "below": max(values, default=0.0) < threshold,
        "max": _up(max(values, default=0.0)),
        "may_pass": round(1 - falls ** len(SEEDS), DECIMALS),
    }


def _common(subject: Subject, runs: Sequence[Measurement], metric: str) -> dict[str, Any]:
    """Return mean and standard deviation of the metric, and the means of the other metrics."""
    measured = [run.metrics for run in runs if math.isfinite(run.metrics.get(metric, math.nan))]
    values = [metrics[metric] for metrics in measured]
    others = sorted(set().union(*measured) - {metric})
    means = {name: statistics.fmean(metrics.get(name, math.nan) for metrics in measured) for name in others}
    return {
        "code": subject.code,
        "n": len(runs),
        "without_result": len(runs) - len(measured),
        "mean": round(statistics.fmean(values), DECIMALS) if values else None,
        "std": round(statistics.stdev(values), DECIMALS) if len(values) > 1 else 0.0,
        "means_of_others": {name: round(mean, DECIMALS) for name, mean in means.items() if math.isfinite(mean)},
    }


# Rounded to the unfavourable side: a record must not look better than its measurements.
def _down(value: float, decimals: int = DECIMALS) -> float:
    scale = float(10**decimals)
    return math.floor(value * scale + 1e-9) / scale  # 1e-9: 0.0029 × 10 000 is 28.999…


def _up(value: float, decimals: int = DECIMALS) -> float:
    scale = float(10**decimals)
    return math.ceil(value * scale - 1e-9) / scale


def problems_of(plan: Plan, entry: Mapping[str, Any] | None, environment: str) -> Iterator[str]:
    """Yield why an entry does not support its threshold: missing, out of date, or too weak."""
    if entry is None:
        yield "there is no record"
        return
    # Fractions differ in their last digits from processor to processor, and so does their digest.
    comparable = plan.experiment.exact or entry.get("environment") == environment
    if comparable and not plan.experiment.missing and entry.get("data") != plan.experiment.data:
        yield f"the data of {plan.experiment.dataset} differ from those in the record"
    yield from _stale(plan, entry)
    try:
        yield from _weak(plan, entry)
    except (KeyError, TypeError, AttributeError):
        yield "the record is damaged"


def _stale(plan: Plan, entry: Mapping[str, Any]) -> Iterator[str]:
    experiment = plan.experiment
    for name, now in (("dataset", experiment.dataset), ("metric", experiment.metric)):
        if entry.get(name) != now:
            yield f"the {name} is {now}, but {entry.get(name)} in the record"
    if entry.get("measure") != plan.measure:
        yield f"the code of {experiment.measure} or {experiment.data_function} has changed"
    if entry.get("checks") != (list(plan.checks) if plan.graded else []):
        yield "the checks that use it are not those of the record"
    for kind, plural in (("right", "right answers"), ("wrong", "wrong answers"), ("baseline", "baselines")):
        known = {label: each.get("code") for label, each in entry.get(f"{kind}s", {}).items()}
        current = {subject.label: subject.code for subject in plan.of(kind)}
        changed = sorted(label for label in known.keys() | current.keys() if known.get(label) != current.get(label))
        if changed:
            yield f"{plural} have changed: {', '.join(changed)}"


def _weak(plan: Plan, entry: Mapping[str, Any]) -> Iterator[str]:
    threshold, rights = entry["threshold"], entry["rights"]
    fewest = {each.label: FEWEST_SEEDS if each.is_reference else FEWEST_RUNS for each in plan.of("right")}
    summaries = {
        label: Summary(each["n"], each["failures"], each["mean"], each["std"]) for label, each in rights.items()
    }
    for label, bound in failure_bounds(summaries, threshold).items():
        if summaries[label].n < fewest.get(label, FEWEST_RUNS):
            yield f"the right answer “{label}” was measured with only {summaries[label].n} seeds"
        # Failures were counted against the threshold of that time: this finds one that was edited by hand.
        if (rights[label]["min"] < threshold) != (summaries[label].failures > 0):
            yield f"“{label}” was measured against another threshold"
        if not bound <= MAX_FAILURE * ROUNDING:  # not `>`, which is false for NaN
            yield f"the right answer “{label}” may fail more than once in 1 000"
    if plan.graded:
        for label, wrong in _all_below(entry):
            if not wrong["max"] < threshold:  # not `>=`, which is false for NaN
                yield f"“{label}” reaches the threshold"


def _all_below(entry: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return [*entry["wrongs"].items(), *entry["baselines"].items()]
