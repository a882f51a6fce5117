"""The container images: what is copied into them, which user runs, and that the development container matches."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEVCONTAINER = ROOT / ".devcontainer" / "devcontainer.json"


def stages():
    """Return the instructions of each stage of the Dockerfile, as (name of the instruction, the rest)."""
    text = "\n".join(
        line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not re.match(r"\s*#", line)
    )
    found, current = {}, ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            base, _, current = rest.partition(" AS ")
            found[current] = list(found.get(base, []))
        elif name and current:
            found[current].append((name, rest.strip()))
    return found


def values(stage, instruction):
    return [rest for name, rest in stages()[stage] if name == instruction]


def devcontainer():
    return json.loads(DEVCONTAINER.read_text("utf-8"))


def test_the_last_stage_is_the_grader():
    assert list(stages())[-1] == "staff"
    assert values("staff", "ENTRYPOINT") == ['["autograder"]']


@pytest.mark.parametrize("stage", ["staff", "dev"])
def test_an_ordinary_user_runs_in_the_course(stage):
    user, folder = values(stage, "USER")[-1], values(stage, "WORKDIR")[-1]
    assert folder == "/course"
    assert any(f"useradd --create-home --uid 1000 --shell /bin/bash {user}" in rest for rest in values(stage, "RUN"))


def test_dockerignore_lets_through_exactly_what_is_copied():
    copied = {source for stage in stages() for rest in values(stage, "COPY") for source in shlex.split(rest)[:-1]}
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines[lines.index("*") + 1 :] == [*(f"!{name}" for name in sorted(copied)), "**/__pycache__"]
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert copied <= {name.split("/")[0] for name in tracked}


def test_a_change_of_the_package_keeps_the_layers_of_its_dependencies():
    instructions = stages()["staff"]
    packages = [place for place, (name, rest) in enumerate(instructions) if name == "RUN" and "pip install" in rest]
    torch = next(place for place in packages if "torch torchvision" in instructions[place][1])
    copied = [rest for name, rest in instructions[:torch] if name == "COPY"]
    assert copied == ["requirements.lock ./"]
    copied = [rest for name, rest in instructions[: packages[1]] if name == "COPY"]
    assert copied == ["requirements.lock ./", "pyproject.toml setup.py ./"]
    assert "--no-deps" in instructions[packages[-1]][1]


def test_the_development_container_uses_an_existing_stage():
    build = devcontainer()["build"]
    assert (DEVCONTAINER.parent / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (DEVCONTAINER.parent / build["context"]).resolve() == ROOT
    assert build["target"] in stages()
    declared = {rest.partition("=")[0] for rest in values(build["target"], "ARG")}
    assert set(build["args"]) <= declared


def test_the_development_container_uses_the_images_user_and_environment():
    configured = devcontainer()
    target = configured["build"]["target"]
    assert configured["remoteUser"] == values(target, "USER")[-1]
    environment = dict(pair.split("=", 1) for rest in values(target, "ENV") for pair in shlex.split(rest))
    interpreter = configured["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter == f"{environment['VENV']}/bin/python"
    command = configured["postCreateCommand"].replace('"$VENV"', environment["VENV"])
    shown = subprocess.run(
        ["sh", "-c", f"exec {command} --dry-run --always-make"],
        cwd=ROOT,
        env=environment | {"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert f"touch {environment['VENV']}/.installed-staff" in shown.stdout, shown.stderr


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["packages", "staff"])
def test_the_copied_files_suffice_to_build_the_package(stage, tmp_path):
    """In the first stage, an empty package and empty pages replace the real ones."""
    pytest.importorskip("setuptools", minversion="77", reason="setuptools, which builds the package, is not installed")
    for rest in values(stage, "COPY"):
        *sources, target = shlex.split(rest)
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, tmp_path / target)
    if stage == "packages":
        (stand_in,) = re.findall(r"mkdir autograder && touch \S+ \S+ \S+", dict(stages()["packages"])["RUN"])
        subprocess.run(["sh", "-c", stand_in], cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "made", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "made").glob("medical_image_autograder-*.whl"))
