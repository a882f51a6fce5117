"""Read when a submission was handed in, from the ``timestamp.txt`` beside it, whatever program wrote that file.

nbgrader's exchange writes ``2026-11-28 10:00:00.000000 UTC`` in ASCII. Notepad adds a byte order mark, PowerShell
writes UTF-16, and both write dates in the language of the computer. A time without a zone is in UTC, as in nbgrader.
Where two readings are possible, the day comes first before a dot or a dash, and the month before a slash.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

TIMESTAMP = "timestamp.txt"

MAX_TIMESTAMP = 4096
"""The largest file that is read, in bytes."""

_TIME = re.compile(
    r"(?<![\d.:/,-])(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?![\d.:])(?: ?(?P<half>[ap])\.? ?m\b\.?)?",
    re.IGNORECASE,
)
_ZONE = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)|(?P<name>[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*)")
_ZONES = {"CEST": 2, "MEZ": 1, "MESZ": 2, "BST": 1, "EDT": -4, "CST": -6, "CDT": -5, "PDT": -7, "PST": -8}
"""Zones that are not in the time zone database under this name: hours ahead of UTC."""

_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<mark>[./-]) ?(?P<month>\d{1,2})(?P=mark) ?(?P<day>\d{1,2})\.?")
_YEAR_LAST = re.compile(r"(?P<day>\d{1,2})(?P<mark>[./-]) ?(?P<month>\d{1,2})(?P=mark) ?(?P<year>\d{4})")
_DAY_NAMED = re.compile(
    r"(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er)?(?: de)?[ -](?P<word>[^\W\d]+)\.?(?: de)?,?[ -](?P<year>\d{4})"
)
_NAMED_DAY = re.compile(r"(?P<word>[^\W\d]+)\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})")

# How months begin in English, German, French, Spanish, Italian and Dutch, without accents.
_MONTHS = (
    *("jan|jae|ene|gen", "feb|fev", "mar|mrz|maa|mae|mrt", "apr|avr|abr", "may|mai|mag|mei", "jun|juin|giu"),
    *("jul|juil|lug", "aug|aou|ago", "sep|set", "oct|okt|ott", "nov", "dec|dez|dic"),
)


def read_timestamp(folder: Path) -> datetime | None:
    """Return the time of a submission in UTC, or None if there is no ``timestamp.txt`` or it cannot be read."""
    path = folder / TIMESTAMP
    try:
        # A student may have handed in a file of this name: no link and nothing large is opened.
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_TIMESTAMP:
            return None
        return parse_time(_decoded(path.read_bytes()))
    except OSError:
        return None


def parse_time(text: str) -> datetime | None:
    """Return the time that a text means, in UTC, or None."""
    # Without accents, and without the marks for the direction of writing that Windows puts into dates.
    spelled = unicodedata.normalize("NFKD", text)
    text = " ".join("".join(c for c in spelled if unicodedata.category(c) not in ("Cf", "Mn")).split())
    try:
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            return _in_words(text)
        return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data:  # UTF-16 without its mark: the zero bytes of ASCII are second, or else first
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _in_words(text: str) -> datetime | None:
    for pattern in (_YEAR_FIRST, _YEAR_LAST, _DAY_NAMED, _NAMED_DAY):
        # The date is searched without the time and its zone, which may be in its middle: Sat Nov 28 10:00:00 CET 2026
        for time in _TIME.finditer(text):
            before, after = text[: time.start()].rstrip(" ,T"), text[time.end() :].strip()
            zone, rest = _zone(after)
            if found := pattern.search(f"{before} {rest}".strip()):
                return _combined(found, time, zone)
    return None


def _zone(after: str) -> tuple[tzinfo, str]:
    """Return the time zone at the beginning of a text, UTC if there is none, and the text behind it."""
    word, _, rest = after.partition(" ")
    found = _ZONE.fullmatch(word)
    if found is None:
        return UTC, after
    if found["sign"]:
        ahead = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
        return timezone(-ahead if found["sign"] == "-" else ahead), rest
    name = found["name"]
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name])), rest
    try:
        return (UTC if name == "Z" else ZoneInfo(name)), rest
    except (ValueError, OSError, KeyError):  # not a zone: the German "Uhr", a month
        return UTC, after


def _combined(date: re.Match[str], time: re.Match[str], zone: tzinfo) -> datetime | None:
    fields = date.groupdict()
    day, month = int(fields["day"]), _month(fields)
    if month is None:
        return None
    if date.re is _YEAR_LAST:
        month_first = fields["mark"] == "/"
        if (day if month_first else month) > 12:  # the other reading is the only one
            month_first = not month_first
        day, month = (month, day) if month_first else (day, month)
    hour = int(time["hour"])
    if time["half"]:
        hour = hour % 12 + (12 if time["half"].casefold() == "p" else 0)
    part = int((time["part"] or "0")[:6].ljust(6, "0"))
    minute, second = int(time["minute"]), int(time["second"] or 0)
    return datetime(int(fields["year"]), month, day, hour, minute, second, part, zone).astimezone(UTC)


def _month(fields: dict[str, str]) -> int | None:
    if "month" in fields:
        return int(fields["month"])
    word = fields["word"].casefold()
    return next((number for number, names in enumerate(_MONTHS, 1) if word.startswith(tuple(names.split("|")))), None)
