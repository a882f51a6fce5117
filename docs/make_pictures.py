"""Draw the pictures of the documentation: run ``make pictures`` after a change to what they show.

``python docs/make_pictures.py [FOLDER]`` draws into docs/pictures, or into another folder:

- ``pipeline.svg`` and ``pipeline-dark.svg``: how the parts fit together, for light and dark pages.
- ``check.png``: what ``check("conv2d")`` shows in a notebook: the real table of a wrong answer from tests/answers,
  rendered by chromium.

The same sources and versions give the same bytes.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

COURSE = Path(__file__).resolve().parents[1]

# --- The pipeline ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Theme:
    """Colours of one page. Each role has a colour for frame and text, and a pale one for the surface."""

    page: str
    frame: str
    text: str
    quiet: str
    roles: dict[str, tuple[str, str]]


LIGHT = Theme(
    page="#ffffff",
    frame="#d0d7de",
    text="#1f2328",
    quiet="#57606a",
    roles={"author": ("#0072b2", "#e8f3fa"), "student": ("#c04f00", "#fdf0e6"), "grader": ("#00795a", "#e6f5f0")},
)
DARK = Theme(
    page="#0d1117",
    frame="#30363d",
    text="#e6edf3",
    quiet="#9aa4ae",
    roles={"author": ("#56b4e9", "#10283a"), "student": ("#f0974a", "#3a2413"), "grader": ("#3ecf9f", "#0f2e25")},
)

BOX_HEIGHT = 9.0
# Letters as outlines: the picture looks the same whatever fonts the reader has.
SVG = {"svg.hashsalt": "autograder", "svg.fonttype": "path", "font.family": "DejaVu Sans"}


@dataclass(frozen=True)
class Box:
    """A box of the pipeline: its centre, width, name and a line that explains it."""

    x: float
    y: float
    width: float
    role: str
    name: str
    note: str = ""

    def side(self, where: str) -> tuple[float, float]:
        """Return the centre of one side, with a little room for an arrow's end."""
        dx, dy = {"left": (-1, 0), "right": (1, 0), "top": (0, 1), "bottom": (0, -1)}[where]
        return self.x + dx * (self.width / 2 + 0.6), self.y + dy * (BOX_HEIGHT / 2 + 0.6)


def draw_pipeline(path: Path, theme: Theme) -> None:
    """Draw the way from solutions to grades, with the parts of authors, students and grader."""
    figure = Figure(figsize=(10.4, 5.0))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 104), ylim=(0, 50))
    axes.axis("off")
    page = FancyBboxPatch((0.6, 0.6), 102.8, 48.8, boxstyle="round,pad=0,rounding_size=1.6")
    page.set(facecolor=theme.page, edgecolor=theme.frame, linewidth=1)
    axes.add_patch(page)

    solutions = Box(52, 41.5, 22, "author", "solutions/*.py", "the source of everything")
    release = Box(16, 41.5, 24, "author", "release/student/", "notebook and public checks")
    solved = Box(89, 41.5, 22, "author", "release/solution/", "solved and run")
    submission = Box(16, 24, 24, "student", "submission.ipynb", "a student's answers")
    worker = Box(45, 24, 20, "student", "worker", "runs the student's code")
    checker = Box(70.5, 24, 14, "grader", "checker", "pytest, decides")
    checks = Box(91.5, 24, 17, "author", "tests/checks/", "public and hidden")
    results = Box(70.5, 7.8, 22, "grader", "result files", "every check, every point")
    grades = Box(38, 7.8, 26, "grader", "grades.csv, gradebook", "scores and feedback")
    for box in (solutions, release, solved, submission, worker, checker, checks, results, grades):
        _draw_box(axes, box, theme)
    _draw_sandbox(axes, worker, theme)
    for start, end, label in (
        (solutions.side("left"), release.side("right"), "autograder build"),
        (solutions.side("right"), solved.side("left"), "autograder build"),
        (release.side("bottom"), submission.side("top"), "a student works on it"),
        (submission.side("right"), worker.side("left"), ""),
        (checker.side("left"), worker.side("right"), "asks"),
        (checks.side("left"), checker.side("right"), ""),
        (checker.side("bottom"), results.side("top"), "autograder grade"),
        (results.side("left"), grades.side("right"), ""),
    ):
        _draw_arrow(axes, start, end, label, theme)
    for y, role, text in ((10.4, "author", "course team"), (7.8, "student", "students"), (5.2, "grader", "grader")):
        colour, surface = theme.roles[role]
        axes.add_patch(FancyBboxPatch((4, y - 0.8), 2, 1.6, boxstyle="square,pad=0", fc=surface, ec=colour))
        axes.text(7.2, y, text, ha="left", va="center", fontsize=8.5, color=theme.quiet)
    with mpl.rc_context(SVG):
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})


