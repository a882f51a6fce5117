"""What a forked process imports is paid by every submission: students' code and checks find all of it imported."""

import json
import os
import subprocess
import sys

import pytest

from autograder.course import load_course
from autograder.grading.preload import modules_to_preload

COURSE = load_course()

REHEARSE = """
import json, sys
from pathlib import Path
from autograder.sandbox import zygote

zygote._preload(json.loads(sys.argv[2]))

from autograder.checking.run import LocalSession, run_checks
from autograder.course import load_course
from autograder.notebook.execute import load_submission

exercise = load_course().exercise(sys.argv[1])
submission = load_submission(exercise.solution)
before, outcomes = set(sys.modules), []
wanted = [check for question in exercise.questions for check in question.checks if check.timeout_s is None]
run_checks(exercise.checks, wanted, LocalSession(submission), lambda *result: outcomes.append(result))
assert len(outcomes) == len(wanted) > 10
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", [exercise.name for exercise in COURSE.exercises])
def test_a_fork_imports_hardly_anything(name):
    modules = json.dumps(modules_to_preload([COURSE.exercise(name)]))
    command = [sys.executable, "-c", REHEARSE, name, modules]
    alone = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == 0, done.stderr
    imported = json.loads(done.stdout.splitlines()[-1])
    # PyTorch imports its compiler (800 modules, a second) where some functions are used for the first time.
    assert len(imported) <= 20, f"checks of {name} make each student's process import {imported}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "torch.optim.Adam([torch.ones(2, requires_grad=True)]).step()",
        "torch.func.grad(lambda x: (x * x).sum())(torch.ones(2))",
        "torch.autograd.functional.jacobian(lambda x: x * x, torch.ones(2))",
        "torch.autograd.grad(2 * (x := torch.ones(2, requires_grad=True)), x, torch.ones(2))",
        "torch.vmap(torch.sum)(torch.ones(2, 2))",
    ],
    ids=["an optimizer", "func.grad", "a Jacobian", "a product with a gradient", "vmap"],
)
def test_what_answers_may_use_is_imported_before_all_forks_but_the_first(code):
    rehearse = (
        "import sys; from autograder.sandbox import zygote; zygote._preload(['torch']); import torch\n"
        "later, size = zygote._Later(), len(sys.modules)\n"
        """later(b'{"kind": "checker"}'); later(b'{"kind": "worker"}'); assert len(sys.modules) == size\n"""
        """later(b'{"kind": "worker"}'); assert len(sys.modules) > size\n"""
        f"before = set(sys.modules); {code}; print(len(set(sys.modules) - before))"
    )
    alone = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run([sys.executable, "-c", rehearse], capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) <= 20
