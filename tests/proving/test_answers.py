"""An answer that is written as a change is applied exactly as its author meant it, or refused."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.course import load_course
from autograder.errors import CourseError
from autograder.proving.answers import Answer, apply_change, is_change, read_answers

LOOP = dedent("""\
    def train(model, loader, optimizer):
        model.train()
        for images, labels in loader:
            optimizer.zero_grad()

            loss(model(images), labels).backward()
            optimizer.step()
        model.eval()
        return model""")


def changed(*lines: str, base: str = LOOP) -> str:
    return apply_change(base, "\n".join(lines), "train.py: 'x', from 'loop',")


# --- What a change does ---------------------------------------------------------------------------


def test_a_line_goes():
    assert changed("# -         optimizer.zero_grad()") == LOOP.replace("        optimizer.zero_grad()\n", "")


def test_a_line_becomes_another_one():
    assert changed("# -     model.train()", "# +     model.eval()") == LOOP.replace("train()\n", "eval()\n", 1)


def test_a_line_comes_after_one_that_stays():
    new = changed("#       model.eval()", "# +     print(loader)")
    assert new == LOOP.replace("model.eval()\n", "model.eval()\n    print(loader)\n")


def test_the_first_and_the_last_line_can_change():
    new = changed("# + import torch", "# +", "#   def train(model, loader, optimizer):", "", "# -     return model")
    assert new == "import torch\n\n" + LOOP.removesuffix("\n    return model")


def test_a_place_after_the_last_line():
    assert changed("#       return model", "# +     # done") == LOOP + "\n    # done"


def test_places_may_stand_in_any_order():
    places = ["# -     model.eval()", "", "# -     model.train()"]
    assert changed(*places) == changed(*reversed(places))


def test_neighbouring_places_do_not_disturb_each_other():
    new = changed("# -         optimizer.step()", "", "# -     model.eval()", "# +     model.cpu()")
    assert new == LOOP.replace("        optimizer.step()\n    model.eval()", "    model.cpu()")


def test_lines_that_stay_tell_equal_lines_apart():
    twice = "if a:\n    go()\nif b:\n    go()"
    assert changed("#   if b:", "# -     go()", "# +     stop()", base=twice) == "if a:\n    go()\nif b:\n    stop()"


@pytest.mark.parametrize("blank", ["#", "#   "])
def test_a_blank_line_can_stay(blank):
    new = changed("# -         optimizer.zero_grad()", blank, "#           loss(model(images), labels).backward()")
    assert new == LOOP.replace("        optimizer.zero_grad()\n", "")


@pytest.mark.parametrize(("goes", "comes"), [("# -", "# +"), ("# - ", "# + ")])
def test_blank_lines_go_and_come(goes, comes):
    new = changed("#           optimizer.zero_grad()", goes, "", "#       model.train()", comes)
    assert new == LOOP.replace("zero_grad()\n\n", "zero_grad()\n").replace("train()\n", "train()\n\n")


def test_several_blank_lines_between_places_are_as_good_as_one():
    assert changed("# -     model.train()", "", "", "# -     model.eval()") == changed(
        "# -     model.train()", "", "# -     model.eval()"
    )


def test_indentation_comes_as_it_is_written():
    new = changed("# -         optimizer.step()", "# +     optimizer.step()")
    assert new == LOOP.replace("        optimizer.step()", "    optimizer.step()")


def test_comments_of_an_answer_are_lines_like_any_other():
    assert changed("# - # old", "# + # new", base="# old\nx = 1") == "# new\nx = 1"


# --- What it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["# -     optimizer.zero_grad()"], "lines that do not occur with this indentation:\n        optimizer.zero"),
        (["# -     model.train()", "# -     model.eval()"], "lines that do not occur"),
        (["# -     model.train()", "", "# -     model.train()"], "changes a line twice"),
        (["#       model.eval()", "# +     a", "", "# -     model.eval()", "# -     return model"], "a line twice"),
        (["# +     model.cpu()"], "does not say where these lines go"),
        (["#       model.train()"], "changes nothing here"),
        (["# -     model.train()", "# +     model.train()"], "changes nothing here"),
        (["# -     model.train()", "# it is forgotten"], "does not start with"),
        (["# -     model.train()", "    model.eval()"], "does not start with"),
        (["#-     model.train()"], "does not start with"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(lines, words):
    with pytest.raises(CourseError) as caught:
        changed(*lines)
    assert str(caught.value).startswith("train.py: 'x', from 'loop', ")
    assert words in str(caught.value)


def test_lines_that_are_there_twice_are_refused():
    with pytest.raises(CourseError, match=r"occur 3 times\. Add a line of context"):
        changed("# - y = 1", base="y = 1\nx = 1\ny = 1\ny = 1")


# --- How answers are read -------------------------------------------------------------------------

RIGHT = '# %% right="sum"\ndef add(numbers):\n    total = sum(numbers)\n    return total\n'


@pytest.fixture
def read(tiny_course: Path):
    """Return a function that writes and reads a collection of answers to the tiny course's `add`."""

    def run(*cells: str) -> dict[str, Answer]:
        path = tiny_course / "tests" / "answers" / "greetings" / "add.py"
        path.write_bytes("\n\n".join((RIGHT, *cells)).encode())
        exercise = load_course(tiny_course).exercise("greetings")
        return {answer.label: answer for answer in read_answers(exercise, exercise.question("add"))}

    return run


