"""What an import did."""

from __future__ import annotations

from pathlib import Path

from autograder.lms.importing import ImportReport
from autograder.lms.student_folders import PlacingOutcome

EXERCISES = ["tensor_ops", "convolution"]


def outcomes(report: ImportReport) -> dict[str, PlacingOutcome]:
    return {f"{taken.entry.student}/{taken.entry.exercise}": taken.outcome for taken in report.taken}


def reasons(report: ImportReport) -> dict[str, str]:
    return {refused.path: refused.why for _archive, refused in report.refused}


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def submissions(output: Path) -> list[str]:
    return [name for name in files(output) if not name.startswith(".") and "/" in name]
