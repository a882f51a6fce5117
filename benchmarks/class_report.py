"""Measure how long it takes to write the report of a class of 1 000, and to open it in Chromium.

``python benchmarks/class_report.py`` makes up results for all exercises, times ``autograder report`` without comparing
code (``--similarity`` does that for one exercise), and times the page until its first frame is drawn.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autograder.checking.verdict import result_of
from autograder.course import Exercise, load_course
from autograder.proving.answers import read_answers
from autograder.reporting.similarity import similar_pairs
from autograder.results.model import Cost, Outcome, QuestionResult, Result, Status
from autograder.results.store import write_result

COURSE = load_course(Path(__file__).resolve().parents[1])
STUDENTS = 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--similarity", metavar="EXERCISE", help="also compare a thousand answers to this exercise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        graded = Path(name)
        write_results(graded)
        began = time.perf_counter()
        command = [sys.executable, "-m", "autograder", "report", graded, "--course", COURSE.root, "--no-similarity"]
        subprocess.run(command, check=True, capture_output=True)
        page = graded / "class.html"
        print(f"{STUDENTS} students, {len(COURSE.exercises)} exercises, page of {page.stat().st_size / 1e6:.1f} MB")
        print(f"made in {time.perf_counter() - began:.1f} s")
        print(f"opened in {seconds_to_open(page)}")
    if options.similarity:
        exercise = COURSE.exercise(options.similarity)
        codes = made_up_codes(exercise)
        began = time.perf_counter()
        pairs = similar_pairs(codes, "")
        print(
            f"{len(codes)} answers to {exercise.name} compared in {time.perf_counter() - began:.1f} s: "
            f"{len(pairs)} pairs"
        )


def write_results(folder: Path) -> None:
    """Write results in which the better students pass more checks."""
    rng = random.Random(1)
    for exercise in COURSE.exercises:
        for number in range(STUDENTS):
            skill, questions = rng.random(), []
            for question in exercise.questions:
                outcomes = [Outcome.PASSED if rng.random() < 0.3 + skill else Outcome.FAILED for _ in question.checks]
                causes = [f"It is wrong.\nLikely cause: the {rng.randrange(5)}th mistake" for _ in question.checks]
                results = zip(question.checks, outcomes, causes, strict=True)
                questions.append(
                    QuestionResult(question.name, tuple(result_of(*each[:2], each[2]) for each in results))
                )
            names = [f"{q.name}.{check.name}" for q in questions for check in q.checks]
            costs = {name: Cost(rng.expovariate(20), rng.expovariate(0.1)) for name in names}
            result = Result(
                f"student{number:04}", exercise.name, "2026.1", "", "", "", "A", Status.GRADED, tuple(questions),
                optional=exercise.optional, costs=costs,
            )  # fmt: skip
            write_result(folder, result)


def seconds_to_open(page: Path) -> str:
    """Return the time that Chromium takes, the best of three."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return "(not measured: chromium is not installed)"
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(3):
            tab = browser.new_page()
            began = time.perf_counter()
            tab.goto(page.as_uri(), wait_until="load")
            tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            times.append(time.perf_counter() - began)
            tab.close()
        browser.close()
    return f"{min(times):.2f} s"


def made_up_codes(exercise: Exercise) -> dict[str, str]:
    """Return the code of a thousand students, each question answered by a random collected answer."""
    rng = random.Random(1)
    answers = [[answer.source for answer in read_answers(exercise, question)] for question in exercise.questions]
    return {f"student{number:04}": "\n\n".join(map(rng.choice, answers)) for number in range(STUDENTS)}


if __name__ == "__main__":
    main()
