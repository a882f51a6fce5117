"""The feedback page: what it says first, what else it shows, and that students' text is never markup."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import load_course
from autograder.reporting.feedback_page import beside_reference, feedback_page, first_look
from autograder.reporting.html_page import policy
from autograder.results.model import VOID, ByHand, CellResult, Outcome, QuestionResult, Result, Status
from autograder.results.pictures import make_picture
from autograder.results.store import read_results, write_result
from tests.reporting.pages import COUNTS, HOSTILE, LOSSES, MAPS, NUMBERS, SCRIPT, a_check, a_result

ROOT = Path(__file__).resolve().parents[2]
WRONG, DONE, UNDONE = Outcome.FAILED, Outcome.PASSED, Outcome.NOT_ATTEMPTED


def words(page: str) -> str:
    """Return the visible text of a page."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.S)).split())


def question(name: str, *outcomes: Outcome) -> QuestionResult:
    return QuestionResult(name, tuple(a_check(f"c{place}", outcome, "So.") for place, outcome in enumerate(outcomes)))


# --- What to look at first --------------------------------------------------------------------------------------


def test_the_question_with_most_missing_points_comes_first():
    look = first_look(a_result(question("a", WRONG, DONE), question("b", WRONG, DONE, WRONG), question("c", DONE)))
    assert (look.question, look.lost, look.total_lost, look.check.name) == ("b", 4.0, 6.0, "c0")


def test_an_answer_comes_before_a_question_that_was_not_attempted():
    look = first_look(a_result(question("a", UNDONE, UNDONE, UNDONE), question("b", WRONG)))
    assert (look.question, look.texts) == ("b", ("So.",))


def test_nothing_attempted_starts_with_the_first_question():
    look = first_look(a_result(question("a", UNDONE), question("b", UNDONE, UNDONE)))
    assert (look.question, look.check) == ("a", None)
    assert "YOUR CODE HERE" in look.advice


def test_a_public_check_tells_more_than_a_hidden_one():
    checks = (a_check("hid", WRONG, hidden=True), a_check("late", Outcome.NOT_RUN), a_check("pub", WRONG))
    look = first_look(a_result(QuestionResult("a", checks)))
    assert look.check.name == "pub"
    assert 'check("a")' in look.advice
    hidden = first_look(a_result(QuestionResult("a", checks[:2])))
    assert (hidden.check.name, "hidden" in hidden.advice) == ("hid", True)


def test_what_took_the_points_comes_before_those_that_lost_them():
    taken = a_check("public", WRONG, VOID)
    found = a_check("hidden", WRONG, "A library is used.", hidden=True)
    assert first_look(a_result(QuestionResult("a", (taken, found)))).check == found


def test_the_wrong_notebook_is_told_nothing_but_that():
    assert first_look(replace(a_result(question("a", UNDONE)), review="It is another exercise.")) is None


def test_a_grader_error_is_not_the_students_mistake():
    look = first_look(a_result(question("a", Outcome.GRADER_ERROR)))
    assert "not your mistake" in look.advice


def failing(name: str, message: str, *more: Outcome) -> QuestionResult:
    checks = (a_check("c", WRONG, message), *(a_check(f"m{n}", outcome, "So.") for n, outcome in enumerate(more)))
    return QuestionResult(name, checks)


