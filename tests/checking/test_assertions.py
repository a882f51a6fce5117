"""Assertions and unexpected kinds of answers."""

from __future__ import annotations

import math

import pytest
import torch

from autograder.checking import assert_equal, assert_tensor
from autograder.checking.failures import CheckFailure

ODD = [None, True, "5", b"5", [5], (5,), {5: 5}, {5}, 5j, math.nan, math.inf, 10**400, -(10**400), torch.tensor(5), ...]


@pytest.mark.parametrize("answer", ODD, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("expected", [5, 5.5, math.inf - math.inf, "x", [5.5], {"a": 1.0}, None, True])
def test_an_odd_answer_fails_the_check_and_is_not_a_grader_error(answer, expected):
    if answer is expected or (isinstance(answer, float) and isinstance(expected, float) and math.isnan(expected)):
        return
    with pytest.raises(CheckFailure):
        assert_equal(answer, expected, rtol=0.01, atol=0.01, mistakes={"a slip": 4.0, "another": torch.ones(2)})


@pytest.mark.parametrize("answer", [*ODD, torch.zeros(0), torch.zeros(3, 0)], ids=lambda value: str(value)[:12])
def test_only_a_tensor_is_a_tensor(answer):
    with pytest.raises(CheckFailure):
        assert_tensor(answer, torch.full((), 42.5), mistakes={"a slip": 4.0, "another": torch.ones(2)})
