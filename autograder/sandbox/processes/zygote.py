"""The zygote: a single-threaded process with torch imported, which forks each worker and checker.

It holds nothing of any course or student, because the next student's process would inherit it. Workers and checkers
receive what they need over their own sockets, after the fork.

A request is a JSON object with the sockets of the new process: ``{"kind": "worker" | "checker", ...limits}``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import socket
import sys
import traceback
from dataclasses import fields
from typing import Any

from autograder.sandbox.isolation import hardening, isolation_of, linux
from autograder.sandbox.isolation.hardening import Allowance
from autograder.sandbox.isolation.unconfined import Isolation
from autograder.sandbox.processes import monitor
from autograder.sandbox.processes.fork_server import fork_for_each

COMPILER = "torch._dynamo"
"""PyTorch's compiler, which the first optimizer, ``torch.func`` and others import: one or two seconds of CPU time."""


def main() -> None:
    """Serve requests until all clients have closed the socket; run the requested process in each fork."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    isolation = isolation_of(sys.argv[2])
    shell = _preload([name for name in sys.argv[3].split(",") if name])
    requests.send(b"ready")
    request = fork_for_each(requests, _DeferredCompiler())
    if request is None:
        os._exit(0)  # skips the slow teardown of torch
    message, descriptors = request
    _run_process(json.loads(message), descriptors, isolation, shell)


def _preload(modules: list[str]) -> Any:
    """Import and warm up everything that children need; return the shell that runs their cells."""
    os.environ["TORCHDYNAMO_DISABLE"] = "1"  # read when torch is imported: `torch.compile` then returns the function
    gc.disable()  # imports create hundreds of thousands of objects and little garbage: saves half a second
    import torch

    torch.set_num_threads(1)  # forks of a process with OpenMP threads may hang
    torch.set_num_interop_threads(1)
    for name in modules:
        with contextlib.suppress(ImportError):  # a missing module fails where the student imports it
            importlib.import_module(name)
    from autograder.checking.execution import make_shell
    from autograder.sandbox.processes import checker, worker

    worker.warm_up()
    checker.warm_up()
    # Same effect as use_deterministic_algorithms(warn_only=True), which would import the compiler.
    torch.set_deterministic_debug_mode("warn")
    shell = make_shell()
    _settle()
    return shell


def _settle() -> None:
    """Check that this process can fork safely, and exclude its objects from garbage collection in the children."""
    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1  # noqa: PTH112, PTH208
    if threads != 1:
        raise RuntimeError(f"the zygote has {threads} threads; it must have one, or its children may hang")
    gc.freeze()  # collections would touch, and so copy, the pages that children share
    gc.enable()


class _DeferredCompiler:
    """Imports the compiler before the second worker: grading a single submission may not need it."""

    def __init__(self) -> None:
        self._workers = 0

    def __call__(self, request: bytes) -> None:
        if json.loads(request)["kind"] != "worker":
            return
        self._workers += 1
        if self._workers == 2 and COMPILER not in sys.modules:
            gc.disable()  # see _preload
            importlib.import_module(COMPILER)
            _settle()


def _run_process(request: dict[str, Any], descriptors: list[int], isolation: Isolation, shell: Any) -> None:
    """Run the requested process in this fork; never return."""
    status = 1
    try:
        hardening.reset_signals()
        os.setsid()
        allowance = Allowance(**{field.name: request[field.name] for field in fields(Allowance)})
        if request["kind"] == "checker":
            _run_checker(allowance, isolation, *descriptors)
        else:
            _run_monitor(allowance, isolation, shell, *descriptors)
        status = 0
    except BaseException:  # noqa: BLE001 - a fork must never return to the server's loop
        # Standard error is the grader's log; a worker keeps it until it is isolated.
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _run_checker(allowance: Allowance, isolation: Isolation, channel: int, requests: int, zygote: int) -> None:
    """Run a checker. It has no monitor, because no student code runs in it."""
    from autograder.sandbox.processes.checker import serve

    if sys.platform == "linux":
        linux.die_with_parent()
    hardening.close_all_but({2, channel, requests, zygote})
    hardening.open_null(0, 1)
    try:
        isolation.enter_checker(allowance)
        hardening.forget_closed_folders()
        serve(*(socket.socket(fileno=descriptor) for descriptor in (channel, requests, zygote)))
    finally:
        isolation.clean_up()


def _run_monitor(allowance: Allowance, isolation: Isolation, shell: Any, channel: int, control: int) -> None:
    """Fork a worker and run its monitor."""
    try:
        isolation.guard(allowance)
        child = os.fork()
        if child == 0:
            os.close(control)  # with it, student code could lift its own limits
            _run_worker(allowance, isolation, shell, channel)
            os._exit(0)
        os.close(channel)  # else the checker would not notice that the worker has hung up
        monitor.watch(child, socket.socket(fileno=control), isolation.kill, isolation.fills_disk)
    finally:
        isolation.clean_up()


def _run_worker(allowance: Allowance, isolation: Isolation, shell: Any, channel: int) -> None:
    """Isolate this process, then run a worker in it."""
    from autograder.sandbox.processes.worker import Worker

    isolation.enter_worker(allowance)
    hardening.forget_closed_folders()
    hardening.close_all_but({channel})  # only now: errors of the steps above go to standard error
    hardening.open_null(0, 1, 2)
    student = Worker(socket.socket(fileno=channel), shell)
    sys.modules["__main__"] = student.main_module  # where pickle looks for the student's classes
    sys.argv = ["notebook"]
    student.serve()


if __name__ == "__main__":
    main()
