"""Run the tests with the newest releases of all dependencies, and report what broke.

First the newest that pyproject.toml allows, then, in the same environment, the newest that exist, whatever its upper
bounds. requirements.lock is read only for the table. If something broke, the environment is kept in build/newest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from autograder.release.pins import DISTRIBUTION, read_lock
from tools.scratch import ROOT, Environment

FOLDER = ROOT / "build/newest"

# Fails unless the installed versions are the locked ones, which they must not be here.
DESELECTED = "tests/release/test_versioned.py::test_this_courses_lock_is_what_is_installed"


def needs(project: Mapping[str, Any]) -> dict[str, Requirement]:
    """Return all requirements of a ``[project]`` table and of its extras: name → requirement."""
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    parsed = [Requirement(line) for group in groups for line in group]
    found = {str(canonicalize_name(one.name)): one for one in parsed}
    found.pop(DISTRIBUTION, None)
    return dict(sorted(found.items()))


def without_upper_bounds(need: Requirement) -> Requirement:
    """Return a requirement with only its lower bounds and exclusions; an exact version becomes a lower bound."""
    lower = (part for part in need.specifier if not part.operator.startswith("<"))
    kept = [f">={part.version}" if part.operator in ("==", "~=") else str(part) for part in lower]
    loose = Requirement(str(need))
    loose.specifier = SpecifierSet(",".join(kept))
    return loose


def table(wanted: Mapping[str, Requirement], columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield the lines of a table of versions, one package per line, with a mark if a bound holds a release back."""
    yield "".join(f"{head:24}" for head in ("package", *columns, "declared")).rstrip()
    for name, need in wanted.items():
        found = [column.get(name, "–") for column in columns.values()]
        held = "  holds back" if len(found) > 2 and found[-1] != found[-2] else ""
        yield "".join(f"{cell:24}" for cell in (name, *found, str(need.specifier) or "any")).rstrip() + held


def broken(report: Path) -> dict[str, str]:
    """Return the failed tests of a JUnit report, each with the first line of its message."""
    failed = {}
    for case in ElementTree.parse(report).iter("testcase"):
        for problem in (*case.findall("failure"), *case.findall("error")):
            first = (problem.get("message") or problem.text or "").strip().partition("\n")[0]
            failed[f"{case.get('classname')}::{case.get('name')}"] = first[:200]
    return failed


def run_tests(environment: Environment, what: str, arguments: Sequence[str]) -> dict[str, str]:
    """Run tests in the environment, print pytest's last line, and return the failed tests with their messages."""
    report = FOLDER / f"{what}.xml"
    report.unlink(missing_ok=True)
    done = environment.run(
        "python", "-m", "pytest", "-q", "-n", str((os.cpu_count() or 1) + 2), "--dist", "loadfile", "-m", "not slow",
        "-p", "no:cacheprovider", f"--junitxml={report}", f"--deselect={DESELECTED}", *arguments,
        CUDA_VISIBLE_DEVICES="",
    )  # fmt: skip
    (FOLDER / f"{what}.log").write_text(done.stdout, "utf-8")
    print(f"{what}: {done.stdout.strip().splitlines()[-1]}", flush=True)
    failed = broken(report) if report.is_file() else {}
    if done.returncode and not failed:
        failed = {"pytest": f"exit code {done.returncode}; see {FOLDER.relative_to(ROOT)}/{what}.log"}
    return failed


def main() -> None:
    """Test both, print a table, and exit with 1 if something broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tests", nargs="*", help="what to run instead of all quick tests")
    tests = parser.parse_args().tests
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = needs(project)
    shutil.rmtree(FOLDER, ignore_errors=True)
    environment = Environment(FOLDER)

    extras = ",".join(project["optional-dependencies"])
    environment.install("--editable", f"{ROOT}[{extras}]")
    columns = {"locked": read_lock(ROOT), "newest in range": environment.installed()}
    failed = {"in range": run_tests(environment, "in-range", tests)}

    environment.install("--upgrade", *(str(without_upper_bounds(need)) for need in wanted.values()))
    columns["newest"] = environment.installed()
    if columns["newest"] != columns["newest in range"]:
        failed["newest"] = run_tests(environment, "newest", tests)

    print("\n".join(["", *table(wanted, columns)]))
    for what, names in failed.items():
        print(f"\nBroke with the versions {what}: {len(names) or 'nothing'}")
        print("".join(f"  {name}\n    {why}\n" for name, why in names.items()), end="")
    if any(failed.values()):
        sys.exit(f"\nThe environment is kept: {FOLDER.relative_to(ROOT)}/bin/python -m pytest …")
    shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
