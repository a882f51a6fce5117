"""Run experiments on answers of the course's own collection: the child process of `measuring`.

It imports torch and has no isolation, so it must never run submissions. It reads one JSON request per line from
standard input and writes one JSON reply per line. Torch is set up as in the sandbox, so that results are the same.
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

from autograder.checking.execution import CellRunner, make_shell
from autograder.checking.experiments import CalibrationError, Experiment
from autograder.checking.failures import SubmissionError, student_error
from autograder.checking.runner import install_package, module_name
from autograder.checking.student_module import HELPER_FILE, LocalSubmission, is_cell_file
from autograder.course.cells import Cell, names_defined

LIMIT_S = 600
"""CPU seconds after which a measurement is killed, so that an endless answer does not block the others."""


def main() -> None:
    """Answer requests until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of an answer must not end up among the replies
    settle()
    for line in sys.stdin:
        replies.write(json.dumps(reply_to(json.loads(line))) + "\n")
        replies.flush()  # the parent waits for it


def settle() -> None:
    """Configure torch as the sandbox does."""
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)


def reply_to(request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request; return ``{"error": …}`` if the experiment's own code fails."""
    try:
        if request["do"] == "describe":
            experiments = describe(Path(request["folder"]), request["tests"])
            return {"experiments": experiments, "processor": processor()}
        return measure(**{name: value for name, value in request.items() if name != "do"})
    except CalibrationError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - the author of the checks needs to see it, whatever it is
        return {"error": "".join(traceback.format_exception(error)).strip()}


def processor() -> str:
    """Return the CPU capability that torch uses, which the last digits of results depend on."""
    return str(torch.backends.cpu.get_cpu_capability())


def describe(folder: Path, tests: Sequence[str]) -> list[dict[str, Any]]:
    """Return the experiments of check files, with the digests of their data; see `plan.Description`."""
    digests: dict[tuple[str, str], dict[str, Any]] = {}
    described = []
    for file, variable, experiment in experiments_of(folder, tuple(tests)):
        if experiment.record_path.parent != folder / tests[0].split("/")[0]:
            raise CalibrationError(
                f"{experiment.name}: define its measure in the folder of the exercise, where its record is looked for."
            )
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
        raise CalibrationError(f"Two experiments have the same name; rename one of {', '.join(sorted(names))}.")
    return described


def measure(
    folder: str, tests: Sequence[str], experiment: str, subject: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Run an experiment once; return ``{"metrics": …}``, or ``{"failed": reason}`` if the answer raised."""
    chosen = {each.name: each for _, _, each in experiments_of(Path(folder), tuple(tests))}[experiment]
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)  # SIGPROF, not caught, kills the process even inside torch
    try:
        with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):  # noqa: PTH123
            if subject["kind"] == "baseline":
                return {"metrics": chosen.run_baseline(subject["label"], seed)}
            return {"metrics": chosen.run(_run_cells(subject["cells"]), seed)}
    except Exception as error:
        if _is_answers_error(error):
            return {"failed": f"{type(error).__name__}: {error}"}
        raise
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0)  # the process goes on with other answers


def _is_answers_error(error: Exception) -> bool:
    """Whether the answer is to blame for an error, by the rules of the sandbox."""
    if isinstance(error, AssertionError | SubmissionError) or student_error(error) is not None:
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return any(is_cell_file(frame.filename) or frame.filename == HELPER_FILE for frame in frames)


@functools.lru_cache(maxsize=1)
def experiments_of(folder: Path, tests: tuple[str, ...]) -> list[tuple[str, str, Experiment]]:
    """Import check files; return the experiments in them and in their imports as (file, variable, experiment)."""
    install_package(folder)
    for file in tests:
        importlib.import_module(module_name(folder, folder / file))
    found: dict[int, tuple[str, str, Experiment]] = {}
    # Helper modules first: an experiment that tests import is attributed to the file that defines it.
    for file in sorted(_files_of(folder), key=lambda file: (file in tests, file)):
        for variable, value in vars(sys.modules[module_name(folder, folder / file)]).items():
            if isinstance(value, Experiment):
                found.setdefault(id(value), (file, variable, value))  # the first file keeps it
    return list(found.values())


def _files_of(folder: Path) -> list[str]:
    """Return the files of the folder that have been imported."""
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = (Path(path) for path in modules if path)
    return [path.relative_to(folder).as_posix() for path in paths if path.is_relative_to(folder)]


class DataDigest:
    """SHA-256 of all tensors, arrays and plain values in nested containers.

    ``exact`` is False if any array holds fractions, whose last digits may depend on the processor.
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
            self._note(f"array {value.dtype.str} {value.shape}")  # the same bytes can be an array of another shape
            self._sha.update(np.ascontiguousarray(value).tobytes())
            # Whole numbers in a float array, such as labels, are the same on every machine.
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
            raise CalibrationError(
                f"The data of an experiment hold a {type(value).__name__}; "
                "use tensors, arrays, numbers, text and containers of these."
            )

    def _note(self, text: str) -> None:
        self._sha.update(f"{text}\0".encode())


def _data_function(experiment: Experiment) -> Any:
    data = experiment.data or experiment.measure.__globals__.get("_data")
    if data is None:
        raise CalibrationError(f"{experiment.name} has no data. Give it `data=`, or define `_data(dataset)`.")
    return data


def _digest_or_reason(data: Any, dataset: str) -> dict[str, Any]:
    """Return the digest of a dataset, or why it is missing: some must be downloaded first."""
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
            # Checks show it.
            reasons.update(dict.fromkeys(names_defined(text), f"its cell failed: {error.text(hidden=False)}"))
    return LocalSubmission(runner.namespace, reasons)


if __name__ == "__main__":
    main()
