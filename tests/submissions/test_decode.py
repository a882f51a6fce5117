"""Files that are no notebooks in UTF-8: they are read, or the message names the cause and the cure."""

from __future__ import annotations

import codecs
import json

import pytest

from autograder.submissions.decode import Unreadable
from autograder.submissions.read import read_document

NOTEBOOK = json.dumps(
    {"cells": [{"cell_type": "code", "source": "name = 'Müller'"}, {"cell_type": "code", "source": "y = 1"}]},
    ensure_ascii=False,
    indent=1,
)
MODULE = "# Grüße\nname = 'Müller'\n"


def sources(path):
    return [cell.source for cell in read_document(path).cells]


@pytest.mark.parametrize(
    "data",
    [
        NOTEBOOK.encode(),
        NOTEBOOK.encode("utf-8-sig"),
        NOTEBOOK.encode("utf-16"),
        codecs.BOM_UTF16_BE + NOTEBOOK.encode("utf-16-be"),
        NOTEBOOK.encode("utf-16-le"),
        NOTEBOOK.encode("utf-16-be"),
        NOTEBOOK.encode("utf-32"),
        NOTEBOOK.encode("latin-1"),
    ],
)
def test_a_notebook_is_read_in_any_encoding_that_editors_write(tmp_path, data):
    path = tmp_path / "a.ipynb"
    path.write_bytes(data)
    assert sources(path) == ["name = 'Müller'", "y = 1"]


@pytest.mark.parametrize(
    "data",
    [
        MODULE.encode("utf-16"),
        MODULE.encode("latin-1"),
        *(f"# -*- coding: {name} -*-\n{MODULE}".encode(name) for name in ("latin-1", "ISO-8859-15", "cp1252")),
        f"#!/usr/bin/env python\n# vim: set fileencoding=latin_1 :\n{MODULE}".encode("latin-1"),
        f"# coding: idna\n{MODULE}".encode(),
        f"# coding: no-such-codec\n{MODULE}".encode("latin-1"),
    ],
)
def test_a_module_is_read_in_any_encoding_that_editors_write(tmp_path, data):
    path = tmp_path / "a.py"
    path.write_bytes(data)
    assert sources(path)[0].endswith("name = 'Müller'")


def test_windows_writes_more_than_latin_1(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes("price = '5 €'".encode("cp1252"))
    assert sources(path) == ["price = '5 €'"]


MERGE = NOTEBOOK.replace(' "cells"', '<<<<<<< HEAD\n "x": 1,\n=======\n "x": 2,\n>>>>>>> a1b2c3\n "cells"')


@pytest.mark.parametrize(
    ("name", "data", "cause", "cure"),
    [
        ("a.ipynb", MERGE.encode(), "marks of an unfinished Git merge (<<<<<<<)", "Keep one version"),
        (
            "a.ipynb",
            f"<<<<<<< HEAD\n{NOTEBOOK}\n=======\n{NOTEBOOK}\n>>>>>>> b\n".encode(),
            "Git merge",
            "delete the marks",
        ),
        ("a.ipynb", NOTEBOOK[:-30].encode(), "ends in the middle (line", "Save the notebook in Jupyter"),
        ("a.ipynb", NOTEBOOK[:-2].encode(), "ends in the middle (line", "hand it in again"),
        ("a.ipynb", NOTEBOOK[:60].encode(), "ends in the middle (line", "hand it in again"),
        ("a.ipynb", b"<!DOCTYPE html>\n<html></html>", "a web page (HTML)", "Download the .ipynb file itself"),
        ("a.py", b"\n<html>", "a web page (HTML)", "Download the .ipynb file itself"),
        ("a.ipynb", b"%PDF-1.7\n\xe2\xe3", "a PDF", "Hand in the .ipynb file."),
        ("a.py", b"PK\x03\x04\xff\xff", "an archive (zip)", "Hand in the .ipynb file."),
        ("a.ipynb", b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS", "Hand in the .ipynb file."),
        ("a.ipynb", b"", "empty", "Save the notebook"),
        ("a.ipynb", b" \n", "empty", "Save the notebook"),
        ("a.ipynb", bytes(64), "empty", "Save the notebook"),
        ("a.ipynb", codecs.BOM_UTF16_LE, "empty", "Save the notebook"),
        ("a.ipynb", codecs.BOM_UTF16_LE + b"{\0\0\xd8", "begins like text in UTF-16", "Save it as UTF-8"),
        ("a.ipynb", codecs.BOM_UTF8 + b"{\xff", "begins like text in UTF-8", "Save it as UTF-8"),
        ("a.ipynb", b"\x89\xff\x00\x01", "not text in UTF-8", "Hand in the .ipynb file."),
        ("a.py", b"\x7fELF\x02\x01\x01\x00\xff", "not text in UTF-8", "Hand in the .ipynb file."),
        ("a.py", b"import marimo\n\napp = marimo.App()\n", "a marimo notebook", "export it as .ipynb"),
        ("a.py", b"import marimo\n\napp = marimo.App(width='full')\n", "marimo", "marimo export ipynb a.py -o a.ipynb"),
    ],
)
def test_what_cannot_be_read_names_the_cause_and_the_cure(tmp_path, name, data, cause, cure):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Unreadable) as error:
        read_document(path)
    assert cause in str(error.value)
    assert cure in str(error.value)
    assert len(str(error.value)) <= 200  # one line in the terminal


def test_links_and_folders_are_not_followed(tmp_path):
    (tmp_path / "real.ipynb").write_text(NOTEBOOK)
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    for name in ("link", "folder"):
        with pytest.raises(Unreadable, match=f"This is a {name}, not a file. Hand in the notebook itself."):
            read_document(tmp_path / f"{name}.ipynb")


def test_a_module_that_only_mentions_marimo_is_read(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("# not for marimo\nx = 1\n")
    assert sources(path) == ["# not for marimo\nx = 1"]
