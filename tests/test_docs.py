"""Test the documentation: links lead somewhere, commands exist, the example of an exercise works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
SITE = sorted((ROOT / "docs").rglob("*.md"))
"""The pages of the site that ``make docs`` builds."""
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / ".github").rglob("*.md")), ROOT / "release" / "README.md", *SITE]


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text_of(page), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", text_of(page)) + re.findall(r'(?:src|srcset)="([^"]+)"', text_of(page))
    for target in targets:
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_that_a_page_names_exist(page):
    """A path is relative to the repository or the package. Files of an exercise are left out: pages invent some."""
    prose = re.sub(r"^ *```.*?^ *```", "", text_of(page), flags=re.M | re.S)
    made_up = ("solutions/", "exercises/", "tests/answers/", "tests/checks/")
    folders = {path.name for top in (ROOT, ROOT / "autograder") for path in top.iterdir() if path.is_dir()}
    for name in re.findall(r"`((?:[\w-]+/)+[\w-]+\.py)`", prose):
        if name.split("/")[0] in folders and not name.startswith(made_up):
            assert (ROOT / name).is_file() or (ROOT / "autograder" / name).is_file(), f"{page.name} names {name}"


def commands(program: str) -> list[str]:
    """Return every line of the pages' shell examples that starts with a program."""
    blocks = [block for page in PAGES for block in re.findall(r"^ *```sh\n(.*?)^ *```", text_of(page), re.M | re.S)]
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return sorted({line for line in lines if line.split(" ")[0] == program})


@pytest.mark.parametrize("line", commands("autograder"))
def test_commands_and_their_options_exist(line):
    """Parse each command in a folder where its arguments exist, without running it."""
    click = pytest.importorskip("click")
    from autograder.cli.main import main

    _, name, *arguments = shlex.split(line)
    command = main.get_command(click.Context(main), name)
    assert command is not None, line
    stand_ins = [str(ROOT) if argument == "submitted" else argument for argument in arguments]
    files = (".ipynb", ".zip", ".csv", "ed25519", "_signers")
    stand_ins = [__file__ if argument.endswith(files) else argument for argument in stand_ins]
    command.make_context(name, stand_ins).close()


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.M))
    assert {line.split()[1] for line in commands("make")} <= targets


@pytest.mark.slow
def test_the_example_of_an_exercise_works(tmp_path):
    """The guide's solution passes the guide's checks, and the guide's wrong answer is caught with its cause."""
    from autograder.proving.answers import apply_change

    blocks = re.findall(r"^```python\n(.*?)^```", text_of(ROOT / "docs" / "authoring.md"), re.M | re.S)
    solution, checks, answers, places = blocks
    right, change = (cell.partition("\n")[2].rstrip() for cell in answers.split("# %% ")[1:3])
    wrong = apply_change(right, change, "docs/authoring.md")
    assert places in text_of(ROOT / "tests" / "answers" / "mlp" / "train_one_epoch.py")
    (tmp_path / "solution.py").write_text(solution)
    (tmp_path / "wrong.py").write_text(f"{solution}\n\n# %%\n{wrong}")
    (tmp_path / "test_example.py").write_text(checks)

    def run(submission: str) -> str:
        plugin = ["-p", "autograder.checking.runner", "--submission", str(tmp_path / submission)]
        command = [sys.executable, "-m", "pytest", *plugin, "-c", "/dev/null", "--rootdir", str(tmp_path), "-q"]
        return subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False).stdout

    assert "1 passed" in run("solution.py")
    output = run("wrong.py")
    assert "1 failed" in output
    assert "theta_0 is forgotten" in output


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason='install it with: pip install -e ".[dev]"')
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(tmp_path / "site")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    pages = {str(path.relative_to(tmp_path / "site").with_suffix("")) for path in (tmp_path / "site").rglob("*.html")}
    assert {str(page.relative_to(ROOT / "docs").with_suffix("")) for page in SITE} <= pages
    for page in (tmp_path / "site").rglob("*.html"):
        for shown in re.findall(r'(?:src|srcset)="([^":]+\.(?:svg|png))"', text_of(page)):
            assert (page.parent / shown).is_file(), f"{page.name} shows {shown}"
    commands_page = text_of(tmp_path / "site" / "reference" / "commands.html")
    assert all(f"autograder {name}" in commands_page for name in COMMANDS)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_pictures_can_be_drawn_and_are_the_same_every_time(tmp_path):
    for folder in ("once", "again"):
        command = [sys.executable, str(ROOT / "docs" / "make_pictures.py"), str(tmp_path / folder)]
        subprocess.run(command, capture_output=True, check=True)
    names = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert {path.name for path in (tmp_path / "once").iterdir()} == names
    for name in names:
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
