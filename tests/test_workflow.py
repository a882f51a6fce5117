"""The hosted workflow runs what ``.ci/run`` runs, on every tested Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from autograder.runtime import versions

ROOT = Path(__file__).resolve().parents[1]
BROUGHT = {"chromium", "npm"}
"""Packages that the hosted machine has already."""


@pytest.fixture(scope="module")
def jobs() -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]


def pythons(steps: list[dict[str, Any]]) -> list[str]:
    return [
        step["with"]["python-version"] for step in steps if step.get("uses", "").startswith("actions/setup-python@")
    ]


def test_everything_runs_on_the_oldest_python_and_quick_tests_on_the_others(jobs):
    assert jobs["everything"]["steps"][-1] == {"run": ".ci/run"}
    assert jobs["pythons"]["steps"][-1] == {"run": "make test"}
    assert pythons(jobs["pythons"]["steps"]) == ["${{ matrix.python }}"]
    others = jobs["pythons"]["strategy"]["matrix"]["python"]
    assert (*pythons(jobs["everything"]["steps"]), *others) == versions.TESTED


def test_it_installs_the_packages_that_ci_run_installs_as_root(jobs):
    wanted = re.findall(r"optional\+=\(([^)]*)\)", (ROOT / ".ci" / "run").read_text("utf-8"))
    (installed,) = re.findall(
        r"for package in (.*); do", "".join(step.get("run", "") for step in jobs["everything"]["steps"])
    )
    assert set(installed.split()) == set(" ".join(wanted).split()) - BROUGHT
