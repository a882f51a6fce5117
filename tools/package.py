"""Build the package as PyPI would get it, inspect it, and use it in an empty environment.

The source distribution and the wheel are built from a copy of the files that git tracks or would add, so that no
ignored file gets in. They are copied to dist/ once everything has passed. Nothing is uploaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

from tools.scratch import ROOT, Environment

PROGRAMS = ("build>=1.2,<2", "twine>=6,<8", "cffconvert>=2,<3", "trove-classifiers")
TOP_LEVEL = {"autograder", "medical_image_autograder.egg-info"}
FILES = {"CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md"}
FILES |= {"pyproject.toml", "setup.cfg", "setup.py"}

CHECKED = """
from autograder import check

def add(numbers):
    return sum(numbers)

table = check("add")
print(table)
assert table.result.score == table.result.max_score > 0
"""

CLASSIFIERS = (
    "import sys, trove_classifiers; print(*sorted({*sys.argv[1:]} - trove_classifiers.classifiers), sep='\\n')"
)


def copy_of_source(folder: Path) -> Path:
    """Copy the files of the working tree, except those that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():  # git also lists files whose deletion is not committed yet
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def content_of(wheel: Path) -> dict[str, bytes]:
    """Return the files in a wheel: name → content."""
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def files_of(sdist: Path) -> set[str]:
    """Return the names of the files in a source distribution, relative to its top folder."""
    with tarfile.open(sdist) as opened:
        return {name.partition("/")[2] for name in (member.name for member in opened if member.isfile())}


def problems_of(sdist: set[str], wheel: set[str], package: set[str]) -> list[str]:
    """Return which files are missing from a source distribution and a wheel, and which must not be in them.

    ``package`` are the files of the package in the working tree. Both must hold all of them; the wheel nothing else
    except its metadata, the source distribution nothing of the course.
    """
    foreign = {name for name in sdist if name not in FILES and name.partition("/")[0] not in TOP_LEVEL}
    own = {name for name in wheel if ".dist-info/" not in name}
    wrong = {
        "the source distribution lacks": package - sdist,
        "the source distribution must not hold": foreign,
        "the wheel lacks": package - wheel,
        "the wheel must not hold": own - package,
    }
    return [f"{what}: {', '.join(sorted(names))}" for what, names in wrong.items() if names]


def build(source: Path, made: Path, programs: Environment) -> tuple[Path, Path]:
    """Build both distributions and check their files; return the wheel and the source distribution."""
    programs.must("python", "-m", "build", "--outdir", made, cwd=source)
    programs.must("python", "-m", "build", "--wheel", "--outdir", made / "direct", cwd=source)
    (wheel,), (direct,), (sdist,) = made.glob("*.whl"), (made / "direct").glob("*.whl"), made.glob("*.tar.gz")
    package = {
        path.relative_to(source).as_posix()
        for path in (source / "autograder").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    problems = problems_of(files_of(sdist), set(content_of(wheel)), package)
    if content_of(wheel) != content_of(direct):
        problems.append("the wheel built from the source distribution differs from the one built from the working tree")
    if problems:
        sys.exit("\n".join(problems))
    return wheel, sdist


def check_metadata(source: Path, distributions: tuple[Path, Path], programs: Environment) -> None:
    """Check the metadata with the tools that know what PyPI and citation managers accept."""
    programs.must("twine", "check", "--strict", *distributions)
    programs.must("cffconvert", "--validate", cwd=source)
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    unknown = programs.must("python", "-c", CLASSIFIERS, *project["classifiers"]).strip()
    if unknown:
        sys.exit(f"PyPI does not know these classifiers: {unknown}")


def use(wheel: Path, source: Path, folder: Path) -> None:
    """Install the wheel in an empty environment, as students and then as staff would, and use it."""
    clean = Environment(folder / "clean")
    # Compiling takes longer than unpacking, and most modules are never imported here.
    options = ("--no-compile", "--constraint", source / "requirements.lock")
    desk = folder / "desk"
    shutil.copytree(source / "tests/tiny_course/tests/checks", desk / "checks")
    clean.install(*options, wheel)
    print(clean.must("python", "-c", CHECKED, cwd=desk))
    advice = clean.run("autograder", "--version", cwd=desk)
    if advice.returncode != 1 or "medical-image-autograder[staff]" not in advice.stdout:
        sys.exit(f"Without the extra “staff”, `autograder` should say how to install it, but said:\n{advice.stdout}")

    clean.install(*options, f"{wheel}[staff]")
    print(clean.must("autograder", "--version", cwd=desk))
    # There is no course here, so it reports a problem; only the finding about packages matters.
    findings = json.loads(clean.run("autograder", "doctor", "--json", cwd=desk).stdout)["findings"]
    packages = next(finding for finding in findings if finding["what"] == "packages")
    if not packages["fine"]:
        sys.exit(f"autograder doctor misses packages that the extra “staff” should install: {findings}")
    print(f"autograder doctor: {packages['found']}")


def main() -> None:
    """Build, check, install and use the package; then copy the distributions to dist/."""
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    with tempfile.TemporaryDirectory(prefix="autograder-package-") as name:
        folder = Path(name)
        source = copy_of_source(folder / "source")
        programs = Environment(folder / "programs")
        programs.install(*PROGRAMS)
        made = build(source, folder / "made", programs)
        check_metadata(source, made, programs)
        use(made[0], source, folder)
        (ROOT / "dist").mkdir(exist_ok=True)
        for path in made:
            shutil.copy(path, ROOT / "dist")
            print(f"dist/{path.name}")


if __name__ == "__main__":
    main()
