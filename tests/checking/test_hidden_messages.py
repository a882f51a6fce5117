"""What a hidden check says consists of texts that its author wrote, whatever the answer does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from autograder import checking
from autograder.checking.assertions import assert_equal, assert_has, assert_raises, assert_tensor
from autograder.checking.failures import (
    UNSPECIFIED,
    CheckFailure,
    NameTaken,
    StudentError,
    WorkerDied,
    closed,
    mark_student_error,
    phrase,
)
from autograder.checking.runner import literals_of
from autograder.checking.student_module import LocalSubmission
from autograder.checking.verdict import blamed, judge
from autograder.course import Check
from autograder.results.model import Outcome
from autograder.sandbox.protocol.messages import EXITED, explain

HIDDEN = Check("values", "conv2d", "Values are right.", 1.0, public=False)
PUBLIC = Check("values", "conv2d", "Values are right.", 1.0, public=True)
LITERALS = {"The {place} value is wrong.", "first", "an off-by-one error", "the result"}


def said(error: Exception, check: Check = HIDDEN) -> str:
    return judge(check, error, ["conv2d"], literals=LITERALS).message


def test_a_phrase_of_literals_is_shown():
    failure = CheckFailure(phrase("The {place} value is wrong.", place="first"), cause="an off-by-one error")
    assert said(failure) == "The first value is wrong.\nLikely cause: an off-by-one error"


@pytest.mark.parametrize(
    "problem",
    [
        "The first value is wrong.",  # put together somewhere else
        phrase("The {place} value is wrong.", place="41.5"),
        phrase("{leak}", leak="41.5"),
        phrase("The {place} value is wrong.", place=phrase("{leak}", leak="41.5")),
    ],
)
def test_any_other_text_is_not(problem):
    assert said(CheckFailure(problem, cause="41.5")) == UNSPECIFIED
    assert said(CheckFailure(problem, cause="41.5"), PUBLIC) == f"{problem}\nLikely cause: 41.5"


def test_what_crosses_from_the_student_is_never_a_phrase():
    text = LocalSubmission({"f": lambda: "41.5"}).f()
    assert said(CheckFailure(text)) == UNSPECIFIED


def test_an_exception_tells_its_kind_only():
    error = ValueError("hidden input 41.5")
    mark_student_error(error, StudentError("ValueError", "hidden input 41.5", "<cell one>", 41, "raise ValueError(x)"))
    assert said(error) == "Your code raised ValueError."
    assert "41" in said(error, PUBLIC)


def test_the_end_of_the_process_tells_its_kind_only():
    assert len({said(explain(EXITED, status)) for status in range(-64, 256)}) == 2
    assert said(WorkerDied("protocol", "unreadable: 41", for_hidden="unreadable")) == "unreadable"


def test_an_unfinished_check_tells_the_kind_of_the_exception_only():
    result = judge(HIDDEN, KeyError("41.5"))
    assert result.outcome is Outcome.GRADER_ERROR
    assert result.message.startswith("The check could not finish (KeyError). This is not your mistake")
    assert blamed(HIDDEN, result).outcome is Outcome.FAILED
    assert "your mistake" not in blamed(HIDDEN, result).message
    assert "41.5" in judge(PUBLIC, KeyError("41.5")).message


class Student41:
    pass


@pytest.mark.parametrize(
    "use",
    [
        lambda: assert_tensor(torch.zeros(41, 5), torch.zeros(2)),
        lambda: assert_tensor(torch.full((2,), 41.5), torch.zeros(2)),
        lambda: assert_tensor(Student41(), torch.zeros(2)),
        lambda: assert_tensor(torch.full((2,), float("nan")), torch.zeros(2)),
        lambda: assert_equal("41.5", "a"),
        lambda: assert_equal(41.5, 1.5),
        lambda: assert_equal(torch.zeros(41), 1),
        lambda: assert_equal(Student41(), {}),
        lambda: assert_has(torch.zeros(41), "first"),
        lambda: assert_raises(ValueError, lambda: int(41.5), what="the result"),
    ],
)
def test_assertions_show_no_value(use):
    with pytest.raises(CheckFailure) as caught:
        use()
    text = caught.value.hidden_text(literals_of(Path(checking.__file__).parent.glob("*.py")) | LITERALS)
    assert text
    assert text != UNSPECIFIED
    assert "41" not in text


def test_literals_are_those_of_a_module_and_its_functions(tmp_path):
    path = tmp_path / "test_some.py"
    path.write_text("A = ('one', {'k': 'two'})\ndef f(x):\n    return f'three {x}', 'four'\n")
    assert {"one", "two", "three ", "four"} <= literals_of([path])


@pytest.mark.parametrize(
    ("answers", "use"),
    [
        ([None, [1], (), {}, "x", 1, 1.5, Student41()], lambda x: assert_tensor(x, torch.zeros(2))),
        ([torch.zeros(2, dtype=kind) for kind in (torch.int8, torch.int64, torch.float16, torch.bool)],
         lambda x: assert_tensor(x, torch.zeros(2))),
        ([None, [1], (), {}, "x", torch.zeros(1), Student41()], lambda x: assert_equal(x, 1)),
        ([None, [1], (), {}, "x", 1, torch.zeros(1), Student41()], lambda x: assert_has(x, "first")),
    ],
)  # fmt: skip
def test_the_kind_of_a_value_is_not_told(answers, use):
    import autograder.checking.assertions as library

    literals = literals_of([Path(library.__file__)]) | LITERALS
    texts = set()
    for answer in answers:
        with pytest.raises(CheckFailure) as caught:
            use(answer)
        texts.add(caught.value.hidden_text(literals))
    assert len(texts - {"the result returned None."}) == 1


def test_a_name_that_is_a_value_does_not_tell_which():
    kinds = ("a float", "a list", "a str")
    assert {said(NameTaken("conv2d", kind, "conv2d = x")) for kind in kinds} == {
        "`conv2d` is not a function here. A later line uses the name for something else: `conv2d = x`."
    }
    assert said(NameTaken("conv2d", "a float"), PUBLIC).startswith("`conv2d` is a float here, not a function.")


def test_a_closed_text_is_shown():
    assert said(CheckFailure(closed("float32"))) == "float32"
