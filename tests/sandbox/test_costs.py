"""The cost of each check is measured, and a worker that ends between checks is replaced."""

from __future__ import annotations

from autograder.sandbox.protocol.messages import Limits

from .conftest import ALL_PASSED, HONEST


def test_a_check_is_charged_only_its_own_cost(grader):
    hungry = """
        import torch
        def double(x):
            torch.ones(150 * 2**18)[0]
            return 2 * x
        def triple(x):
            return 3 * x
    """
    assert grader.outcomes(hungry) == ALL_PASSED
    memory = {name.partition(".")[2]: cost.memory_mb for name, cost in grader.graded.costs.items()}
    assert 140 < memory["public"] < 250
    assert 0 <= memory["triples"] < 100
    assert all(cost.seconds > 0 for cost in grader.graded.costs.values())


def test_a_process_that_ends_by_itself_leaves_the_grading_whole(grader):
    quitter = """
        import os
        from autograder.sandbox.protocol import frames
        answered, send = 0, frames.send
        def send_and_leave(*arguments):
            global answered
            send(*arguments)
            answered += 1
            # Two cells, the deleted names, then what one check asks: to begin, for the function, and to call it.
            if answered == 6:
                os._exit(0)
        frames.send = send_and_leave
    """
    outcomes = grader.outcomes(quitter, HONEST, limits=Limits(cell_s=5))
    assert outcomes["public"] == "passed"
    assert outcomes["hidden"] in ("passed", "crashed")  # whether the end is noticed before or after the check has begun
    assert outcomes["triples"] == "passed"
    assert grader.graded.complete
    assert grader.outcomes(HONEST) == ALL_PASSED
