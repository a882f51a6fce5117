"""Small downloads in the platforms' formats."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path


def notebook(text: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": text}]}).encode()


def zipped(members: Mapping[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(name, content)
    return data.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes] | list[tuple[str, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(members))
    return path


def gradescope_metadata(**students: list[tuple[str, str, str]] | tuple[str, list[tuple[str, str, str]]]) -> bytes:
    """``submission_1=("2026-11-20 15:04:05.5 Z", [("Ada Lovelace", "555", "ada@example.edu")])``"""
    lines = []
    for folder, (when, people) in students.items():
        lines += [f"{folder}:", "  :submitters:"]
        for name, number, email in people:
            lines += [f"  - :name: {json.dumps(name)}", f"    :sid: '{number}'", f"    :email: {email}"]
        lines += [f"  :created_at: {when}", "  :score: 3.0", "  :results: !ruby/object:Hash", "    tests: []"]
    return "\n".join(["---", *lines, ""]).encode()
