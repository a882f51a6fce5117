from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.integrations.gradescope.container import Places
from autograder.release.platform_bundles import write_bundle

TINY = Path(__file__).resolve().parents[2] / "tiny_course"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """Return the zip of a small exercise."""
    path = tmp_path_factory.mktemp("bundle") / "tiny.zip"
    (exercise,) = load_course(TINY).exercises
    write_bundle(exercise, path)
    return path


@pytest.fixture
def places(tmp_path, bundle):
    """Return a container's folders as they are before grading."""
    root = tmp_path / "autograder"
    zipfile.ZipFile(bundle).extractall(root / "source")
    (root / "submission").mkdir()
    (root / "results").mkdir()
    return Places(root)
