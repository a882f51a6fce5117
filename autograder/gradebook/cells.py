"""The cells by which nbgrader knows a question: the one that students write in and the graded one below."""

from __future__ import annotations

from typing import Any


def check_id(question: str) -> str:
    """Return the nbgrader id of a question's graded cell."""
    return f"check-{question}"


def check_source(question: str) -> str:
    """Return the source of a question's graded cell."""
    return f'check("{question}")'


def cell_metadata(question: str, points: float | None = None) -> dict[str, Any]:
    """Return nbgrader's metadata of a question's own cell or, given its points, of its graded cell."""
    graded = points is not None
    metadata: dict[str, Any] = {
        "cell_type": "code",
        "grade": graded,
        "grade_id": check_id(question) if graded else question,
        "locked": graded,
        "schema_version": 3,
        "solution": not graded,
        "task": False,
    }
    if graded:
        metadata["points"] = points
    return {"nbgrader": metadata}
