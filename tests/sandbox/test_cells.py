"""How cells run when graded: interrupted where they are slow, within one limit, and as in Jupyter otherwise."""

from __future__ import annotations

import pytest

from autograder.results.model import Outcome
from autograder.sandbox.protocol.messages import Limits
from tests.sandbox.conftest import ALL_PASSED, HONEST

SLOW = "while True:\n    pass\n"


def test_a_slow_demonstration_below_an_answer_is_stopped_and_the_answer_counts(grader):
    assert grader.outcomes(HONEST + SLOW, limits=Limits(cell_s=0.5)) == ALL_PASSED
    (cell,) = grader.graded.cells
    assert cell.outcome is Outcome.TIMED_OUT
    assert "cell of its own" in cell.message


def test_a_cell_that_ignores_the_interrupt_is_killed(grader):
    stubborn = "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n"
    assert grader.outcomes(HONEST, stubborn, limits=Limits(cell_s=0.5)) == ALL_PASSED
    assert [cell.outcome for cell in grader.graded.cells] == [Outcome.PASSED, Outcome.TIMED_OUT]


def test_cells_share_one_limit_and_those_below_it_are_not_run(grader):
    results = grader(HONEST.replace("triple", "other"), SLOW, SLOW, HONEST, limits=Limits(cell_s=0.5, cells_s=0.7))
    assert results["public"].outcome is Outcome.PASSED
    assert results["triples"].outcome is Outcome.TIMED_OUT
    assert "used up" in results["triples"].message
    assert grader.graded.complete
    assert "before this cell was run" in grader.graded.cells[-1].message


@pytest.mark.parametrize(
    "cell", ["%cd ..", "import asyncio\nawait asyncio.sleep(0)", "%%writefile helper.py\nthree = 3\n"]
)
def test_what_runs_in_jupyter_runs_when_graded(grader, cell):
    assert grader.outcomes(cell, HONEST) == ALL_PASSED
    assert [one.outcome for one in grader.graded.cells] == [Outcome.PASSED] * 2


def test_a_file_that_a_cell_wrote_can_be_imported(grader):
    answer = HONEST.replace("3 * x", "three * x")
    assert grader.outcomes("%%writefile helper.py\nthree = 3\n", "from helper import three", answer) == ALL_PASSED


@pytest.mark.parametrize("deletes", ["del triple", "%reset -f"])
def test_a_deleted_name_says_which_cell_deleted_it(grader, deletes):
    message = grader(HONEST, deletes)["triples"].message
    assert f"a later cell deleted it: `{deletes}`" in message


def test_input_says_that_nobody_can_type(grader):
    assert "Nobody can type" in grader("n = input()\ndef triple(x): return 3 * x", HONEST).pop("public").message + (
        grader.graded.cells[0].message
    )


@pytest.mark.parametrize("name", ["public", "hidden"])
def test_a_gpu_is_named_as_the_cause(grader, name):
    assert "Graded on a CPU" in grader("def double(x): return 2 * x.cuda()")[name].message


def test_a_worker_that_does_not_say_which_names_were_deleted_is_replaced(grader):
    silent = """
        import gc, time
        from autograder.sandbox.processes.worker import Worker
        Worker._answer = lambda *_: time.sleep(1000)
    """
    grader(HONEST, silent, limits=Limits(check_s=0.3, cell_s=0.3))
    assert grader.graded.complete