def _draw_box(axes: Any, box: Box, theme: Theme) -> None:
    colour, surface = theme.roles[box.role]
    corner = (box.x - box.width / 2, box.y - BOX_HEIGHT / 2)
    patch = FancyBboxPatch(corner, box.width, BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=1")
    patch.set(facecolor=surface, edgecolor=colour, linewidth=1.4)
    axes.add_patch(patch)
    axes.text(box.x, box.y + 1.5, box.name, ha="center", va="center", fontsize=10, weight="bold", color=theme.text)
    axes.text(box.x, box.y - 1.9, box.note, ha="center", va="center", fontsize=8.5, color=theme.quiet)


def _draw_sandbox(axes: Any, box: Box, theme: Theme) -> None:
    """Draw the sandbox around a box."""
    colour, _ = theme.roles[box.role]
    corner, width, height = (box.x - box.width / 2 - 2.2, box.y - 6.7), box.width + 4.4, 13.4
    border = FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=1.4")
    border.set(facecolor="none", edgecolor=colour, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.add_patch(border)
    axes.text(box.x, box.y + 7.2, "sandbox", ha="center", va="bottom", fontsize=9, color=colour)


def _draw_arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], label: str, theme: Theme) -> None:
    """Draw an arrow along one axis; its label is above its centre, or to the right."""
    shape = {"arrowstyle": "-|>", "mutation_scale": 13, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(start, end, color=theme.quiet, linewidth=1.3, **shape))
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    place = {"ha": "left", "va": "center"} if start[0] == end[0] else {"ha": "center", "va": "bottom"}
    dx, dy = (1, 0) if start[0] == end[0] else (0, 0.7)
    axes.text(x + dx, y + dy, label, fontsize=9, color=theme.text, **place)


# --- The table in a notebook ----------------------------------------------------------------------

EXERCISE, QUESTION, MISTAKE = "convolution", "conv2d", "padding"
WIDTH, SCALE = 940, 2

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<style>
  body {{ margin: 0; padding: 14px; background: #ffffff; color: #1f2328; font: 14px/1.45 system-ui, sans-serif; }}
  .cell {{ display: flex; margin-bottom: 6px; }}
  .prompt {{ width: 52px; flex: none; padding-top: 7px; color: #307fc1; font: 13px monospace; }}
  .in {{ flex: 1; padding: 6px 10px; background: #f5f5f5; border: 1px solid #e0e0e0; font: 13.5px monospace; }}
  .in b {{ color: #ba2121; font-weight: normal; }}
  .out {{ flex: 1; padding: 0 10px; }}
</style>
<div class="cell"><div class="prompt">[7]:</div><div class="in">check(<b>{call}</b>)</div></div>
<div class="cell"><div class="prompt">[7]:</div><div class="out">{table}</div></div>
"""


def check_table() -> str:
    """Return the HTML of the public checks of a wrong answer, as a student's notebook would show it."""
    from autograder.checking.execution import CellRunner
    from autograder.course import load_course
    from autograder.course.reader import read_public_checks
    from autograder.integrations.notebook import run_public_checks
    from autograder.proving.answers import read_answers
    from autograder.results.rendering import CheckTable
    from autograder.submissions.read import read_cells

    exercise = load_course(COURSE).exercise(EXERCISE)
    question = exercise.question(QUESTION)
    wrong = (answer for answer in read_answers(exercise, question) if answer.kind == "wrong")
    answer = next(answer for answer in wrong if MISTAKE in answer.label)
    runner = CellRunner()
    for cell in read_cells(exercise.solution):
        if not cell.is_illustration:
            runner.run(cell)
    exec(compile(answer.source, "<cell answer>", "exec"), runner.namespace)  # our own answer, from this repository
    folder = COURSE / "tests" / "checks"
    public = next(found for found in read_public_checks(folder, EXERCISE)[1] if found.name == QUESTION)
    tests = [folder / EXERCISE / "public" / f"test_{QUESTION}.py"]
    return CheckTable(run_public_checks(tests, public, runner.namespace))._repr_html_()


def draw_check(path: Path) -> None:
    """Render the table with a headless browser, cropped to its height."""
    from PIL import Image

    page = PAGE.format(call=escape(f'"{QUESTION}"'), table=check_table())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "page.html").write_text(page, "utf-8")
        picture = _screenshot(Path(folder) / "page.html", Path(folder) / "page.png")
        with Image.open(io.BytesIO(picture)) as image:
            image = image.convert("RGB")
            image = image.crop((0, 0, image.width, _last_used_row(image) + 14 * SCALE))
            # 64 colours are plenty for text on white, and a third of the bytes.
            image.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def _screenshot(page: Path, picture: Path) -> bytes:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("check.png needs chromium. Install it and run this again; the other pictures are drawn.")
    size = f"--window-size={WIDTH},1600"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size]
    options += [f"--force-device-scale-factor={SCALE}", f"--screenshot={picture}", page.as_uri()]
    subprocess.run([browser, *options], check=True, capture_output=True, timeout=120)
    return picture.read_bytes()


def _last_used_row(image: Any) -> int:
    """Return the lowest row of pixels that is not white."""
    from PIL import Image, ImageChops

    box = ImageChops.difference(image, Image.new("RGB", image.size, "#ffffff")).getbbox()
    return int(box[3]) if box else int(image.height)


def main(folder: Path = COURSE / "docs" / "pictures") -> Iterator[Path]:
    """Draw everything; yield the path of each finished picture."""
    folder.mkdir(exist_ok=True)
    for name, theme in (("pipeline.svg", LIGHT), ("pipeline-dark.svg", DARK)):
        draw_pipeline(folder / name, theme)
        yield folder / name
    draw_check(folder / "check.png")
    yield folder / "check.png"


if __name__ == "__main__":
    for drawn in main(*map(Path, sys.argv[1:])):
        print(f"{drawn}: {drawn.stat().st_size / 1024:.0f} KiB")
