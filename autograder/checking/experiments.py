"""Checks that train: an experiment, its fixed seeds, and the threshold from its calibration record.

How good a right answer gets differs from seed to seed, so no author writes down what is good enough. An
`Experiment` names a measurement; ``autograder calibrate`` makes it with right and wrong answers many times and
records a threshold that lies between them (``docs/calibration.md``). A check reads it from the record, and
without one it fails as a fault of the grader, never of the student.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.checking.failures import fail
from autograder.checking.student_module import Submission, seed_everything, send_function
from autograder.course.check_files import RECORD_NAME
from autograder.errors import CourseError

Metrics = dict[str, float]
Measure = Callable[[Any, str, int], Metrics]
Baseline = Callable[[str, int], Metrics]

SEEDS = (1, 2, 3)
"""The seeds that an answer is graded with: it passes when one of them reaches the threshold."""


class CalibrationError(CourseError):
    """An experiment cannot be used as a check: it has no record, or measures something else than it says."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """A measurement of an answer, with a calibrated threshold. Define it at the top of a file of checks.

    Parameters
    ----------
    name
        What the record calls it: unique in its file.
    measure
        ``measure(submission, dataset, seed)`` trains once and returns numbers by name, larger is better; see
        `classification_metrics`. The seed must matter on the student's side, and nothing else may: on the
        checker's side, draw from generators of your own. Both sides' global random states are seeded before it.
    dataset
        The name that ``measure`` and ``data`` are given.
    metric
        The number of ``measure`` that is compared with the threshold.
    data
        ``data(dataset)`` returns the tensors and arrays that the measurement uses, in any containers; the record
        holds their digest. Best as they are before they are scaled: whole numbers are the same on every machine.
        Default: the function ``_data`` of the file of checks.
    baselines
        Name → ``baseline(dataset, seed)``, which returns what ``measure`` returns for a model that must fall
        below: the majority class, a linear model. They run on the checker's side, without an answer.
    """

    name: str
    measure: Measure
    dataset: str = field(kw_only=True)
    metric: str = field(kw_only=True)
    data: Callable[[str], Any] | None = field(default=None, kw_only=True)
    baselines: Mapping[str, Baseline] = field(default_factory=dict, kw_only=True)

    @property
    def record_path(self) -> Path:
        """The calibration record: in the folder of the exercise whose checks define ``measure``."""
        return Path(self.measure.__globals__["__file__"]).parents[1] / RECORD_NAME

    @property
    def threshold(self) -> float:
        """The calibrated threshold; raises `CalibrationError` where there is none."""
        try:
            threshold = json.loads(self.record_path.read_text("utf-8"))["experiments"][self.name]["threshold"]
        except (OSError, ValueError, KeyError, TypeError):
            threshold = None
        if type(threshold) is not float or not math.isfinite(threshold):
            exercise = self.record_path.parent.name
            raise CalibrationError(f"{self.name} has no calibration record: run `autograder calibrate {exercise}`.")
        return threshold

    def run(self, submission: Submission, seed: int) -> Metrics:
        """Measure once, with both sides' random states seeded."""
        send_function(submission, seed_everything)(seed)
        seed_everything(seed)
        return self._valid(self.measure(submission, self.dataset, seed))

    def run_baseline(self, label: str, seed: int) -> Metrics:
        """Measure one of the baselines once."""
        seed_everything(seed)
        return self._valid(self.baselines[label](self.dataset, seed))

    def check(self, submission: Submission, *, what: str, cause: str = "") -> Metrics:
        """Fail unless one of the fixed seeds reaches the threshold; return the metrics of the first that does.

        The student reads what was reached, which is a property of their answer; the threshold, an expected
        value, is among the details, which hidden checks do not show.

        Parameters
        ----------
        what
            What is measured, as in "the accuracy of the model that fit_cnn trained".
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
            reached = f": {best:.2f} in the best of {len(SEEDS)} runs" if math.isfinite(best) else ""
            fail(f"{what} is too low{reached}.", details=f"At least {threshold:.2f} is needed.", cause=cause)
        return metrics

    def _valid(self, metrics: Metrics) -> Metrics:
        if type(metrics.get(self.metric)) is not float:
            raise CalibrationError(f"{self.name}: what is measured has no float {self.metric!r}: {metrics!r}")
        return metrics
