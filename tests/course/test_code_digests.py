"""The digest of code changes if and only if what it does may have changed."""

from __future__ import annotations

import pytest

from autograder.course.digests import code_digest, reachable, statements

CODE = '''"""Docstring."""
import math
from itertools import chain, repeat

LIMIT = 3
UNUSED = 4

def inner(x):
    return math.sqrt(x) + LIMIT

def outer(x):
    "Say what is inside."
    return inner(x)  # as it is

def other(x):
    return list(chain(x, repeat(UNUSED, 2)))
'''


def of(source, *roots):
    return code_digest(reachable(statements(source), roots))


@pytest.mark.parametrize(
    ("old", "new"),
    [("# as it is", "# or not"), ("UNUSED = 4", "UNUSED = 5"),
     ("Docstring", "Words"), ("Say what", "Tell what"), ("    return inner", "    return  inner"),
     ("chain, repeat", "repeat, chain"), ("def other(x)", "def another(x)")],
)  # fmt: skip
def test_what_does_not_matter(old, new):
    assert old in CODE
    assert of(CODE, "outer") == of(CODE.replace(old, new), "outer")


@pytest.mark.parametrize(
    ("old", "new"), [("LIMIT = 3", "LIMIT = 4"), ("math.sqrt", "math.exp"), ("import math", "import cmath as math")]
)
def test_what_matters_however_far_away(old, new):
    assert of(CODE, "outer") != of(CODE.replace(old, new), "outer")


def test_a_statement_that_binds_nothing_may_matter_to_all():
    assert of(f"{CODE}\nmath.seed(1)\n", "outer") != of(CODE, "outer")


def test_invalid_python_counts_as_one_statement():
    assert of("def f(:\n    1", "f") != of("def f(:\n    2", "f")
