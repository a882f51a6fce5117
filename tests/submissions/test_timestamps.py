"""The time of a submission, from files as people's programs write them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.submissions.timestamps import MAX_TIMESTAMP, TIMESTAMP, parse_time, read_timestamp

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
TEN = datetime(2026, 11, 28, 10, tzinfo=UTC)
TEXT = "2026-11-28 10:00:00 UTC"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reports are kept beside the repository")
@pytest.mark.parametrize("name", ["bom.txt", "utf16.txt"])
def test_the_reported_files(tmp_path, name):
    (tmp_path / TIMESTAMP).write_bytes((SHARED / "reports/nbgrader-timestamp" / name).read_bytes())
    assert read_timestamp(tmp_path) == TEN


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        f"{TEXT}  \r\n\r\n".encode(),
        f"\r\n\r\n{TEXT}\t \0".encode("utf-8-sig").replace(b"\0", b""),
        f"{TEXT}\r\n".encode("utf-8-sig"),
        f"{TEXT}\r\n".encode("utf-16"),
        b"\xfe\xff" + f"{TEXT}\r\n".encode("utf-16-be"),
        f"{TEXT}\r\n".encode("utf-16-le"),
        f"{TEXT}\r\n".encode("utf-16-be"),
        "Samstag, 28. November 2026 10:00:00\r\n\r\n\r\n".encode("utf-16"),  # PowerShell: Get-Date > timestamp.txt
        f"{TEXT}{' ' * 3000}".encode(),
    ],
)
def test_every_encoding_is_read(tmp_path, data):
    (tmp_path / TIMESTAMP).write_bytes(data)
    assert read_timestamp(tmp_path) == TEN


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28 10:00:00.000000 UTC",
        "2026-11-28 10:00",
        "2026-11-28T10:00:00Z",
        "2026-11-28T11:00:00.0000000+01:00",
        "20261128T100000Z",
        "2026-11-28 11:00:00.000000 +0100",
        "2026-11-28 05:00:00 -0500",
        "2026-11-28 11:00:00 CET",
        "2026-11-28 11:00:00 Europe/Berlin",
        "2026-11-28 11:00:00 MEZ",
        "2026/11/28 10:00:00",
        "28.11.2026 10:00:00",
        "28.11.2026, 10:00 Uhr",
        "28. 11. 2026 10:00:00",
        "10:00 28.11.2026",  # Notepad's F5, German
        "10:00 AM 11/28/2026",  # Notepad's F5, American
        "11/28/2026 10:00:00 AM",
        "11/28/2026 10:00:00\u202fAM",
        "28/11/2026 10:00",
        "28-11-2026 10:00:00",
        "28-Nov-2026 10:00:00",
        "Sat 11/28/2026 10:00:00.00",  # cmd: echo %date% %time%
        "28.11.2026 10:00:00,00",
        "Saturday, November 28, 2026 10:00:00 AM",
        "\u200eSaturday\u200e, \u200eNovember\u200e \u200e28\u200e, \u200e2026 \u200f\u200e10:00:00 AM",
        "Samstag, 28. November 2026 10:00:00",
        "samedi 28 novembre 2026 10:00:00",
        "sábado, 28 de noviembre de 2026 10:00:00",
        "sabato 28 novembre 2026 10:00:00",
        "zaterdag 28 november 2026 10:00:00",
        "Sat Nov 28 10:00:00 UTC 2026",
        "Sat Nov 28 11:00:00 CET 2026",
        "Sa 28. Nov 11:00:00 CET 2026",
        "Sat, 28 Nov 2026 10:00:00 +0000",
    ],
)
def test_local_formats_are_read(text):
    assert parse_time(text) == TEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("05.06.2026 10:00:00", "2026-06-05T10:00"),
        ("05/06/2026 10:00:00 PM", "2026-05-06T22:00"),
        ("12:30 AM 5/6/2026", "2026-05-06T00:30"),
        ("Dienstag, 3. März 2026 12:05:00", "2026-03-03T12:05"),
        ("mar. 1er déc. 2026 12:05", "2026-12-01T12:05"),
        ("mardi 4 août 2026 12:05", "2026-08-04T12:05"),
        ("2026-11-28", "2026-11-28T00:00"),
        ("2026-11-28 10:00:00.25 UTC", "2026-11-28T10:00:00.250000"),
    ],
)
def test_days_and_months_are_told_apart(text, expected):
    assert parse_time(text) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "10:00", "2026", "31.02.2026 10:00", "28.11.2026 25:00", "0001-01-01T00:00:00+23:00", "x" * 9],
)
def test_what_is_no_time_is_none(tmp_path, text):
    (tmp_path / TIMESTAMP).write_text(text, "utf-8")
    assert read_timestamp(tmp_path) is None


def test_only_a_small_plain_file_is_opened(tmp_path):
    assert read_timestamp(tmp_path) is None
    path = tmp_path / TIMESTAMP
    path.write_text(TEXT + " " * MAX_TIMESTAMP)
    assert read_timestamp(tmp_path) is None
    path.unlink()
    (tmp_path / "time").write_text(TEXT)
    path.symlink_to(tmp_path / "time")
    assert read_timestamp(tmp_path) is None
    path.unlink()
    os.mkfifo(path)
    assert read_timestamp(tmp_path) is None


@given(st.text(alphabet="0123456789:./-+, \tAPMUTCNov/é\0", max_size=60) | st.text())
def test_any_text_is_a_time_or_none(text):
    when = parse_time(text)
    assert when is None or when.utcoffset() == timedelta(0)
