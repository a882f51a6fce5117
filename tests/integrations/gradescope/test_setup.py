"""The Python that ``setup.sh`` chooses, tested with fake ones, and the quality of the script."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from autograder.release.notebooks import TEMPLATES
from autograder.release.platform_bundles import BROUGHT_ALONG, setup_script
from autograder.runtime import versions

BASH = shutil.which("bash")
VERSIONS = versions.TESTED
OLD, NEW = "3.10", f"3.{int(VERSIONS[-1].partition('.')[2]) + 1}"

FAKE = """\
#!{python}
import sys
sys.version_info = {version_info}
sys.executable = {executable!r}
sys.modules.update({modules})
code, sys.argv = sys.argv[2], ["-c", *sys.argv[3:]]
exec(code)
"""


@pytest.fixture
def image(tmp_path):
    """Return a function that puts a fake Python on the PATH, and one that returns the choice of `choose_python`."""
    programs = tmp_path / "programs"
    programs.mkdir()

    def put(name, version, *, level="final", executable="/usr/bin/env", without=()):
        major, minor = map(int, version.split("."))
        fake = programs / name
        fake.write_text(
            FAKE.format(
                python=sys.executable,
                version_info=(major, minor, 1, level, 0),
                executable=str(executable),
                modules=dict.fromkeys(without),
            )
        )
        fake.chmod(0o755)

    def chosen():
        function = re.search(r"^choose_python\(\) \{.*?^\}$", setup_script(), re.M | re.S)
        assert function
        script = f"set -euo pipefail\n{function[0]}\nchoose_python"
        done = subprocess.run([BASH, "-c", script], env={"PATH": str(programs)}, capture_output=True, text=True)
        assert done.stderr == ""
        assert bool(done.returncode) == (done.stdout == "")
        return done.stdout.strip().removeprefix(f"{programs}/")

    return put, chosen


@pytest.mark.parametrize("version", VERSIONS)
def test_the_images_python_is_used_if_it_is_supported(image, version):
    put, chosen = image
    put("python3", version)
    put(f"python{VERSIONS[0]}", VERSIONS[0])
    assert chosen() == "python3"


@pytest.mark.parametrize("version", [OLD, NEW, "2.7"])
def test_another_one_is_looked_for_by_its_version(image, version):
    put, chosen = image
    put("python3", version)
    assert chosen() == ""
    put(f"python{VERSIONS[-1]}", VERSIONS[-1])
    assert chosen() == f"python{VERSIONS[-1]}"
    put(f"python{VERSIONS[0]}", VERSIONS[0])
    assert chosen() == f"python{VERSIONS[0]}"


def test_no_python_at_all(image):
    _, chosen = image
    assert chosen() == ""


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_one_that_cannot_make_an_environment_is_skipped(image, module):
    put, chosen = image
    put("python3", VERSIONS[0], without=[module])
    assert chosen() == ""


def test_one_that_is_not_final_is_skipped(image):
    put, chosen = image
    put("python3", VERSIONS[0], level="candidate")
    assert chosen() == ""


def test_one_that_other_users_cannot_reach_is_skipped(image, tmp_path):
    put, chosen = image
    closed = tmp_path / "root" / "miniconda"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    put("python3", VERSIONS[0], executable=closed / "python3")
    assert chosen() == ""


def test_a_downloaded_python_is_supported():
    assert BROUGHT_ALONG in VERSIONS


def test_every_version_is_filled_in():
    assert not re.search("@[A-Z]", setup_script())


RUN = (TEMPLATES / "gradescope" / "run_autograder").read_text()


@pytest.mark.parametrize("script", [setup_script(), RUN], ids=["setup.sh", "run_autograder"])
def test_shellcheck_has_nothing_to_say(script):
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "-"], input=script, capture_output=True, text=True)
    assert done.stdout == ""
