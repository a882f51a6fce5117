"""Which files `make package` misses or refuses in a source distribution and a wheel."""

import io
import subprocess
import tarfile

import pytest

from autograder.files import write_zip
from tests.conftest import require
from tools import package
from tools.package import FILES, copy_of_source, files_of, problems_of

PACKAGE = {"autograder/__init__.py", "autograder/py.typed"}
SDIST = PACKAGE | FILES | {"medical_image_autograder.egg-info/PKG-INFO"}
WHEEL = PACKAGE | {"medical_image_autograder-0.1.0.dist-info/METADATA"}


def test_nothing_is_wrong():
    assert problems_of(SDIST, WHEEL, PACKAGE) == []


@pytest.mark.parametrize(
    "name", ["tests/submissions/test_read.py", "solutions/cnn.py", "requirements.lock", "autograders/x.py", "a.dist/x"]
)
def test_the_course_is_in_neither(name):
    assert problems_of(SDIST | {name}, WHEEL, PACKAGE) == [f"the source distribution must not hold: {name}"]
    assert problems_of(SDIST, WHEEL | {name}, PACKAGE) == [f"the wheel must not hold: {name}"]


def test_all_of_the_package_is_in_both():
    missing = {"autograder/py.typed"}
    assert problems_of(SDIST - missing, WHEEL - missing, PACKAGE) == [
        "the source distribution lacks: autograder/py.typed",
        "the wheel lacks: autograder/py.typed",
    ]


def test_ignored_and_deleted_files_are_not_copied(tmp_path, monkeypatch):
    require("git", "git")
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setattr(package, "ROOT", root)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for name in ("deleted", "ignored", "new", "known"):
        (root / name).write_text(name)
    (root / ".gitignore").write_text("ignored\n")
    subprocess.run(["git", "add", "deleted", "known"], cwd=root, check=True)
    (root / "deleted").unlink()
    assert {path.name for path in copy_of_source(tmp_path / "copy").iterdir()} == {".gitignore", "known", "new"}


def write_sdist(path, names):
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"top-0.1.0/{name}"), io.BytesIO())


def test_files_of_a_source_distribution_are_named_without_its_top_folder(tmp_path):
    write_sdist(tmp_path / "a.tar.gz", SDIST)
    assert files_of(tmp_path / "a.tar.gz") == SDIST


@pytest.mark.parametrize("direct", [b"", b"other"])
def test_a_wheel_must_not_depend_on_where_it_is_built(tmp_path, direct):
    """The programs are those of a scratch environment; here, the distributions are written instead."""
    made = tmp_path / "made"
    for name in PACKAGE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    class Programs:
        def must(self, *command, **_options):
            content = dict.fromkeys(WHEEL, b"")
            if "--wheel" in command:
                write_zip(made / "direct/a.whl", content | {"autograder/py.typed": direct})
            else:
                write_zip(made / "a.whl", content)
                write_sdist(made / "a.tar.gz", SDIST)

    if not direct:
        assert package.build(tmp_path, made, Programs()) == (made / "a.whl", made / "a.tar.gz")
        return
    with pytest.raises(SystemExit, match="differs from the one built from the working tree"):
        package.build(tmp_path, made, Programs())
