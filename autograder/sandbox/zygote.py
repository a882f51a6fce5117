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
from typing import Any

from autograder.sandbox import jail, linux, monitor
from autograder.sandbox.forks import fork_for_each


def main() -> None:
    """Serve requests until the last one who could make any is gone; become what was asked for in each fork."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    tier = sys.argv[2]
    shell = _preload([name for name in sys.argv[3].split(",") if name])
    requests.send(b"ready")
    request = fork_for_each(requests)
    if request is None:
        os._exit(0)  # without taking down torch module by module
    message, descriptors = request
    _become(json.loads(message), descriptors, tier, shell)


def _preload(modules: list[str]) -> Any:
    """Import and use once what children need; return the shell that they run cells with."""
    gc.disable()  # imports make hundreds of thousands of objects, and hardly any garbage: half a second of searching
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    # What torch.use_deterministic_algorithms does, without its import of the compiler: 1.2 s.
    torch._C._set_deterministic_algorithms(True, warn_only=True)
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
    gc.freeze()
    gc.enable()
    return shell


def _warm_optimizer(torch: Any) -> None:
    """Make one step: the first optimizer of a process imports for a second."""
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    parameter.sum().backward()
    optimizer.step()


def _become(order: dict[str, Any], descriptors: list[int], tier: str, shell: Any) -> None:
    """Turn this fork into what was ordered; never return."""
    status = 1
    try:
        jail.reset_signals()
        os.setsid()
        if sys.platform == "linux":
            linux.die_with_parent()
        if order["kind"] == "checker":
            _check(order, tier, *descriptors)
        else:
            _watch_worker(order, tier, shell, *descriptors)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, a fork must never run on into the server's loop
        # Standard error is the grader's log; a worker has it until it is confined.
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _check(order: dict[str, Any], tier: str, channel: int, requests: int, zygote: int) -> None:
    """Be a checker. It has no monitor: only student code needs one."""
    from autograder.sandbox.checker import serve

    _close_all_but({2, channel, requests, zygote})
    _open_null(0, 1)
    if tier == "A":
        jail.enter_checker(order["file_mb"])
    else:
        _enter_scratch(os.getpid())
    _limit(order, tier)
    try:
        serve(*(socket.socket(fileno=descriptor) for descriptor in (channel, requests, zygote)))
    finally:
        if tier != "A":
            jail.remove_tree(_scratch(os.getpid()))


def _watch_worker(order: dict[str, Any], tier: str, shell: Any, channel: int, control: int) -> None:
    """Be the monitor of a worker."""
    if tier == "A":
        jail.enter_cell_outside()
    child = os.fork()
    if child == 0:
        os.close(control)
        _work(order, tier, shell, channel)
        os._exit(0)
    os.close(channel)
    monitor.watch(child, socket.socket(fileno=control), own_group=tier != "A")
    if tier != "A":
        jail.remove_tree(_scratch(child))


def _work(order: dict[str, Any], tier: str, shell: Any, channel: int) -> None:
    """Be a worker: into the cell first, then to work."""
    from autograder.sandbox.worker import Worker

    if tier == "A":
        jail.enter_cell_inside(order["file_mb"])
    else:
        if sys.platform == "linux":
            linux.die_with_parent()
        os.setsid()
        _enter_scratch(os.getpid())
    _limit(order, tier)
    _close_all_but({channel})
    _open_null(0, 1, 2)
    student = Worker(socket.socket(fileno=channel), shell)
    sys.modules["__main__"] = student.main_module
    sys.argv = ["notebook"]
    student.serve()


def _limit(order: dict[str, Any], tier: str) -> None:
    # Without namespaces the number of processes is that of the user, who has others.
    processes = order["processes"] if tier == "A" else 4096
    jail.limit_resources(order["memory_mb"], processes, order["file_mb"], order["cpu_s"])


def _enter_scratch(pid: int) -> None:
    os.mkdir(_scratch(pid), 0o700)  # noqa: PTH102
    os.chdir(_scratch(pid))


def _open_null(*descriptors: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    if null not in descriptors:
        os.close(null)


def _scratch(pid: int) -> str:
    """Return the temporary folder of a worker where there is no file system of its own."""
    return f"{os.environ['TMPDIR']}/autograder-scratch-{pid}"


def _close_all_but(keep: set[int]) -> None:
    first = 0
    for descriptor in sorted({*keep, 4096}):
        if first < descriptor:  # an empty range that starts at 0 would close everything
            os.closerange(first, descriptor)
        first = descriptor + 1


if __name__ == "__main__":
    main()
