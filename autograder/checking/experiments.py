"""Checks that train a model: an experiment, its fixed seeds, and the threshold from its calibration record.

The quality that a right answer reaches varies with the seed, so authors do not choose thresholds by hand. An
`Experiment` names a measurement; ``autograder calibrate`` repeats it with right and wrong answers and records a
threshold that separates them (``docs/calibration.md``). A check reads the threshold from that record; a missing record
is a grader error, never the student's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.checking.failures import fail, phrase
from autograder.checking.student_module import Submission, seed_everything, send_function
from autograder.course.check_files import RECORD_NAME
from autograder.errors import CourseError

Metrics = dict[str, float]
Measure = Callable[[Any, str, int], Metrics]
Baseline = Callable[[str, int], Metrics]

SEEDS = (1, 2, 3)  # `calibrate` sets thresholds so that a right answer misses three times once in 1 000 at most
"""The seeds that answers are graded with: reaching the threshold with one of them passes."""


class CalibrationError(CourseError):
    """An experiment cannot be used: it has no calibration record, or ``measure`` does not return its metric."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """A measurement of an answer, with a calibrated threshold. Define it at the top of a check file.

    Parameters
    ----------
    name
        The experiment's name in the calibration record; unique within the exercise.
    measure
        ``measure(submission, dataset, seed)`` trains once and returns named floats, where larger is better; see
        `classification_metrics`. On the student's side, the seed must be the only source of randomness; on the
        checker's side, use your own generators. Both sides' global random states are seeded before the call.
    dataset
        The name that is passed to ``measure`` and ``data``.
    metric
        The metric that is compared with the threshold.
    data
        ``data(dataset)`` returns the tensors and arrays that the measurement uses, in any containers; the record
        stores their digest. Return them unscaled if possible: integers are the same on every machine.
        Default: the function ``_data`` of the check file.
    baselines
        Name → ``baseline(dataset, seed)``, which returns the metrics of a model that must stay below the threshold,
        such as the majority class or a linear model. Baselines run on the checker's side, without an answer.
    """

    name: str
    measure: Measure
    dataset: str = field(kw_only=True)
    metric: str = field(kw_only=True)
    data: Callable[[str], Any] | None = field(default=None, kw_only=True)
    baselines: Mapping[str, Baseline] = field(default_factory=dict, kw_only=True)

    @property
    def record_path(self) -> Path:
        """The path of the calibration record, in the check folder of the exercise that defines ``measure``."""
        return Path(self.measure.__globals__["__file__"]).parents[1] / RECORD_NAME  # <exercise>/hidden/<file>.py

    @property
    def threshold(self) -> float:
        """The calibrated threshold; raises `CalibrationError` if there is none."""
        try:
            threshold = json.loads(self.record_path.read_text("utf-8"))["experiments"][self.name]["threshold"]
        except (OSError, ValueError, KeyError, TypeError):
            threshold = None
        if type(threshold) is not float or not math.isfinite(threshold):  # json reads NaN, which no answer reaches
            exercise = self.record_path.parent.name
            raise CalibrationError(f"{self.name} has no calibration record. Run `autograder calibrate {exercise}`.")
        return threshold

    def run(self, submission: Submission, seed: int) -> Metrics:
        """Measure once, after seeding the random states of both sides."""
        send_function(submission, seed_everything)(seed)  # after the check's own seed, which this replaces
        seed_everything(seed)
        return self._valid(self.measure(submission, self.dataset, seed))

    def run_baseline(self, label: str, seed: int) -> Metrics:
        """Measure one baseline once."""
        seed_everything(seed)
        return self._valid(self.baselines[label](self.dataset, seed))

    def check(self, submission: Submission, *, what: str, cause: str = "") -> Metrics:
        """Fail unless one of the fixed seeds reaches the threshold; return the metrics of the first that does.

        The value reached and the threshold are details, which hidden checks do not show.

        Parameters
        ----------
        what
            The quantity measured, such as "the accuracy of the model that fit_cnn trained".
        cause
            The likely causes of a poor result.
        """
        threshold, best, metrics = self.threshold, -math.inf, {self.metric: math.nan}
        for seed in SEEDS:
            metrics = self.run(submission, seed)
            if metrics[self.metric] >= threshold:
                break
            best = max(best, metrics[self.metric])  # NaN is never larger
        else:
            reached = f"It is {best:.2f} in the best of {len(SEEDS)} runs. " if math.isfinite(best) else ""
            details = f"{reached}At least {threshold:.2f} is needed."
            fail(phrase("{what} is too low.", what=what), details=details, cause=cause)
        return metrics

    def _valid(self, metrics: Metrics) -> Metrics:
        if type(metrics.get(self.metric)) is not float:
            raise CalibrationError(
                f"{self.name}: `measure` must return a float under {self.metric!r}, but it returned {metrics!r}."
            )
        return metrics
