"""Rosters that were opened in a spreadsheet, which rounds long numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.errors import FileError
from autograder.lms.roster import Roster, read_roster


def roster_of(folder: Path, text: str) -> Roster:
    (folder / "roster.csv").write_text(text, "utf-8")
    return read_roster(folder / "roster.csv")


ROUNDED = [
    ("Student,ID,SIS User ID,SIS Login ID,Section\nAda,{},s1,ada,A\n", "ID"),
    ("Student,ID,SIS User ID,SIS Login ID,Section\nAda,1001,{},ada,A\n", "SIS User ID"),
    ("First name,Last name,ID number,Email address\nAda,Lovelace,{},ada@x\n", "ID number"),
    ("Identifier,Full name,Email address,Grade\n{},Ada,ada@x,\n", "Identifier"),
    ("Name,SID,Email\nAda,{},ada@x\n", "SID"),
]


@pytest.mark.parametrize("number", ['"1,002E+11"', "1.002E+11", "1.002e+11", "1E+11", " '1.002E+11"])
@pytest.mark.parametrize(("text", "column"), ROUNDED)
def test_ids_that_a_spreadsheet_rounded_are_refused_with_the_cure(tmp_path, text, column, number):
    with pytest.raises(
        FileError, match=rf"column {column}: .*(?i:E)\+11.*without opening it in a spreadsheet"
    ) as refused:
        roster_of(tmp_path, text.format(number))
    assert "roster.csv" in str(refused.value)


@pytest.mark.parametrize("number", ["12e45", "1E11", "E+11", "ada+e11@x"])
def test_logins_that_only_resemble_a_rounded_number_are_read(tmp_path, number):
    assert roster_of(tmp_path, f"Username,Full name\n{number},Ada\n").people[0].login == number