@pytest.mark.parametrize(
    "message",
    [
        "This comes from your `conv2d`.",
        "`conv2d(x)` is wrong here.",
        "Your code raised NameError: name 'conv2d' is not defined",
        "`conv2d` is not defined: its cell is missing, empty or was not run.",
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_a_question_that_another_one_blames_comes_first(message, order):
    blaming = failing("detect_edges", message, WRONG, WRONG, WRONG)
    look = first_look(a_result(*[failing("conv2d", "Wrong values."), blaming][::order]))
    assert (look.question, look.lost, look.total_lost) == ("conv2d", 2.0, 10.0)
    assert "Wrong values." in look.texts


def test_blame_goes_on_to_its_root_and_ends_in_a_circle():
    chain = [failing("a", "See `b`."), failing("b", "See `c`."), failing("c", "So.")]
    assert first_look(a_result(*chain)).question == "c"
    assert first_look(a_result(failing("a", "See `b`."), failing("b", "See `a`."))).question in "ab"


def test_what_is_blamed_without_a_reason_is_not_a_cause():
    right, untouched = question("conv2d", DONE), question("pool", UNDONE)
    assert first_look(a_result(right, failing("edges", "It is not like `conv2d` or `other`."))).question == "edges"
    look = first_look(a_result(untouched, failing("edges", "`pool` is not defined: its cell is missing.")))
    assert (look.question, "YOUR CODE HERE" in look.advice) == ("pool", True)
    # More points of its own are missing elsewhere.
    assert (
        first_look(a_result(failing("a", "So."), failing("b", "See `a`."), question("c", *[WRONG] * 3))).question == "c"
    )


def test_a_failed_cell_comes_before_what_it_left_undefined():
    cells = (
        CellResult("show", Outcome.FAILED, "Your code raised NotImplementedError: `add` is not implemented yet"),
        CellResult("imports", Outcome.FAILED, "Your code raised ModuleNotFoundError: No module named 'trch'"),
        CellResult("later", Outcome.FAILED, "Your code raised NameError"),
    )
    missing = failing(
        "add", "Your code raised NameError: name 'torch' is not defined (line 2 of the cell: `torch.ones`)"
    )
    look = first_look(replace(a_result(missing), cells=cells))
    assert look.texts[0] == (
        "The cell `imports` failed first: Your code raised ModuleNotFoundError: No module named 'trch'"
    )
    assert look.texts[1].startswith("Your code raised NameError")
    assert look.advice.startswith("Fix that cell first")
    hidden = QuestionResult("add", (a_check("c", WRONG, "Your code raised NameError.", hidden=True),))
    assert "imports" in first_look(replace(a_result(hidden), cells=cells)).texts[0]
    wrong = first_look(replace(a_result(failing("add", "Wrong values.")), cells=cells))
    assert wrong.texts == ("Wrong values.",)
    told = first_look(
        replace(
            a_result(failing("add", f"`add` is not defined, because its cell failed: {cells[1].message}")), cells=cells
        )
    )
    assert len(told.texts) == 1


def test_nothing_is_missing():
    assert first_look(a_result(question("a", DONE))) is None
    assert "nothing to fix" in words(feedback_page(a_result(question("a", DONE))))


def test_points_by_hand_count_and_are_shown_beside_those_of_the_checks():
    result = a_result(question("a", WRONG, DONE), question("b", DONE))
    entered = ByHand({"a": 3.5}, {"b": f"Fine.\n{SCRIPT}"}, penalty=1.5)
    page = feedback_page(result, by_hand=entered)
    text = words(page)
    assert "4 of 6 points" in text
    assert "1.5 points were deducted because you submitted late." in text
    assert "Your teachers gave 3.5 of 4 points; the checks gave 2." in text
    assert f"Comment: Fine. {SCRIPT}" in text
    assert SCRIPT not in page
    assert first_look(result, entered).lost == 0.5
    full = words(feedback_page(result, by_hand=ByHand({"a": 4.0})))
    assert "No points are missing." in full
    assert "Every check passed" not in full


# --- The rest of the page ---------------------------------------------------------------------------------------


def test_everything_is_on_the_page():
    text = words(feedback_page(HOSTILE))
    assert "6 of 16 points" in text
    for name in ("loss", "fit", "rest", "images"):
        assert name in text
    assert "It does generalises ." in text
    assert "Likely cause: x" in text
    assert "Hint: Think." in text
    assert "2 of 2" in text
    assert "hidden check" in text
    assert "Expected and yours at [0]" in text


def test_bonus_points_are_called_so():
    assert "2 of 2 bonus points" in words(feedback_page(a_result(question("a", DONE), optional=True)))


def test_text_of_students_is_never_markup():
    page = feedback_page(HOSTILE)
    assert page.count("<script") == 0
    assert "<img src=x" not in page
    assert SCRIPT.replace("  ", " ") in words(page)


def test_backticks_are_code_and_an_odd_one_is_itself():
    page = feedback_page(a_result(QuestionResult("a", (a_check("b", WRONG, "Use `x < y`, not `z"),))))
    assert "Use <code>x &lt; y</code>, not `z" in page


def test_an_unreadable_submission_says_why():
    result = replace(
        a_result(question("a", Outcome.NOT_RUN), message="The file is empty. Save, and submit again."),
        status=Status.UNREADABLE,
    )
    text = words(feedback_page(result))
    assert "The file is empty." in text
    assert "could not be read, so nothing was graded. Do what the message above says" in text
    assert "YOUR CODE HERE" not in text


def test_the_policy_forbids_everything_foreign():
    page = feedback_page(HOSTILE)
    assert unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]) == policy("")
    assert "script-src" not in policy("")
    assert policy("").startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy("1")
    assert not re.search(r"(?:src|href)=\"(?!data:image/png;base64,)", page)


