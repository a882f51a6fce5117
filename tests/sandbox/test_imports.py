"""Every submission pays for what its processes import, so the zygote has already imported everything they need."""

import json
import os
import subprocess
import sys

import pytest

from autograder.course import load_course
from autograder.grading.scheduler import modules_to_preload

COURSE = load_course()
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

REHEARSE = """
import json, os, sys
from autograder.sandbox.processes import zygote

zygote._preload(json.loads(sys.argv[1]))

from autograder.checking.runner import LocalSession, run_checks
from autograder.course import load_course
from autograder.checking.execution import load_submission

def rehearse(exercise):
    submission = load_submission(exercise.solution)
    before, outcomes = set(sys.modules), []
    wanted = [check for question in exercise.questions for check in question.checks if check.timeout_s is None]
    run_checks(exercise.test_paths, wanted, LocalSession(submission), lambda *result: outcomes.append(result))
    assert len(outcomes) == len(wanted) > 10
    print(exercise.name, json.dumps(sorted(set(sys.modules) - before)), sep=":", flush=True)

for exercise in load_course().exercises:
    if os.fork() == 0:
        rehearse(exercise)
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
def test_a_fork_imports_hardly_anything():
    modules = json.dumps(modules_to_preload(COURSE.exercises))
    done = subprocess.run(
        [sys.executable, "-c", REHEARSE, modules], capture_output=True, text=True, check=False, env=os.environ | ALONE
    )
    assert done.returncode == 0, done.stderr
    lines = [line.partition(":") for line in done.stdout.splitlines() if ":[" in line]
    imported = {name: json.loads(modules) for name, _, modules in lines}
    assert imported.keys() == {exercise.name for exercise in COURSE.exercises}, done.stderr
    for name, modules in imported.items():
        # PyTorch imports its compiler (800 modules, a second) when certain functions are first used.
        assert len(modules) <= 20, f"checks of {name} make each student's process import {modules}"


MAY_BE_USED = {
    "an optimizer": "torch.optim.Adam([torch.ones(2, requires_grad=True)]).step()",
    "func.grad": "torch.func.grad(lambda x: (x * x).sum())(torch.ones(2))",
    "a Jacobian": "torch.autograd.functional.jacobian(lambda x: x * x, torch.ones(2))",
    "a product with a gradient": "torch.autograd.grad(2 * (x := torch.ones(2, requires_grad=True)), x, torch.ones(2))",
    "vmap": "torch.vmap(torch.sum)(torch.ones(2, 2))",
}

REHEARSE_LATER = """
import json, os, sys
from autograder.sandbox.processes import zygote

zygote._preload(["torch"])
import torch

later, size = zygote._DeferredCompiler(), len(sys.modules)
later(b'{"kind": "checker"}')
later(b'{"kind": "worker"}')
assert len(sys.modules) == size
later(b'{"kind": "worker"}')
assert len(sys.modules) > size
for name, code in json.loads(sys.argv[1]).items():
    if os.fork() == 0:
        before = set(sys.modules)
        exec(code)
        print(name, len(set(sys.modules) - before), sep=":", flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
def test_everything_that_answers_may_use_is_imported_before_the_second_fork():
    command = [sys.executable, "-c", REHEARSE_LATER, json.dumps(MAY_BE_USED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | ALONE)
    assert done.returncode == 0, done.stderr
    imported = dict(line.split(":") for line in done.stdout.splitlines())
    assert imported.keys() == MAY_BE_USED.keys(), done.stderr
    assert max(map(int, imported.values())) <= 20, imported
