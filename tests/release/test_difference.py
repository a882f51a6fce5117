"""What ``autograder diff`` says of two releases."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course.manifest import (
    CheckRecord,
    ExerciseRecord,
    Manifest,
    ManifestError,
    path_of,
    read_manifest,
    versions,
)
from autograder.release.comparison import compare

SHAPE = CheckRecord("The shape is right.", 1.0, True, "aa")
VALUES = CheckRecord("The values are right.", 2.0, False, "bb")
SUM = ExerciseRecord(False, "i1", {"add": {"shape": SHAPE, "values": VALUES}}, {"text": "t1", "add": "c1"})
EXPERIMENT = {"threshold": 0.8, "dataset": "rings", "data": "d1"}
RECORD = {"test_sum.calibration.json": {"sha256": "x", "experiments": {"fit": EXPERIMENT}}}
OLD = Manifest("2026.1", "sums", "c0ffee", "3.11", {"torch": "2.13.0"}, {"sum": SUM}, RECORD)


def changed(new: Manifest) -> dict[str, tuple[str, ...]]:
    """Return the lines of the comparison by section title, without empty sections."""
    return {section.title: section.lines for section in compare(OLD, new) if section.lines}


def with_sum(**fields: object) -> Manifest:
    return replace(OLD, exercises={"sum": replace(SUM, **fields)})


def with_check(name: str, **fields: object) -> Manifest:
    checks = SUM.questions["add"]
    return with_sum(questions={"add": {**checks, name: replace(checks[name], **fields)}})


def with_experiment(**fields: object) -> Manifest:
    record = {"sha256": "y", "experiments": {"fit": EXPERIMENT | fields}}
    return replace(OLD, calibration={"test_sum.calibration.json": record})


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (replace(OLD, version="2026.2", commit="beef"), {}),
        (replace(OLD, exercises={"sum": SUM, "product": SUM}), {"Exercises": ("product: new",)}),
        (replace(OLD, exercises={}), {"Exercises": ("sum: gone",)}),
        (with_sum(cells={"text": "t2", "add": "c1"}), {"For students": ("sum: the cell text: changed",)}),
        (
            with_sum(cells={"text": "t1", "more": "m"}),
            {"For students": ("sum: the cell more: new", "sum: the cell add: gone")},
        ),
        (with_check("values", digest="cc"), {"For graders": ("sum.add.values: other code",)}),
        (
            with_check("values", public=True, title="All is right."),
            {"For graders": ("sum.add.values: now public, now called “All is right.”",)},
        ),
        (
            with_check("values", points=3.0),
            {"For graders": ("sum.add.values: 2 → 3 points",), "Points": ("sum: 3 → 4 (add 3 → 4)",)},
        ),
        (with_sum(optional=True), {"Points": ("sum: its points are now a bonus",)}),
        (with_experiment(threshold=0.82), {"Thresholds": ("sum.fit: 0.8 → 0.82",)}),
        (with_experiment(data="d2"), {"Thresholds": ("sum.fit: 0.8 as before, with other data",)}),
        (replace(OLD, calibration={}), {"Thresholds": ("sum.fit: gone",)}),
        (
            replace(OLD, packages={"torch": "2.14.0", "numpy": "2.4"}, python="3.12"),
            {"Packages": ("python 3.11 → 3.12", "torch 2.13.0 → 2.14.0", "numpy none → 2.4")},
        ),
        (
            with_sum(interface="i2"),
            {
                "Submissions made from 2026.1": (
                    "sum: other questions or given code: graded by the checks of 2026.1, not of 2026.1",
                )
            },
        ),
    ],
)
def test_each_change_is_said_once_and_nothing_else(new, said):
    assert changed(new) == said


def test_a_manifest_is_read_as_it_was_written(tiny_course):
    (tiny_course / "release").mkdir()
    path_of(tiny_course, "2026.1").write_bytes(OLD.to_bytes())
    assert read_manifest(tiny_course, "2026.1") == OLD
    assert read_manifest(tiny_course, "2026.1").to_bytes() == OLD.to_bytes()


def test_versions_are_in_the_order_of_their_numbers(tiny_course):
    (tiny_course / "release").mkdir()
    for name in ("2026.10", "2026.9", "2025.12.1", "notes"):
        path_of(tiny_course, name).write_bytes(b"{}")
    assert versions(tiny_course) == ["2025.12.1", "2026.9", "2026.10"]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{}", b"[]", b"\xff"),
        OLD.to_bytes().replace(b'"format": 1', b'"format": 9'),
        OLD.to_bytes().replace(b'"version": "2026.1"', b'"version": "2026.2"'),
    ],
)
def test_a_damaged_manifest_is_reported(tiny_course, content):
    (tiny_course / "release").mkdir()
    path_of(tiny_course, "2026.1").write_bytes(content)
    with pytest.raises(ManifestError, match="is damaged"):
        read_manifest(tiny_course, "2026.1")


def test_the_command(tiny_course):
    (tiny_course / "release").mkdir()
    path_of(tiny_course, "2026.1").write_bytes(OLD.to_bytes())
    path_of(tiny_course, "2026.2").write_bytes(replace(with_check("values", digest="cc"), version="2026.2").to_bytes())

    def diff(*versions: str):
        return CliRunner().invoke(main, ["diff", *versions, "--course", str(tiny_course)])

    done = diff("2026.1", "2026.2")
    assert done.exit_code == 0, done.output
    assert "For graders\n  sum.add.values: other code\n" in done.output
    assert "autograder grade submitted --dry-run" in done.output
    told = json.loads(diff("2026.1", "2026.2", "--json").stdout)
    assert told["changed"]["For graders"] == ["sum.add.values: other code"]
    assert json.loads(diff("2026.1", "2026.1", "--json").stdout)["changed"] == {}
    assert "Nothing that students, graders or scores would notice changed" in diff("2026.1", "2026.1").output
    done = diff("2026.1", "2026.3")
    assert done.exit_code == 2
    assert "There is no release 2026.3 here. Known releases: 2026.1, 2026.2." in done.output
