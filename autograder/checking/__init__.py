"""What authors write checks with, and what students run them with.

A check file imports from here: assertions that compare strictly and explain (`assert_tensor`,
`assert_equal`, `assert_raises`, `unchanged`, `fail`) and `send_function`, which puts a helper of the check
on the student's side.
"""

from autograder.checking.compare import (
    assert_equal,
    assert_raises,
    assert_tensor,
    assert_true,
    unchanged,
)
from autograder.checking.failure import CheckFailure, fail
from autograder.checking.submission import send_function

__all__ = [
    "CheckFailure",
    "assert_equal",
    "assert_raises",
    "assert_tensor",
    "assert_true",
    "fail",
    "send_function",
    "unchanged",
]
