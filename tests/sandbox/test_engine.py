"""The engine with real processes: whatever a submission does, the next one is graded as if nothing had happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.results.model import Outcome
from autograder.sandbox.protocol.messages import Limits

from .conftest import ALL_PASSED, HONEST, Grader

PR_SET_NAME = 15


def test_an_honest_answer_passes(grader):
    assert grader.outcomes(HONEST) == ALL_PASSED
    assert grader.graded.complete


def test_public_checks_run_first_so_that_their_messages_cannot_leak_hidden_input(grader):
    stash = """
        import torch
        seen = []
        def double(x):
            seen.append(x.clone())
            raise ValueError("I saw " + str([s.tolist() for s in seen]))
        def triple(x):
            raise ValueError("I saw " + str([s.tolist() for s in seen]))
    """
    results = grader(stash)
    assert next(check.name for _, check in grader.graded.checks) == "public"
    assert not any("41.5" in result.message for result in results.values())
    assert "I saw [[1.0, 2.0]]" in results["public"].message
    assert "I saw [" not in results["hidden"].message


def test_a_hidden_failure_names_neither_input_nor_expected_value(grader):
    results = grader("def double(x):\n    return x + 100\n")
    assert results["hidden"].outcome is Outcome.FAILED
    assert "wrong values" in results["hidden"].message
    assert not any(number in results["hidden"].message for number in ("41.5", "83", "141.5"))
    assert "expected 2, got 101" in results["public"].message


def test_class_names_of_exceptions_and_results_leak_nothing(grader):
    leak = """
        def double(x):
            kind = type("Leak" + str(x.tolist()).translate(str.maketrans("[]., ", "_____")), (Exception,), {})
            raise kind("x")
        def triple(x):
            return type("Leak", (), {})()
    """
    results = grader(leak)
    assert not any("Leak" in result.message for name, result in results.items() if name != "public")


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("while True: pass", "timed_out"),
        ("import time; time.sleep(1000)", "timed_out"),
        ("while True:\n        try:\n            while True: pass\n        except BaseException: pass", "timed_out"),
        ("import os; os._exit(0)", "crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV); import ctypes; ctypes.string_at(0)", "crashed"),
        ("import os; os.closerange(3, 256); import time; time.sleep(1000)", "crashed"),
        ("import sys; sys.exit(1)", "failed"),
        ("raise KeyboardInterrupt", "failed"),
        ("return torch.zeros(10**12)", "crashed"),
        ("x = []\n    while True: x.append(bytearray(10**7))", "crashed"),
        ("x = []; x.append(x); return x", "failed"),
        ("return 'x' * 10**9", "crashed"),
        ("return 'x' * 3 * 10**6", "failed"),
        ("def f(): return f()\n    return f()", "failed"),
        ("return (i for i in iter(int, 1))", "failed"),
    ],
)
def test_one_death_costs_one_check(grader, body, outcome):
    answer = f"import torch\ndef double(x):\n    {body}\n\ndef triple(x):\n    return 3 * x\n"
    limits = Limits(check_s=2 if "bytearray" in body else 0.3, memory_mb=400)
    assert grader.outcomes(answer, limits=limits) == {"public": outcome, "hidden": outcome, "triples": "passed"}
    assert grader.outcomes(HONEST) == ALL_PASSED


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [
        ("while True: pass", Outcome.TIMED_OUT),
        ("import os; os._exit(3)", Outcome.CRASHED),
        ("def broken(:", Outcome.FAILED),
        ("1 / 0", Outcome.FAILED),
        ("raise NotImplementedError('triple is not implemented yet')", Outcome.NOT_ATTEMPTED),
    ],
)
def test_a_bad_cell_does_not_stop_the_next(grader, cell, outcome):
    assert grader.outcomes(cell, HONEST, limits=Limits(cell_s=0.5)) == ALL_PASSED
    first, second = grader.graded.cells
    assert (first.outcome, second.outcome) == (outcome, Outcome.PASSED)
    assert first.message


def test_a_cell_that_fails_is_the_reason_for_the_missing_name(grader):
    results = grader("def double(x):\n    return 2 *\n", "def triple(x):\n    return 3 * x\n")
    assert results["hidden"].outcome is Outcome.FAILED
    assert "SyntaxError" in results["hidden"].message
    assert results["triples"].outcome is Outcome.PASSED


def test_a_stub_with_another_name_leaks_nothing(grader):
    leak = """
        def double(x):
            raise NotImplementedError(f"seen_{int(x[0].item() * 10)} is not implemented yet")
        def triple(x):
            raise NotImplementedError("double is not implemented yet")
    """
    results = grader(leak)
    assert results["hidden"].outcome is Outcome.NOT_ATTEMPTED
    assert "seen" not in results["hidden"].message
    assert results["triples"].message == "This needs `double`, which is not implemented yet."


def test_deaths_in_one_question_cost_no_other_a_point(grader):
    many = "".join(
        f'@pytest.mark.points(1)\ndef test_number_{n}(submission):\n    """Number {n}."""\n'
        "    submission.double(torch.ones(1))\n\n"
        for n in range(12)
    )
    checks = CHECKS_TEXT.replace("\n\n# %% hidden/test_triple.py", f"\n\n{many}\n# %% hidden/test_triple.py")
    outcomes = grader.outcomes(
        "import os\ndef double(x):\n    os._exit(1)\ndef triple(x):\n    return 3 * x\n", checks=checks
    )
    assert outcomes.pop("triples") == "passed"
    assert set(outcomes.values()) == {"crashed"}
    assert len(outcomes) == 14


def test_a_missing_name_is_not_attempted(grader):
    assert grader.outcomes("x = 1") == dict.fromkeys(ALL_PASSED, "not_attempted")


def test_an_error_in_a_check_is_a_grader_error(grader):
    checks = (
        "# %% hidden/test_double.py\nimport pytest\n\n@pytest.mark.points(1)\n"
        "def test_broken(submission):\n    'Broken.'\n    1 / 0\n"
    )
    result = grader(HONEST, checks=checks)["broken"]
    assert result.outcome is Outcome.GRADER_ERROR
    assert "not your mistake" in result.message


def test_checks_that_do_not_import_are_a_grader_error(grader):
    checks = CHECKS_TEXT.replace("hidden/test_double.py\n", "hidden/test_double.py\nimport nonsense_module\n")
    assert grader.outcomes(HONEST, checks=checks) == {**ALL_PASSED, "hidden": "grader_error"}


CHECKS_TEXT = (Path(__file__).parent / "conftest.py").read_text().split("'''")[1]


def test_floods_of_output_are_dropped(grader):
    flood = """
        import os
        for stream in (1, 2):
            where = os.fstat(stream)
            assert where.st_rdev == os.stat("/dev/null").st_rdev == os.makedev(1, 3), where
        for _ in range(20000): print("x" * 1000)
        os.write(2, b"y" * 10**6)
    """
    assert grader.outcomes(flood, HONEST) == ALL_PASSED
    assert grader.graded.cells[0].outcome is Outcome.PASSED, grader.graded.cells[0].message


def test_patching_the_students_own_process_changes_no_verdict(grader):
    patch = """
        import torch, builtins
        for module in list(__import__("sys").modules.values()):
            for name in ("assert_tensor", "judge", "_difference", "run_checks"):
                if hasattr(module, name):
                    setattr(module, name, lambda *a, **k: None)
        torch.allclose = torch.equal = torch.isclose = lambda *a, **k: torch.tensor(True)
        torch.Tensor.__eq__ = lambda self, other: torch.tensor(True)
        builtins.AssertionError = Exception
        def double(x):
            return x
        def triple(x):
            class Liar(torch.Tensor):
                shape = (2,)
            return torch.zeros(2).as_subclass(Liar)
    """
    assert set(grader.outcomes(patch).values()) <= {"failed", "crashed"}


@pytest.mark.parametrize("answer", ["'x' * 2**21", "[[[[0] * 60] * 60] * 60]"])
def test_an_answer_too_large_to_be_checked_says_what_to_do(grader, answer):
    result = grader(f"import torch\ndef double(x): return {answer}")["public"]
    assert result.outcome == "failed"
    assert "the answer cannot be checked: " in result.message
    assert "Return a smaller value." in result.message


def test_the_same_work_gives_the_same_messages(grader):
    answer = "import torch\ndef double(x):\n    return torch.randn(3) + object().__hash__() * 0\n"
    assert grader(answer) == grader(answer)


def test_many_at_once_do_not_mix(engine):
    from concurrent.futures import ThreadPoolExecutor

    def one(place: int) -> tuple[int, dict[str, str]]:
        bad = place % 2
        return bad, Grader(engine).outcomes("def double(x):\n    return x\n" if bad else HONEST)

    with ThreadPoolExecutor(4) as pool:
        for bad, outcomes in pool.map(one, range(12)):
            assert (outcomes == ALL_PASSED) is not bool(bad)
