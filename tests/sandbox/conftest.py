"""Fixtures: a running sandbox per tier, and a small exercise to grade in it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.reader import read_questions
from autograder.results.model import CheckResult
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, probe
from autograder.sandbox.protocol.messages import Graded, Job, Limits
from tests.conftest import split_files

HONEST = "import torch\n\ndef double(x):\n    return 2 * x\n\ndef triple(x):\n    return 3 * x\n"

CHECKS = '''
# %% public/test_double.py
import pytest
import torch

from autograder.checking import assert_tensor


@pytest.mark.points(1)
def test_public(submission):
    """Doubles one and two."""
    assert_tensor(submission.double(torch.tensor([1.0, 2.0])), torch.tensor([2.0, 4.0]), what="double(x)")


# %% hidden/test_double.py
import pytest
import torch

from autograder.checking import assert_tensor

SECRET = 41.5


@pytest.mark.points(1)
def test_hidden(submission):
    """Doubles a number that is not told."""
    x = torch.full((3,), SECRET)
    assert_tensor(submission.double(x), 2 * x, what="double(x)")


# %% hidden/test_triple.py
import pytest
import torch

from autograder.checking import assert_tensor


@pytest.mark.points(2)
def test_triples(submission):
    """Triples."""
    assert_tensor(submission.triple(torch.ones(2)), torch.full((2,), 3.0), what="triple(x)")
'''


@pytest.fixture(scope="session", params=["A", "B", "C", "D"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Yield an engine of each tier, with this repository as a folder that student code must not see."""
    probed = probe(request.param)
    if not probed.works:
        pytest.skip(f"no tier {probed.tier} here: {probed.problem}")
    with Engine(request.param, protected=[Path(__file__).parents[2]]) as running:
        yield running


class Grader:
    """Grades cells with the small exercise and stores the last results in ``graded``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.graded = Graded()

    def __call__(self, *cells: str, checks: str = CHECKS, limits: Limits | None = None) -> dict[str, CheckResult]:
        """Return the result of each check by name."""
        named = [(f"cell-{place}", textwrap.dedent(cell)) for place, cell in enumerate(cells, 1)]
        limits = limits or Limits(check_s=1, cell_s=1, memory_mb=400)
        files = split_files(checks)
        declared = tuple(check for question in read_questions(files) for check in question.checks)
        job = Job(files, declared, tuple(named), limits)
        self.graded = self.engine.run(job)
        return {result.name: result for _, result in self.graded.checks}

    def outcomes(self, *cells: str, **keywords: object) -> dict[str, str]:
        """Return the outcome of each check by name."""
        return {name: str(result.outcome) for name, result in self(*cells, **keywords).items()}


@pytest.fixture
def grader(engine: Engine) -> Grader:
    return Grader(engine)


@pytest.fixture
def isolated(grader: Grader) -> Grader:
    """Return a grader of an isolating tier (A or B)."""
    if grader.engine.tier not in ISOLATING_TIERS:
        pytest.skip("this tier separates processes, but does not isolate them")
    return grader


ALL_PASSED = {"hidden": "passed", "public": "passed", "triples": "passed"}
