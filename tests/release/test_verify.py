"""A release that was touched is told, and so is one that nobody who may has signed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course.manifest import Manifest, path_of
from autograder.errors import CourseError
from autograder.files import write_zip
from autograder.release.comparison import digests_of, sign, signature_of, signer_of
from tests.conftest import require

VERSION = "2026.1"


@pytest.fixture
def released(tiny_course) -> Path:
    """A course with a release of one zip."""
    folder = tiny_course / "release" / VERSION
    write_zip(folder / "student.zip", {"a.txt": b"a", "b.txt": b"b"})
    manifest = Manifest(VERSION, "good-manners", "c0ffee", "3.11", {}, {}, {}, digests_of(folder))
    path_of(tiny_course, VERSION).write_bytes(manifest.to_bytes())
    return tiny_course


def verify(root: Path, *options: str):
    return CliRunner().invoke(main, ["verify", VERSION, *options, "--course", str(root)])


def test_an_unchanged_release_is_verified(released):
    done = verify(released)
    assert (done.exit_code, done.output) == (
        0,
        "release/2026.1 matches its manifest: 1 files, built from commit c0ffee.\n",
    )


def change_member(folder: Path) -> None:
    write_zip(folder / "student.zip", {"a.txt": b"a", "b.txt": b"other"})


def damage_member(folder: Path) -> None:
    path = folder / "student.zip"
    path.write_bytes(path.read_bytes().replace(b"b.txtb", b"b.txt?"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (damage_member, ["student.zip was changed", "student.zip!b.txt is missing"]),
        (change_member, ["student.zip was changed", "student.zip!b.txt was changed"]),
        (lambda folder: (folder / "student.zip").unlink(), ["student.zip is missing"]),
        (lambda folder: (folder / "more.txt").write_text(""), ["more.txt is not part of the release"]),
        (shutil.rmtree, ["student.zip is missing"]),
    ],
)
def test_what_was_changed_is_named(released, change, said):
    change(released / "release" / VERSION)
    done = verify(released)
    assert done.exit_code == 1
    assert set(said) <= set(done.output.splitlines())
    assert "Build it again from commit c0ffee." in done.output
    told = json.loads(verify(released, "--json").stdout)
    assert set(said) <= set(told["problems"])
    assert (told["commit"], told["signed_by"]) == ("c0ffee", None)


@pytest.fixture
def key(tmp_path):
    """Return a function that makes a key, and an entry of allowed signers for it."""
    require("ssh-keygen", "openssh-client")

    def make(name: str) -> tuple[Path, str]:
        path = tmp_path / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        return path, f'{name}@example.org namespaces="autograder-release" {path.with_suffix(".pub").read_text()}'

    return make


def test_only_allowed_signers_count(released, key, tmp_path):
    path, allowed = path_of(released, VERSION), tmp_path / "allowed"
    teacher, entry = key("teacher")
    _, other = key("other")
    allowed.write_text(other + entry)
    sign(path, teacher)
    done = verify(released, "--signers", str(allowed))
    assert done.exit_code == 0, done.output
    assert "Signed by teacher@example.org." in done.output
    told = json.loads(verify(released, "--signers", str(allowed), "--json").stdout)
    assert (told["problems"], told["signed_by"]) == ([], "teacher@example.org")
    allowed.write_text(other)
    done = verify(released, "--signers", str(allowed))
    assert done.exit_code == 1
    assert "was not made by anyone listed in" in done.output
    unsigned = verify(released, "--signers", str(allowed), "--json")
    assert unsigned.exit_code == 1
    assert "was not made by anyone listed in" in json.loads(unsigned.stdout)["problems"][0]


def test_a_signature_does_not_cover_a_changed_manifest(released, key, tmp_path):
    path, allowed = path_of(released, VERSION), tmp_path / "allowed"
    teacher, entry = key("teacher")
    allowed.write_text(entry)
    sign(path, teacher)
    path.write_bytes(path.read_bytes().replace(b"c0ffee", b"c0ffef"))
    with pytest.raises(CourseError, match=r"does not match the present 2026\.1\.json"):
        signer_of(path, allowed)
    signature_of(path).unlink()
    with pytest.raises(CourseError, match="is not signed"):
        signer_of(path, allowed)


def test_without_ssh_keygen_the_error_says_what_to_install(released, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CourseError, match=r"is not installed.* apt install openssh-client"):
        sign(path_of(released, VERSION), tmp_path / "key")


def test_an_invalid_key_is_reported(released, tmp_path):
    require("ssh-keygen", "openssh-client")
    (tmp_path / "key").write_text("no key")
    with pytest.raises(CourseError, match="could not be signed"):
        sign(path_of(released, VERSION), tmp_path / "key")
