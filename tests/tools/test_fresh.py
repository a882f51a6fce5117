"""`make fresh` runs the commands of the README."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools import fresh

ROOT = Path(__file__).resolve().parents[2]


def test_the_commands_are_those_of_the_readme():
    commands = fresh.commands((ROOT / "README.md").read_text("utf-8"))
    assert commands[0].startswith("sudo apt update && sudo apt install git ")
    assert commands[1:] == ["git clone ADDRESS course", "cd course", "make demo", "make test"]


def test_comments_and_other_sections_are_not_commands():
    page = "## A\n```sh\nrm -rf /\n```\n## Try it\ntext\n```sh\nmake demo   # try it\n```\n```python\n1\n```\n## B\n"
    assert fresh.commands(page) == ["make demo"]


def test_settings_for_pip_hold_inside_and_certificates_come_along(tmp_path, monkeypatch):
    certificate = tmp_path / "ca.pem"
    certificate.write_text("a certificate")
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for name in list(os.environ):
        if fresh.PASSED_ON.fullmatch(name) or fresh.CERTIFICATES.fullmatch(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "7")
    monkeypatch.setenv("PIP_FIND_LINKS", "/a/folder/of/this/machine")
    monkeypatch.setenv("PIP_CERT", str(certificate))
    monkeypatch.setenv("TORCH_INDEX", "https://wheels.example.org/cpu")
    environment = fresh.settings(root)
    assert environment["PIP_DEFAULT_TIMEOUT"] == "7"
    assert environment["TORCH_INDEX"] == "https://wheels.example.org/cpu"
    assert "PIP_FIND_LINKS" not in environment
    inside = environment["PIP_CERT"]
    assert (root / inside.lstrip("/")).read_text() == "a certificate"


def test_it_needs_root(monkeypatch):
    monkeypatch.setattr(fresh.os, "getuid", lambda: 1000)
    with pytest.raises(fresh.Problem, match="run it as root, on Linux"):
        fresh.require_tools()


def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setattr(fresh.os, "getuid", lambda: 0)
    monkeypatch.setattr(fresh.shutil, "which", lambda name: None if name == "debootstrap" else f"/bin/{name}")
    with pytest.raises(fresh.Problem, match=r"Not installed: debootstrap\. On Debian: apt install debootstrap"):
        fresh.require_tools()
