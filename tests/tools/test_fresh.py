"""`make fresh` runs the commands of the README."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

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
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("TORCH_INDEX", "https://wheels.example.org/cpu")
    environment = fresh.settings(root)
    assert environment["PIP_DEFAULT_TIMEOUT"] == "7"
    assert environment["TORCH_INDEX"] == "https://wheels.example.org/cpu"
    assert "PIP_FIND_LINKS" not in environment
    assert "SSL_CERT_FILE" not in environment
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


def test_a_command_runs_as_who_may_and_its_end_is_recorded(monkeypatch, tmp_path):
    started = []

    def start(_root, who, folder, line, _environment):
        started.append((who, folder, line))
        said = ["3 passed, 1 skipped in 2.0s\n", "Done.\n", "hint: more\n", "\n"]
        return SimpleNamespace(stdout=iter(said), wait=lambda: 3)

    monkeypatch.setattr(fresh, "start", start)
    steps = [fresh.Step(fresh.PEOPLE[1], line) for line in ("sudo apt install git", "git clone ADDRESS course")]
    for step in steps:
        fresh.run(tmp_path, step, "/home/student", {})
    assert started == [
        ("root", "/", "yes | { apt install git; }"),
        ("student", "/home/student", "yes | { git clone /course.bundle course; }"),
    ]
    assert {(step.status, step.last_words) for step in steps} == {(3, "3 passed, 1 skipped in 2.0s")}


@pytest.mark.parametrize("failing", ["make demo", None])
def test_a_person_goes_on_until_a_command_fails(monkeypatch, tmp_path, failing):
    places = {}

    def run(_root, step, folder, _environment):
        step.status = int(step.line == failing)
        places[step.person.name, step.line] = folder

    for name in ("require_tools", "own"):
        monkeypatch.setattr(fresh, name, lambda *_arguments: None)
    monkeypatch.setattr(fresh, "make_system", lambda _suite, scratch: scratch)
    monkeypatch.setattr(fresh, "settings", lambda _root: {})
    monkeypatch.setattr(fresh, "sizes", lambda _root, person, *_more: fresh.Step(person, "sizes"))
    monkeypatch.setattr(fresh, "run", run)
    steps = fresh.try_out("trixie", tmp_path, list(fresh.PEOPLE))
    first = [step.line for step in steps if step.person.name == "root"]
    rest = ["make demo", "sizes"] if failing else ["make demo", "make test", fresh.RELEASE, "sizes"]
    assert first[2:] == rest
    assert [step.line for step in steps] == first * 2
    assert places["student", "make demo"] == f"{fresh.PEOPLE[1].folder}/course"


def test_a_failed_step_is_told_from_one_that_is_done(capsys):
    fresh.print_steps("trixie", [fresh.Step(fresh.PEOPLE[0], line, status) for line, status in (("a", 0), ("b", 2))])
    _, _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["root", "done", "0", "s", "a"], ["root", "failed", "0", "s", "b"]]


def test_pips_cache_belongs_to_who_uses_it(monkeypatch, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:\nstudent:x:1000:1001::/home/student:\n")
    (tmp_path / "cache/http").mkdir(parents=True)
    owned = {}
    monkeypatch.setattr(fresh.os, "chown", lambda path, user, group: owned.update({path.name: (user, group)}))
    fresh.own(tmp_path / "cache", fresh.PEOPLE[1], tmp_path)
    assert owned == {"cache": (1000, 1001), "http": (1000, 1001)}
