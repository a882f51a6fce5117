"""Check ``results.json`` against https://gradescope-autograders.readthedocs.io/en/latest/specs/."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

FIELDS = {
    "score": (int, float),
    "output": str,
    "output_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "extra_data": dict,
    "execution_time": (int, float),
    "tests": list,
}
TEST_FIELDS = {
    "score": (int, float),
    "max_score": (int, float),
    "status": str,
    "name": str,
    "name_format": str,
    "number": str,
    "output": str,
    "output_format": str,
    "tags": list,
    "visibility": str,
}
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}


def results(path: Path) -> dict[str, Any]:
    """Return the results that Gradescope reads; raise ``AssertionError`` or ``ValueError`` if it would refuse them."""
    content: dict[str, Any] = json.loads(path.read_bytes())
    assert_fields(content, FIELDS)
    assert content["visibility"] in VISIBILITIES
    assert content["stdout_visibility"] in VISIBILITIES
    for test in content["tests"]:
        assert_fields(test, TEST_FIELDS)
        assert test["visibility"] in VISIBILITIES
        assert test["status"] in {"passed", "failed"}
        assert {test["output_format"], test["name_format"]} <= FORMATS
        assert 0 <= test["score"] <= test["max_score"]
    assert math.isclose(content["score"], sum(test["score"] for test in content["tests"]), abs_tol=1e-6)
    return content


def by_question(content: dict[str, Any]) -> dict[str, float]:
    """Return the points of each question."""
    scores: dict[str, float] = {}
    for test in content["tests"]:
        scores[test["tags"][0]] = round(scores.get(test["tags"][0], 0) + test["score"], 6)
    return scores


def assert_fields(record: dict[str, Any], fields: dict[str, Any]) -> None:
    assert set(record) == set(fields)
    for name, kind in fields.items():
        assert isinstance(record[name], kind), name