def test_the_same_result_gives_the_same_bytes():
    assert feedback_page(HOSTILE) == feedback_page(Result.from_json(HOSTILE.to_json()))


# --- Beside the reference ---------------------------------------------------------------------------------------


def labels(pictures, references) -> list[list[str]]:
    return [[part.label for part in picture.parts] for picture in beside_reference(pictures, references)]


def test_pictures_of_the_reference_stand_beside_those_of_a_student():
    assert labels((LOSSES, COUNTS), (COUNTS, LOSSES)) == [
        ["training loss, yours", "training loss, reference"],
        ["yours", "reference"],
    ]
    other = make_picture("images", MAPS.title, [("phantom", MAPS.parts[0].rows), ("the map", [[1.0]])])
    assert labels((MAPS,), (other,)) == [["phantom", "the map", "the map, reference"]]


def test_a_picture_without_a_counterpart_is_unchanged():
    assert labels((LOSSES, NUMBERS), (NUMBERS,)) == [["training loss"], ["expected", "yours", "wrong"]]


# --- The command ------------------------------------------------------------------------------------------------


def feedback(*arguments: object) -> str:
    done = CliRunner().invoke(main, ["feedback", *map(str, arguments)])
    return f"{done.exit_code} {done.output}"


def test_a_page_is_written_for_each_result(tiny_course, tmp_path):
    graded = tmp_path / "graded"
    for student in ("ada", "ben"):
        write_result(graded, a_result(question("a", WRONG), student=student))
    assert feedback(graded, "--course", tiny_course).startswith("0 Written: 2 pages")
    assert "ben" in (graded / "ben" / "mlp.html").read_text("utf-8")
    (graded / "ben" / "mlp.html").unlink()
    assert feedback(graded, "--course", tiny_course, "-s", "ada").startswith("0 Written: 1 page,")
    assert not (graded / "ben" / "mlp.html").exists()
    assert len(read_results(graded)) == 2


def test_without_results_the_command_says_what_to_do(tiny_course, tmp_path):
    assert feedback(tmp_path / "none", "--course", tiny_course).startswith("2 Error: There is no folder")
    assert feedback(tmp_path, "--course", tiny_course).startswith("2 Error: ")
    write_result(tmp_path, a_result(question("a", WRONG)))
    assert "no such results" in feedback(tmp_path, "--course", tiny_course, "-e", "cnn")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "interpretability"])
def test_a_real_submission_is_shown_beside_the_solution(name, tmp_path):
    exercise = load_course(ROOT).exercise(name)
    handed_in = tmp_path / "submitted" / "ada" / name / f"{name}.py"
    handed_in.parent.mkdir(parents=True)
    shutil.copy(exercise.solution, handed_in)
    graded = tmp_path / "graded"
    arguments = ["--course", ROOT, "--output", graded, "--gradebook", "none", "--allow-weak-sandbox"]
    done = CliRunner().invoke(main, ["grade", *map(str, [tmp_path / "submitted", *arguments])])
    assert done.exit_code == 0, done.output
    assert feedback(graded, "--course", ROOT).startswith("0 Written: 1 page,")
    (result,) = read_results(graded)
    pictured = {check.visibility for each in result.questions for check in each.checks if check.pictures}
    assert pictured == {"public"}
    text = words((graded / "ada" / f"{name}.html").read_text("utf-8"))
    if name == "mlp":
        assert "training loss, yours" in text
        assert "validation loss, reference" in text
        assert "truly 1" in text
    else:
        for map_of in ("saliency_map", "occlusion_map", "grad_cam"):
            assert f"{map_of} of a phantom" in text
        assert "the true finding" in text
    reference = (graded / ".reference" / "solution" / f"{name}.json").stat()
    assert feedback(graded, "--course", ROOT).startswith("0 Written: 1 page,")
    assert (graded / ".reference" / "solution" / f"{name}.json").stat().st_mtime_ns == reference.st_mtime_ns
