"""The class report: its numbers, worked out by hand; its groups; similar code; and that no text is markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.checking.verdict import result_of
from autograder.cli.main import main
from autograder.course import Check, load_course
from autograder.reporting.class_page import (
    ENOUGH,
    Surroundings,
    analyse,
    attention,
    class_page,
    correlation,
    costs,
    histogram,
)
from autograder.reporting.html_page import policy
from autograder.reporting.known_mistakes import (
    FOLDER,
    Mistake,
    read_mistakes,
    summary,
    symptoms_of,
    write_mistakes,
    wrong_answers,
)
from autograder.reporting.similarity import similar_pairs
from autograder.results.model import Cost, Outcome, QuestionResult, Result, Status
from autograder.results.store import read_costs, write_result
from tests.reporting.pages import HOSTILE, SCRIPT, a_check, a_result

PASSED, FAILED, UNDONE, NOT_RUN = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN


def student(name: str, *questions: str, cause: str = "the sign") -> Result:
    """Return a result; a question is one letter per check: p(assed), f(ailed), u(ntouched), n(ot run), c, t, g."""
    outcomes = {
        "p": PASSED, "f": FAILED, "u": UNDONE, "n": NOT_RUN,
        "c": Outcome.CRASHED, "t": Outcome.TIMED_OUT, "g": Outcome.GRADER_ERROR,
    }  # fmt: skip
    made = [
        QuestionResult(
            f"q{number}",
            tuple(
                a_check(f"c{place}", outcomes[letter], f"It is wrong.\nLikely cause: {cause}" if letter == "f" else "")
                for place, letter in enumerate(letters)
            ),
        )
        for number, letters in enumerate(questions)
    ]
    status = Status.GRADER_ERROR if any("g" in letters for letters in questions) else Status.GRADED
    return replace(a_result(*made, student=name), status=status)


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", page, flags=re.S)).split())


# --- Items ------------------------------------------------------------------------------------------------------


def test_difficulty_and_discrimination_by_hand():
    results = [student("a", "pp", "p"), student("b", "pf", "p"), student("c", "pf", "f"), student("d", "ff", "f")]
    first, second = analyse(results)
    assert [check.difficulty for check in first.checks] == [0.75, 0.25]
    assert first.item.difficulty == pytest.approx(0.5)
    assert second.item.difficulty == 0.5
    # Points of q1 are 2, 2, 0, 0; those of the rest 4, 2, 2, 0: covariance 4/3, deviations √(4/3) and √(8/3).
    assert second.item.discrimination == pytest.approx(2**-0.5)
    assert second.checks[0].discrimination == second.item.discrimination


def test_without_variation_there_is_no_correlation():
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([1], [1]) is None
    assert correlation([0, 1, 2], [4, 2, 0]) == pytest.approx(-1)


def test_odd_items_get_a_remark_in_a_class_that_is_large_enough():
    results = [student(str(n), "pfp", "f" if n % 2 else "p", "p" if n % 2 else "f") for n in range(ENOUGH)]
    (one, two, _) = analyse(results)
    assert [check.remark for check in one.checks] == ["everybody passes", "nobody passes", "everybody passes"]
    assert two.checks[0].remark == "strong students fail more often"
    assert {item.remark for question in analyse(results[1:]) for item in question.checks} == {""}


def test_only_submissions_graded_by_the_same_checks_count():
    old = student("old", "p")
    results = [old, student("a", "pf"), student("b", "ff")]
    unreadable = replace(student("c", "nn"), status=Status.UNREADABLE)
    (question,) = analyse([*results, unreadable])
    assert [check.difficulty for check in question.checks] == [0.5, 0.0]
    assert analyse([unreadable]) == []


def test_a_question_may_be_worth_nothing():
    free = replace(a_check("c0"), points=0.0, max_points=0.0)
    results = [a_result(QuestionResult("free", (free,)), QuestionResult("q", (a_check("c"),)), student=s) for s in "ab"]
    assert [question.item.difficulty for question in analyse(results)] == [1, 1]


# --- Wrong answers ----------------------------------------------------------------------------------------------


def test_answers_that_fail_alike_are_one_group_with_the_mistake_that_they_match():
    results = [
        student("a", "pf"), student("b", "pf"), student("c", "ff"), student("d", "pf", cause="the axis"),
        student("e", "pp"), student("f", "uu"), student("g", "un"), student("h", "gf"),
    ]  # fmt: skip
    known = [
        Mistake("q0", "sign lost", {"c0": (PASSED, ""), "c1": (FAILED, "the sign")}),
        Mistake("q0", "axis swapped", {"c0": (PASSED, ""), "c1": (FAILED, "the axis")}),
        Mistake("q0", "all wrong", {"c0": (FAILED, "the sign")}),
        Mistake("q1", "of another question", {"c0": (PASSED, "")}),
    ]
    groups = wrong_answers(results, known)["q0"]
    assert [(group.students, group.mistakes) for group in groups] == [
        (("a", "b"), ("sign lost",)),
        (("c",), ("all wrong",)),
        (("d",), ("axis swapped",)),
    ]
    assert groups[0].failed == (("c1", FAILED, "the sign"),)


def test_the_summary_of_a_check_has_no_values():
    check = Check("c", "q", "It.", 1.0, public=True)

    def summary_of(message: str) -> str:
        return summary(result_of(check, FAILED, message))

    assert summary_of("f(x) is wrong.\nExpected 1, got 2.\nLikely cause: the sign") == "the sign"
    assert summary_of("f(x) has wrong values.\n3 of 4 differ.") == "f(x) has wrong values."
    assert summary_of("Your code raised ValueError: 17 (line 3 of the cell: `x`)") == "Your code raised ValueError"
    assert summary_of("Your code raised ValueError (line 3 of the cell: `x`)") == "Your code raised ValueError"
    assert summary_of("") == ""


def test_mistakes_are_read_only_for_the_checks_that_they_come_from(tmp_path):
    symptoms = symptoms_of([a_check("c0"), a_check("c1", FAILED, "No.\nLikely cause: ä")])
    write_mistakes(tmp_path, "e", "digest", [Mistake("q", "label", symptoms)])
    assert read_mistakes(tmp_path, "e", "digest") == [Mistake("q", "label", symptoms)]
    assert read_mistakes(tmp_path, "e", "another") is None
    assert read_mistakes(tmp_path, "none", "digest") is None
    (tmp_path / FOLDER / "e.json").write_text("[]")
    assert read_mistakes(tmp_path, "e", "digest") is None


# --- The rest of the page ---------------------------------------------------------------------------------------


def test_the_histogram_counts_full_marks_in_the_last_bar():
    bars = histogram([student("a", "p" * 10), student("b", "p" * 9 + "f"), student("c", "f" * 10)])
    assert [bar["count"] for bar in bars] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert bars[-1]["label"] == "90 to 100 %"


def test_submissions_that_need_review_are_in_the_order_of_urgency():
    unreadable = replace(student("d", "n"), status=Status.UNREADABLE, message="It is a web page.")
    noted = replace(student("e", "p"), message="Cells were edited.")
    rows = list(attention([noted, student("a", "t"), unreadable, student("b", "cccc"), student("c", "g")]))
    assert [row["student"] for row in rows] == ["c", "d", "b", "a", "e"]
    assert rows[2]["message"] == "q0.c0, q0.c1, q0.c2 and 1 more"
    assert rows[1]["message"] == "It is a web page."


def test_what_checks_cost():
    rows = costs([{"q.a": Cost(1.0, 7.0), "q.b": Cost(0.1, 0.0)}, {"q.a": Cost(3.0, 5.0)}, {}])
    assert rows == [
        {"check": "q.a", "median": 2.0, "high": 3.0, "most": 3.0, "all": 4.0, "memory_mb": 7.0},
        {"check": "q.b", "median": 0.1, "high": 0.1, "most": 0.1, "all": 0.1, "memory_mb": 0.0},
    ]


def test_all_parts_are_on_the_page():
    results = [student("ada", "pf"), student("ben", "pf"), replace(student("cleo", "pp"), exercise="cnn")]
    known = [Mistake("q0", "sign lost", {"c1": (FAILED, "the sign")})]
    text = words(class_page(results, ["cnn", "mlp"], {"mlp": Surroundings(known, [{"q0.c0": Cost(0.5, 3.2)}], [])}))
    assert "3 students, 3 submissions" in text
    assert text.index("cnn 1 graded") < text.index("mlp 2 graded")
    assert "Mean 2.0, median 2.0, of 4 points." in text
    assert "sign lost" in text
    assert "q0.c0 0.500 0.500 0.500 0.5 3" in text
    assert "autograder prove cnn" in text
    assert "autograder prove mlp" not in text
    assert text.count("Similar code") == 1


def test_bonus_points_are_shown_apart_from_the_maximum():
    results = [student("ada", "pp"), replace(student("ada", "p"), exercise="cnn", optional=True)]
    page = class_page(results, ["mlp", "cnn"], {})
    assert words(page).endswith("of 4 2 4 + 2")


def test_text_of_students_is_never_markup():
    pairs = similar_pairs({SCRIPT: code("a") + f"# {SCRIPT}", "\x1b[2Jben": code("b")}, "")
    page = class_page([HOSTILE], [], {"mlp": Surroundings(None, [{SCRIPT: Cost(1.0, 0.0)}], pairs)})
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "\x1b" not in page
    script = re.search(r"<script>(.*)</script>", page, re.S)[1]
    assert unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]) == policy(script)


# --- Similar code -----------------------------------------------------------------------------------------------


def code(name: str) -> str:
    """Return an answer of many lines in which everything except the structure depends on a name."""
    lines = [f"    {name}{n} = {name}.roll({n}).clamp({n}, {2 * n}) * {name}[{n}:] - {n}" for n in range(12)]
    return f"def f_{name}({name}):\n" + "\n".join(lines) + f"\n    return {name}0\n"


def other(number: int) -> str:
    return "\n".join(f"y{n} = [x for x in range({number}, {n * number})] + list({n * 'z'!r})" for n in range(12))


def test_a_copy_with_other_names_is_found_and_shown():
    codes = {f"s{n}": other(n) for n in range(2, 6)} | {"ada": "x = 1\n" + code("a"), "ben": code("other")}
    (pair,) = [pair for pair in similar_pairs(codes, "") if {pair.first.student, pair.second.student} & {"ada", "ben"}]
    assert (pair.first.student, pair.second.student) == ("ada", "ben")
    assert pair.similarity > 0.9
    start, stop = pair.first.slices[0]
    assert "roll" in pair.first.code[start:stop]


def test_code_that_was_handed_out_or_that_all_share_does_not_count():
    assert similar_pairs({"ada": code("a"), "ben": code("b")}, code("handed_out")) == []
    assert similar_pairs({f"s{n}": code(f"v{n}") for n in range(9)}, "") == []


def test_the_same_codes_give_the_same_pairs_in_every_process():
    codes = {"ada": code("a") + other(3), "ben": code("b") + other(4)}
    assert similar_pairs(codes, "") == similar_pairs(dict(reversed(codes.items())), "")


def test_nothing_and_nonsense_can_be_compared():
    assert similar_pairs({}, "") == []
    assert similar_pairs({"ada": "", "ben": "def (:\n\x00", "cleo": "x"}, "") == []


# --- The command ------------------------------------------------------------------------------------------------


def report(*arguments: object) -> str:
    done = CliRunner().invoke(main, ["report", *map(str, arguments)])
    return f"{done.exit_code} {done.output}"


def test_the_command_writes_one_page(tiny_course, tmp_path):
    (exercise,) = load_course(tiny_course).exercises
    graded, submitted = tmp_path / "graded", tmp_path / "submitted"
    for name in ("ada", "ben"):
        path = submitted / name / exercise.name / f"{exercise.name}.py"
        path.parent.mkdir(parents=True)
        path.write_text(exercise.solution.read_text("utf-8") + "\n\n# %%\n" + code(name))
        result = replace(student(name, "pf"), exercise=exercise.name, costs={"q0.c0": Cost(0.25, 12.5)})
        write_result(graded, result)
    assert read_costs(graded, "ada", exercise.name) == {"q0.c0": Cost(0.25, 12.5)}
    said = report(graded, "--course", tiny_course, "--submitted", submitted)
    assert said.startswith("0 Written: ")
    page = (graded / "class.html").read_text("utf-8")
    assert "ada and ben" in words(page)
    assert "0.250" in page
    quick = report(graded, "--course", tiny_course, "--no-similarity", "-o", tmp_path / "other.html")
    assert quick.startswith("0 Written: ")
    assert "ada and ben" not in words((tmp_path / "other.html").read_text("utf-8"))


def test_the_command_says_what_is_missing(tiny_course, tmp_path):
    assert report(tmp_path / "none", "--course", tiny_course).startswith("2 Error: There is no folder")
    assert "Grade first." in report(tmp_path, "--course", tiny_course)
    assert report(tmp_path, "--course", tiny_course, "-e", "nothing").startswith("2 Error: There is no exercise")
    (exercise,) = load_course(tiny_course).exercises
    write_result(tmp_path, replace(student("ada", "p"), exercise=exercise.name))
    said = report(tmp_path, "--course", tiny_course, "--submitted", Path("nowhere"))
    assert "no code was compared" in said
    assert "Written" in said
