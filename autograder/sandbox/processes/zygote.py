"""The fork server: torch imported once, one thread, and a fork for each worker and checker.

It holds nothing of any course or student: what a worker or a checker needs reaches them over their own socket,
after the fork. Otherwise the next student's process would inherit it.

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

from autograder.sandbox.isolation import isolation_of, linux
from autograder.sandbox.isolation.hardening import (
    Allowance,
    close_all_but,
    forget_closed_folders,
    open_null,
    reset_signals,
)
from autograder.sandbox.isolation.unconfined import Isolation
from autograder.sandbox.processes import monitor
from autograder.sandbox.processes.fork_server import fork_for_each

COMPILER = "torch._dynamo"
"""What the first optimizer of a process imports, as do ``torch.func`` and others: a second or two of CPU time."""


def main() -> None:
    """Serve requests until the last one who could make any is gone; become what was asked for in each fork."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    isolation = isolation_of(sys.argv[2])
    shell = _preload([name for name in sys.argv[3].split(",") if name])
    requests.send(b"ready")
    request = fork_for_each(requests, _Later())
    if request is None:
        os._exit(0)  # without taking down torch module by module
    message, descriptors = request
    _become(json.loads(message), descriptors, isolation, shell)


def _preload(modules: list[str]) -> Any:
    """Import and use once what children need; return the shell that they run cells with."""
    gc.disable()  # imports make hundreds of thousands of objects, and hardly any garbage: half a second of searching
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    for name in modules:
        with contextlib.suppress(ImportError):  # a module that is not installed is the student's ImportError
            importlib.import_module(name)
    from autograder.checking.execution import make_shell
    from autograder.sandbox.processes import checker, worker

    worker.warm_up()
    checker.warm_up()
    torch.set_deterministic_debug_mode("warn")  # as use_deterministic_algorithms, which imports the compiler, too
    shell = make_shell()
    _settle()
    return shell


def _settle() -> None:
    """Make sure that this can be forked, and spare the children the search for garbage in what is here."""
    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1  # noqa: PTH112, PTH208
    if threads != 1:
        raise RuntimeError(f"the zygote has {threads} threads; it must have one, or its children may hang")
    gc.freeze()
    gc.enable()


class _Later:
    """Import before the second worker what costs as much as half of the start: a lone submission is spared it."""

    def __init__(self) -> None:
        self._workers = 0

    def __call__(self, request: bytes) -> None:
        if json.loads(request)["kind"] != "worker":
            return
        self._workers += 1
        if self._workers == 2 and COMPILER not in sys.modules:
            gc.disable()
            importlib.import_module(COMPILER)
            _settle()


def _become(order: dict[str, Any], descriptors: list[int], isolation: Isolation, shell: Any) -> None:
    """Turn this fork into what was ordered; never return."""
    status = 1
    try:
        reset_signals()
        os.setsid()
        allowance = Allowance(**{field.name: order[field.name] for field in fields(Allowance)})
        if order["kind"] == "checker":
            _check(allowance, isolation, *descriptors)
        else:
            _watch_worker(allowance, isolation, shell, *descriptors)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, a fork must never run on into the server's loop
        # Standard error is the grader's log; a worker has it until it is confined.
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _check(allowance: Allowance, isolation: Isolation, channel: int, requests: int, zygote: int) -> None:
    """Be a checker. It has no monitor: only student code needs one."""
    from autograder.sandbox.processes.checker import serve

    if sys.platform == "linux":
        linux.die_with_parent()
    close_all_but({2, channel, requests, zygote})
    open_null(0, 1)
    try:
        isolation.enter_checker(allowance)
        forget_closed_folders()
        serve(*(socket.socket(fileno=descriptor) for descriptor in (channel, requests, zygote)))
    finally:
        isolation.clean_up()


def _watch_worker(allowance: Allowance, isolation: Isolation, shell: Any, channel: int, control: int) -> None:
    """Be the monitor of a worker."""
    try:
        isolation.guard(allowance)
        child = os.fork()
        if child == 0:
            os.close(control)
            _work(allowance, isolation, shell, channel)
            os._exit(0)
        os.close(channel)
        monitor.watch(child, socket.socket(fileno=control), isolation.kill, isolation.fills_disk)
    finally:
        isolation.clean_up()


def _work(allowance: Allowance, isolation: Isolation, shell: Any, channel: int) -> None:
    """Be a worker: behind the walls first, then to work."""
    from autograder.sandbox.processes.worker import Worker

    isolation.enter_worker(allowance)
    forget_closed_folders()
    close_all_but({channel})
    open_null(0, 1, 2)
    student = Worker(socket.socket(fileno=channel), shell)
    sys.modules["__main__"] = student.main_module
    sys.argv = ["notebook"]
    student.serve()


if __name__ == "__main__":
    main()
