"""Fixtures: a folder of submissions, and a function that imports into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.lms.importing import ImportReport, import_download
from tests.lms.archives import write_zip
from tests.lms.imported import EXERCISES


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "submitted"


@pytest.fixture
def collect(tmp_path, output):
    """Return a function that imports members as a zip, for convolution by default."""

    def run(members, name: str = "download.zip", exercise: str | None = "convolution", **options) -> ImportReport:
        return import_download([write_zip(tmp_path / name, members)], output, EXERCISES, exercise=exercise, **options)

    return run
