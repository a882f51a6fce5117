"""Build the releases, make up a class, grade it, and show what happened to the hostile submissions.

``python -m demo.run`` calls the command ``autograder`` as an instructor would. Exit code 1 unless right answers got
full points, wrong ones fewer, missing ones none, and attacks only the points of the honest answers beside them.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from autograder.course import load_course
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result
from autograder.results.store import read_results
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, best_tier
from autograder.text import printable
from demo.make_class import EXERCISES, Submission, Worth, make_class

COURSE = Path(__file__).resolve().parents[1]
CLASS = Path("demo", "class")
GRADED = CLASS / "graded"

WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.NOT_ATTEMPTED: "found no answer",
    Outcome.TIMED_OUT: "ran out of time",
    Outcome.CRASHED: "crashed",
    Outcome.NOT_RUN: "did not run",
    Outcome.GRADER_ERROR: "could not be decided",
}


def main() -> int:
    """Run the demo; return the exit code."""
    out = Console(highlight=False)
    tier = best_tier()
    autograder(out, "build", *EXERCISES)
    shutil.rmtree(COURSE / CLASS, ignore_errors=True)
    handed_in = make_class(load_course(COURSE), tier=tier)
    for submission in handed_in:
        submission.write(COURSE / CLASS / "submitted")
    describe_class(out, handed_in, tier)
    settings = ["--output", str(GRADED), "--gradebook", f"sqlite:///{CLASS / 'gradebook.db'}"]
    autograder(
        out,
        "grade",
        str(CLASS / "submitted"),
        *settings,
        *([] if tier in ISOLATING_TIERS else ["--allow-weak-sandbox"]),
    )
    results = {(result.student, result.exercise): result for result in read_results(COURSE / GRADED)}
    show_attacks(out, handed_in, results)
    autograder(out, "report", str(GRADED), "--submitted", str(CLASS / "submitted"))
    autograder(out, "feedback", str(GRADED))
    return judge(out, handed_in, results)


def autograder(out: Console, *arguments: str) -> None:
    """Run the command as a user would; exit if it fails."""
    out.rule(style="dim")
    out.print(f"$ autograder {shlex.join(arguments)}", style="bold", markup=False)
    command = [str(Path(sys.executable).with_name("autograder")), *arguments]
    status = subprocess.run(command, cwd=COURSE, check=False).returncode
    if status:
        sys.exit(f"The demo stopped: autograder {arguments[0]} ended with exit code {status}. See above.")


def describe_class(out: Console, handed_in: Sequence[Submission], tier: str) -> None:
    """Print what the class consists of."""
    students = {submission.student for submission in handed_in}
    attacks = sum(submission.attack is not None for submission in handed_in)
    out.rule(style="dim")
    out.print(
        f"A made-up class of {len(students)} students submits {len(handed_in)} files: right, partly right and wrong "
        "answers, untouched notebooks, a syntax error, deleted and copied cells, a web page, an empty file, and "
        f"{attacks} attacks on the grader, each named for what it does."
    )
    if tier != "A":
        out.print(f"[yellow]Tier {tier} is the best here, so attacks that only a better one stops are left out.[/]")


# --- What happened to the attacks -----------------------------------------------------------------


def show_attacks(out: Console, handed_in: Sequence[Submission], results: dict[tuple[str, str], Result]) -> None:
    """Print what each hostile submission tried, and what its result says."""
    out.rule("What the attacks tried, and what happened", style="dim")
    for submission in handed_in:
        result = results.get((submission.student, submission.exercise))
        if submission.attack is not None and result is not None:
            tries = submission.attack.tries
            out.print(Text.assemble((submission.student, "bold"), " ", tries[0].lower() + tries[1:]))
            out.print(Padding(Text(what_happened(submission, result)), (0, 0, 0, 4)))


def what_happened(submission: Submission, result: Result) -> str:
    """Describe in a few sentences what a result says about an attack."""
    attacked = [question for question in result.questions if submission.worth[question.name] is Worth.NOTHING]
    checks = [check for question in attacked for check in question.checks]
    sentences = [*_of_cells(result), *_of_checks(checks), _of_points(submission, result)]
    return " ".join(sentences)


def _of_cells(result: Result) -> Iterator[str]:
    for cell in result.cells:
        if cell.outcome not in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
            yield f"Its cell {WORDS[cell.outcome]}: {_quoted(cell.message)}"


def _of_checks(checks: Sequence[CheckResult]) -> Iterator[str]:
    """Count the outcomes of the attacked questions, and quote the message that the student reads first."""
    if not checks:
        return
    (outcome, number), *others = Counter(check.outcome for check in checks).most_common()
    counted = f"{'All ' if not others else ''}{number} checks {WORDS[outcome]}"
    counted += "".join(f", {number} {WORDS[outcome]}" for outcome, number in others)
    # Messages of public checks say more, so they are quoted first.
    messages = [check.message for check in sorted(checks, key=lambda check: check.visibility != "public")]
    yield f"{counted}: {_quoted(messages[0])}" if messages[0] else f"{counted}."


def _quoted(message: str) -> str:
    """Quote a message without the line of code that it points to."""
    text = printable(message.partition(" (line ")[0], 130)
    return f"“{text}”" if text.endswith((".", "?", "…")) else f"“{text}.”"


def _of_points(submission: Submission, result: Result) -> str:
    earned = sum(q.max_score for q in result.questions if submission.worth[q.name] is Worth.FULL)
    difference = result.score - earned
    if difference:
        return f"It {'won' if difference > 0 else 'lost'} {abs(difference):g} points!"
    return f"It keeps the {earned:g} points of its honest answers, and wins none."


# --- Verdict --------------------------------------------------------------------------------------


def judge(out: Console, handed_in: Sequence[Submission], results: dict[tuple[str, str], Result]) -> int:
    """Compare every question with what it must be worth; return the exit code."""
    out.rule(style="dim")
    problems = [
        f"{submission.student}, {submission.exercise}: {problem}"
        for submission in handed_in
        for problem in _problems(submission, results.get((submission.student, submission.exercise)))
    ]
    for problem in problems:
        out.print(f"[red]✗[/] {problem}")
    if problems:
        return 1
    worth = Counter(kind for submission in handed_in for kind in submission.worth.values())
    out.print(
        f"[green]✓[/] {worth[Worth.FULL]} right answers got full points, {worth[Worth.LESS]} wrong ones did not, "
        f"{worth[Worth.NOTHING]} missing or hostile ones got nothing."
    )
    out.print(
        f"[green]✓[/] The results are in {GRADED}/: grades.csv, questions.csv, and ada/convolution.json. "
        "Open class.html for the class, alan/tensor_ops.html for a student's page."
    )
    return 0


def _problems(submission: Submission, result: Result | None) -> Iterator[str]:
    if result is None:
        yield "it was not graded"
        return
    for question in result.questions:
        if not _is_right(question, submission.worth[question.name]):
            yield (
                f"{question.name} got {question.score:g} of {question.max_score:g} points; "
                f"it must get {submission.worth[question.name].value}"
            )


def _is_right(question: QuestionResult, worth: Worth) -> bool:
    match worth:
        case Worth.FULL:
            return question.score == question.max_score
        case Worth.LESS:
            return question.score < question.max_score
        case Worth.NOTHING:
            return question.score == 0


if __name__ == "__main__":
    sys.exit(main())
