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
import select
import signal
import socket
import sys
import traceback
from typing import Any

from autograder.sandbox import jail, linux, monitor

MAX_REQUEST = 4096


def main() -> None:
    """Serve requests until the last one who could make any is gone."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    tier = sys.argv[2]
    shell = _preload([name for name in sys.argv[3].split(",") if name])
    requests.send(b"ready")
    children: set[int] = set()
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    while True:
        ready = poll.poll(1000 if children else None)
        _reap(children)
        if not ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(requests, MAX_REQUEST, 4)
        if not message:
            break
        pid = os.fork()
        if pid == 0:
            requests.close()
            _become(json.loads(message), descriptors, tier, shell)
        children.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
    while children:
        _reap(children, wait=True)


def _reap(children: set[int], *, wait: bool = False) -> None:
    """Collect ended children, so that their CPU time is counted and no zombie stays."""
    while children:
        try:
            pid, _ = os.waitpid(-1, 0 if wait else os.WNOHANG)
        except ChildProcessError:
            children.clear()
            return
        if pid == 0:
            return
        children.discard(pid)


def _preload(modules: list[str]) -> Any:
    """Import and use once what children need; return the shell that they run cells with."""
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    for name in modules:
        with contextlib.suppress(ImportError):  # a module that is not installed is the student's ImportError
            importlib.import_module(name)
    from autograder.checking import notebook  # noqa: F401 - student notebooks import it
    from autograder.notebook.execute import make_shell
    from autograder.sandbox import checker, worker

    worker.warm_up()
    checker.warm_up()
    if "torch.optim" in modules:
        _warm_optimizer(torch)
    shell = make_shell()
    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1  # noqa: PTH112, PTH208
    if threads != 1:
        raise RuntimeError(f"the zygote has {threads} threads; it must have one, or its children may hang")
    gc.collect()
    gc.freeze()
    return shell


def _warm_optimizer(torch: Any) -> None:
    """Make one step: the first optimizer of a process imports for a second."""
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    parameter.sum().backward()
    optimizer.step()


def _become(order: dict[str, Any], descriptors: list[int], tier: str, shell: Any) -> None:
    """Turn this fork into a monitor with its worker or checker; never return."""
    status = 1
    try:
        jail.reset_signals()
        os.setsid()
        if sys.platform == "linux":
            linux.die_with_parent()
        if tier == "A":
            jail.enter_cell_outside()
        channel, control, *rest = descriptors
        child = os.fork()
        if child == 0:
            os.close(control)
            _confine(order, tier, keep=[channel, *rest])
            _work(order, channel, rest, shell)
            status = 0
        else:
            for descriptor in (channel, *rest):
                os.close(descriptor)
            monitor.watch(child, socket.socket(fileno=control), own_group=tier != "A")
            if tier != "A":
                jail.remove_tree(_scratch(child))
            status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, a fork must never run on into the server's loop
        # Standard error is the grader's log; a worker has it until it is confined.
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _confine(order: dict[str, Any], tier: str, keep: list[int]) -> None:
    """Put this process into its cell: nothing open but its sockets, limits, walls."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    if tier == "A":
        jail.enter_cell_inside(order["file_mb"])
    else:
        if sys.platform == "linux":
            linux.die_with_parent()
        os.setsid()
        os.mkdir(_scratch(os.getpid()), 0o700)  # noqa: PTH102
        os.chdir(_scratch(os.getpid()))
    jail.limit_resources(order["memory_mb"], order["processes"] if tier == "A" else 4096, order["file_mb"])
    if order["kind"] == "worker":  # a checker's standard error is the grader's log
        os.dup2(null, 2)
    _close_all_but({0, 1, 2, *keep})
    signal.set_wakeup_fd(-1)


def _scratch(pid: int) -> str:
    """Return the temporary folder of a worker where there is no file system of its own."""
    return f"{os.environ.get('TMPDIR', '/tmp')}/autograder-scratch-{pid}"


def _close_all_but(keep: set[int]) -> None:
    first = 0
    for descriptor in sorted({*keep, 4096}):
        if first < descriptor:  # an empty range that starts at 0 would close everything
            os.closerange(first, descriptor)
        first = descriptor + 1


def _work(order: dict[str, Any], channel: int, rest: list[int], shell: Any) -> None:
    """Do what the process was made for."""
    sock = socket.socket(fileno=channel)
    if order["kind"] == "checker":
        from autograder.sandbox.checker import serve

        serve(sock, socket.socket(fileno=rest[0]))
        return
    from autograder.sandbox.worker import Worker

    student = Worker(sock, shell)
    sys.modules["__main__"] = student.main_module
    sys.argv = ["notebook"]
    student.serve()


if __name__ == "__main__":
    main()