def wrong(label: str, base: str, *lines: str) -> str:
    return "\n".join([f'# %% wrong="{label}" from="{base}" caught_by="nobody_invited"', *lines, ""])


def test_a_wrong_answer_is_a_change_of_a_right_one(read):
    answer = read(wrong("one less", "sum", "# -     return total", "# +     return total - 1"))["one less"]
    assert answer.source == "def add(numbers):\n    total = sum(numbers)\n    return total - 1"
    assert (answer.kind, answer.caught_by) == ("wrong", ("nobody_invited",))


def test_a_right_answer_can_be_a_change_and_have_mistakes_of_its_own(read):
    right = (
        '# %% right="fsum" from="sum" held_out=true\n# -     total = sum(numbers)\n# +     total = int(sum(numbers))\n'
    )
    answers = read(right, wrong("nothing returned", "fsum", "# -     return total"))
    assert answers["fsum"].held_out
    assert answers["nothing returned"].source == "def add(numbers):\n    total = int(sum(numbers))"


def test_line_ends_of_windows_are_read(read):
    change = wrong(
        "one less", "sum", "# -     return total", "# +     return total - 1", "", "#   def add(numbers):", "# +"
    )
    crlf = [text.replace("\n", "\r\n") for text in (RIGHT, change)]
    assert read(change)["one less"] == read(*crlf[1:])["one less"]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            [wrong("x", "sam", "# -     return total")],
            "'x' is from 'sam', which is not an answer above it. Those are 'sum'",
        ),
        (
            [wrong("x", "x", "# -     return total")],
            "'x' is from 'x', which is not an answer above it. Those are 'sum'",
        ),
        (
            [wrong("x", "y", "# -     return total"), wrong("y", "x", "# -     return total")],
            "'x' is from 'y', which is not an answer above it. Those are 'sum'",
        ),
        ([RIGHT, wrong("x", "sum", "# -     return total")], "two answers above it"),
        (
            [
                wrong("a", "sum", "# -     return total"),
                wrong("b", "a", "# -     total = sum(numbers)", "# +     total = 1"),
                wrong("c", "b", "# -     total = 1", "# +     total = 2"),
            ],
            "'c' is from 'b', already a change of a change",
        ),
        ([wrong("x", "sum", "# - return total")], "'x', from 'sum', changes lines that do not occur"),
        (
            [wrong("x", "sum", "def add(numbers):", "    return 0")],
            "'x', from 'sum', has a line that does not start with",
        ),
        ([wrong("x", "sum", "# -     return total", "# +     return (")], "'x', from 'sum', is not valid Python"),
        (
            ['# %% wrong="x" form="sum" caught_by="nobody_invited"\n# -     return total\n'],
            "Name the answer it changes",
        ),
    ],
)
def test_the_error_of_a_malformed_collection_names_file_answer_and_remedy(read, cells, words):
    with pytest.raises(CourseError) as caught:
        read(*cells)
    assert str(caught.value).startswith("tests/answers/greetings/add.py: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "is_one"),
    [
        ("# -     x", True),
        ("#       x\n\n# +     y", True),
        ("x = 1", False),
        ("# a comment\nx = 1", False),
        ("# -     x\nx = 1", False),
        ("# a comment alone", False),
    ],
)
def test_what_looks_like_a_change(cell, is_one):
    assert is_change(cell) is is_one


# --- Any change -----------------------------------------------------------------------------------


def written(old: str, new: str) -> str:
    """Return the change from one text to another, each hunk with as many lines of context as it needs."""
    before, after = old.split("\n"), new.split("\n")
    places: list[list[int]] = []
    for tag, start, end, low, high in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            more = 0
            while not _once(before, start - more, end + more):
                more += 1
            above, below = min(more, start), min(more, len(before) - end)
            if places and start - above < places[-1][1]:
                places[-1][1], places[-1][3] = end + below, high + below
            else:
                places.append([start - above, end + below, low - above, high + below])
    hunks = (
        [f"# - {line}".rstrip(" ") for line in before[a:b]] + [f"# + {line}".rstrip(" ") for line in after[c:d]]
        for a, b, c, d in places
    )
    return "\n\n".join("\n".join(hunk) for hunk in hunks)


def _once(lines: list[str], start: int, end: int) -> bool:
    wanted = lines[max(start, 0) : end]
    return bool(wanted) and sum(lines[i : i + len(wanted)] == wanted for i in range(len(lines))) == 1


# Few different lines, so that many repeat. None ends in spaces: editors strip them.
texts = st.lists(st.sampled_from(["", "a", "    a", "b", "# a", "# - a", "# +", "\ta", "é"]), min_size=1).map("\n".join)


@given(texts, texts)
def test_a_change_from_any_text_to_any_other_gives_that_other(old, new):
    change = written(old, new)
    assert (change == "") == (old == new)
    if change:
        assert is_change(change)
        assert apply_change(old, change, "here") == new


marked = st.lists(st.tuples(st.sampled_from(["# - ", "# + ", "#   "]), st.sampled_from(["", "a", "    a", "# +"])))


@given(marked)
def test_lines_go_come_and_stay_in_the_order_that_they_are_written_in(lines):
    old = [line for mark, line in lines if mark != "# + "]
    new = [line for mark, line in lines if mark != "# - "]
    assume(old and old != new)
    change = "\n".join((mark + line).rstrip(" ") for mark, line in lines)
    assert apply_change("\n".join(old), change, "here") == ("\n".join(new) if new else "")
