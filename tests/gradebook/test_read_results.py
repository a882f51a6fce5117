"""Reading the results of a grading run."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256

from autograder.results.model import Result
from autograder.results.store import read_results, write_result


def test_results_are_read_unchanged_and_sorted(results, tmp_path):
    for result in reversed(results):
        write_result(tmp_path, result)
    assert read_results(tmp_path) == sorted(results, key=lambda result: (result.student, result.exercise))


def test_a_result_of_the_first_version_is_read(results):
    """It had no `review`: unreadable, it could not keep a regrade from lowering its score unseen."""
    body, _, _ = results[0].to_json().rpartition(b',\n "checksum": "')
    old = re.sub(rb'\n "review": "[^"]*",', b"", body)
    assert b"review" not in old
    assert Result.from_json(old + b',\n "checksum": "' + sha256(old).hexdigest().encode() + b'"\n}\n') == results[0]


def test_a_reason_for_review_is_told_once(results):
    result = replace(results[0], message="Made elsewhere. A cell was edited.", review="Made elsewhere.")
    assert result.remarks == result.message
    assert replace(result, message="", review="Look.").remarks == "Look."
    assert replace(result, message="A note.", review="Look.").remarks == "A note. Look."


def test_a_damaged_file_is_reported_and_does_not_stop_the_others(results, tmp_path):
    for result in results[:2]:
        write_result(tmp_path, result)
    (tmp_path / "bob").mkdir()
    for name, text in {"a": "", "b": "[]", "c": "<html>", "d": '{"student": 1}', "e": "[" * 100_000}.items():
        (tmp_path / "bob" / f"{name}.json").write_text(text)
    (tmp_path / "bob" / "convolution.json").write_bytes((tmp_path / "ada/convolution.json").read_bytes())
    (tmp_path / "bob" / "folder.json").mkdir()
    (tmp_path / "grades.csv").write_text("")
    said: list[str] = []
    assert len(read_results(tmp_path, said.append)) == 2
    assert len(said) == 7
    assert any("convolution.json contains the result of another submission" in sentence for sentence in said)
    assert all("grade again" in sentence for sentence in said)


def test_damage_is_logged_by_default(tmp_path, caplog):
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob/100%s.json").write_text("{")
    assert read_results(tmp_path) == []
    assert "100%s.json cannot be read" in caplog.text


def test_a_missing_folder_has_no_results(tmp_path):
    assert read_results(tmp_path / "graded") == []
