"""The process that measures: it has torch, and runs answers of the course's own collection beside the checks.

Not for submissions, which are graded in the sandbox. One request a line on standard input, one reply a line
on standard output, both JSON. Settings are those of the sandbox, so that results are the same as there.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.checking.execution import CellRunner, make_shell, names_defined
from autograder.checking.experiments import CalibrationError, Experiment
from autograder.checking.failures import SubmissionError, student_error
from autograder.checking.runner import install_package, module_name
from autograder.checking.student_module import HELPER_FILE, LocalSubmission, is_cell_file
from autograder.course.cells import Cell

LIMIT_S = 600
"""CPU seconds after which a measurement is ended: an answer that never finishes must not stop the others."""


def main() -> None:
    """Answer requests until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an answer prints is no reply
    settle()
    for line in sys.stdin:
        replies.write(json.dumps(reply_to(json.loads(line))) + "\n")
        replies.flush()


def settle() -> None:
    """Set this process up as the sandbox sets up its own."""
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)


def reply_to(request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request; an error of ours is the reply ``{"error": what}``."""
    try:
        if request["do"] == "describe":
            experiments = describe(Path(request["folder"]), request["tests"])
            return {"experiments": experiments, "processor": processor()}
        return measure(**{name: value for name, value in request.items() if name != "do"})
    except CalibrationError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the user wants to read it
        return {"error": "".join(traceback.format_exception(error)).strip()}


def processor() -> str:
    """Return the kind of processor, on which results depend in their last digits."""
    return str(torch.backends.cpu.get_cpu_capability())


def describe(folder: Path, tests: Sequence[str]) -> list[dict[str, Any]]:
    """Return what files of checks say of their experiments, with the digests of their data."""
    digests: dict[tuple[str, str], dict[str, Any]] = {}
    described = []
    for file, variable, experiment in experiments_of(folder, tuple(tests)):
        data = _data_function(experiment)
        key = (data.__name__, experiment.dataset)
        if key not in digests:
            digests[key] = _digest_or_reason(data, experiment.dataset)
        described.append(
            {
                "name": experiment.name,
                "file": file,
                "variable": variable,
                "dataset": experiment.dataset,
                "metric": experiment.metric,
                "measure": experiment.measure.__name__,
                "data_function": data.__name__,
                "baselines": {label: function.__name__ for label, function in experiment.baselines.items()},
                **digests[key],
            }
        )
    names = [each["name"] for each in described]
    if len(set(names)) < len(names):
        raise CalibrationError(f"two experiments have the same name: {', '.join(sorted(names))}")
    return described


def measure(
    folder: str, tests: Sequence[str], experiment: str, subject: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Run an experiment once; return ``{"metrics": …}``, or ``{"failed": why}`` when the answer did not get so far."""
    chosen = {each.name: each for _, _, each in experiments_of(Path(folder), tuple(tests))}[experiment]
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)  # its signal ends the process
    try:
        with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):  # noqa: PTH123
            if subject["kind"] == "baseline":
                return {"metrics": chosen.run_baseline(subject["label"], seed)}
            return {"metrics": chosen.run(_run_cells(subject["cells"]), seed)}
    except Exception as error:
        if _is_the_answers(error):
            return {"failed": f"{type(error).__name__}: {error}"}
        raise
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0)


def _is_the_answers(error: Exception) -> bool:
    """Whether an error is one of the answer, as a check in the sandbox would see it."""
    if isinstance(error, AssertionError | SubmissionError) or student_error(error) is not None:
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return any(is_cell_file(frame.filename) or frame.filename == HELPER_FILE for frame in frames)


@functools.lru_cache(maxsize=1)
def experiments_of(folder: Path, tests: tuple[str, ...]) -> list[tuple[str, str, Experiment]]:
    """Import files of checks; return the experiments in them and in what they import: file, variable, experiment."""
    install_package(folder)
    for file in tests:
        importlib.import_module(module_name(folder, folder / file))
    found: dict[int, tuple[str, str, Experiment]] = {}
    # A module that tests import comes first: there an experiment is defined.
    for file in sorted(_files_of(folder), key=lambda file: (file in tests, file)):
        for variable, value in vars(sys.modules[module_name(folder, folder / file)]).items():
            if isinstance(value, Experiment):
                found.setdefault(id(value), (file, variable, value))
    return list(found.values())


def _files_of(folder: Path) -> list[str]:
    """Return the files of the folder that are imported."""
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = (Path(path) for path in modules if path)
    return [path.relative_to(folder).as_posix() for path in paths if path.is_relative_to(folder)]


class DataDigest:
    """SHA-256 of all tensors, arrays and plain values in nested containers.

    ``exact`` says that there were no fractions among them, whose last digits depend on the processor.
    """

    def __init__(self, value: Any) -> None:
        self._sha = hashlib.sha256()
        self.exact = True
        self._add(value)
        self.digest = self._sha.hexdigest()

    def _add(self, value: Any) -> None:
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().contiguous().numpy()
        if isinstance(value, np.ndarray):
            self._note(f"array {value.dtype.str} {value.shape}")
            self._sha.update(np.ascontiguousarray(value).tobytes())
            self.exact &= value.dtype.kind in "biu" or bool((value == np.trunc(value)).all())
        elif isinstance(value, Mapping):
            self._note(f"mapping {len(value)}")
            for key, item in value.items():
                self._add(key)
                self._add(item)
        elif isinstance(value, list | tuple):
            self._note(f"sequence {len(value)}")
            for item in value:
                self._add(item)
        elif value is None or isinstance(value, str | bytes | bool | int | float):
            self._note(f"{type(value).__name__} {value!r}")
        else:
            raise CalibrationError(f"the data of an experiment may not hold a {type(value).__name__}")

    def _note(self, text: str) -> None:
        self._sha.update(f"{text}\0".encode())


def _data_function(experiment: Experiment) -> Any:
    data = experiment.data or experiment.measure.__globals__.get("_data")
    if data is None:
        raise CalibrationError(f"{experiment.name} has no data: give it `data=`, or define `_data(dataset)`.")
    return data


def _digest_or_reason(data: Any, dataset: str) -> dict[str, Any]:
    """Return the digest of a dataset, or why it is not to be had: some have to be downloaded first."""
    try:
        found = DataDigest(data(dataset))
    except OSError as error:
        return {"data": "", "exact": False, "missing": str(error)}
    return {"data": found.digest, "exact": found.exact}


_shell = functools.cache(make_shell)


def _run_cells(cells: Iterable[tuple[str, str]]) -> LocalSubmission:
    runner, reasons = CellRunner(shell=_shell()), {}
    for identity, text in cells:
        error = runner.run(Cell(identity, text))
        if error is not None:
            reasons.update(dict.fromkeys(names_defined(text), error.text(hidden=False)))
    return LocalSubmission(runner.namespace, reasons)


if __name__ == "__main__":
    main()
