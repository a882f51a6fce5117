"""Output and exit codes of `autograder collect` and `autograder export`."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import load_course
from autograder.lms.spreadsheet import write_grades
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status
from autograder.results.store import write_result
from tests.lms.archives import notebook, write_zip, zipped


@pytest.fixture
def course(tiny_course, monkeypatch) -> Path:
    monkeypatch.chdir(tiny_course)
    return tiny_course


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    return done.exit_code, done.output


def store(student: str, score: float) -> None:
    check = CheckResult("c", "It.", "public", Outcome.FAILED, score, 5.5)
    questions = (QuestionResult("q", (check,)),)
    write_result(Path("graded"), Result(student, "greetings", "r", "s", "c", "e", "A", Status.GRADED, questions))


def test_collect_reports_every_file(course):
    write_zip(
        course / "a.zip",
        {"lovelaceada_LATE_1_2_greetings.ipynb": notebook("a"), "README.txt": b"", "__MACOSX/._README.txt": b""},
    )
    code, output = run("collect", "a.zip")
    assert code == 1
    assert output.splitlines() == [
        "lovelaceada/greetings: new, from a.zip: lovelaceada_LATE_1_2_greetings.ipynb, late",
        "Not placed: a.zip: README.txt: The file name matches no Moodle, Canvas or Gradescope pattern.",
        "Submissions: 1 new, in submitted",
        "Ignored: 1 files that operating systems and editors leave behind.",
    ]


def test_notices_of_one_kind_are_grouped_by_student(course):
    many = {f"data/{n}.txt": b"x" for n in range(1990)}
    folder = "{}_assignsubmission_file_"
    write_zip(
        course / "a.zip",
        {
            f"{folder.format('Ada_1')}/greetings.ipynb": notebook("a"),
            f"{folder.format('Ada_1')}/work.zip": zipped({"greetings (1).ipynb": notebook("b")} | many),
            f"{folder.format('Ben_2')}/work.zip": zipped({"greetings.ipynb": notebook("b")} | many),
            f"{folder.format('Cleo_3')}/a.zip": b"not a zip",
            f"{folder.format('Cleo_3')}/b.zip": b"not a zip",
        }
        | {f"{n}.txt": b"" for n in range(20)},
    )
    code, output = run("collect", "a.zip", "-e", "greetings")
    assert code == 1
    lines = output.splitlines()
    assert len(lines) < 40
    # Of 1 992 and 1 991 files, 64 are kept and 7 are named.
    assert [line for line in lines if line.startswith("…")] == [
        "… and 13 more like this",
        "… and 1 921 more like this",
        "… and 1 920 more like this",
    ]
    assert all(
        sum(name in line and "Not placed" in line for line in lines) for name in ("Ada_1", "Ben_2", "a.zip", "b.zip")
    )


def test_damaged_members_are_one_kind_though_their_details_differ(course):
    data = bytearray(zipped({f"{n:04}.txt": b"x" for n in range(100)}))
    for at in [found.start() for found in re.finditer(rb"PK\x03\x04", bytes(data))]:
        data[at + 30] ^= 1  # the local name differs from the listed one, and the error names both
    write_zip(course / "a.zip", {"Ada_1_assignsubmission_file_/w.zip": bytes(data)})
    lines = run("collect", "a.zip", "-e", "greetings")[1].splitlines()
    assert len(lines) < 20
    assert any(line.startswith("… and ") for line in lines)


def test_collect_advises_a_roster_where_names_are_shared(course):
    shared = {f"Anna M_{n}_assignsubmission_file_/greetings.py": b"" for n in (1, 2)}
    write_zip(course / "a.zip", shared)
    Path("r.csv").write_text("Identifier,Full name,Email address\nParticipant 1,Anna M,a@x\nParticipant 2,Anna M,b@x\n")
    assert "With --roster, each student gets the same folder" in run("collect", "a.zip")[1]
    assert "With --roster" not in run("collect", "a.zip", "--roster", "r.csv", "-o", "other")[1]
    assert sorted(path.name for path in Path("other").iterdir() if path.is_dir()) == ["a@x", "b@x"]


def test_collect_again_is_quiet_and_says_where_older_ones_are(course):
    write_zip(course / "a.zip", {"ada_1_2_greetings.ipynb": notebook("a")})
    assert run("collect", "a.zip") == (
        0,
        "ada/greetings: new, from a.zip: ada_1_2_greetings.ipynb\nSubmissions: 1 new, in submitted\n",
    )
    assert run("collect", "a.zip") == (0, "Submissions: 1 unchanged, in submitted\n")
    write_zip(course / "a.zip", {"ada_1_3_greetings.ipynb": notebook("b")})
    assert "The older ones are kept in submitted/.replaced." in run("collect", "a.zip")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-e", "greeting"], "There is no exercise 'greeting'. Choose one of: greetings."),
        (["--roster", "bad.csv"], "has no column that identifies students"),
    ],
)
def test_wrong_use_of_collect_says_what_to_do(course, arguments, words):
    Path("bad.csv").write_text("a,b\n")
    write_zip(course / "a.zip", {"ada_1_2_greetings.ipynb": notebook("a")})
    code, output = run("collect", "a.zip", *arguments)
    assert code == 2
    assert words in " ".join(output.split())
    assert not Path("submitted").exists()


def test_grading_finds_the_collected_submissions(course):
    from autograder.submissions.find import collect

    write_zip(course / "a.zip", {"ada_1_2_greetings.ipynb": notebook("a"), "ben_2_3_greetings.pdf": b"%PDF"})
    run("collect", "a.zip", "-e", "greetings")
    found = collect(Path("submitted"), load_course())
    assert not found.strays
    assert [(handed.student, handed.note) for handed in found.found] == [("ada", ""), ("ben", "")]
    assert "it contains greetings.pdf" in found.found[1].problem


def test_grade_names_collect_for_an_archive(course):
    write_zip(course / "a.zip", {"ada_1_2_greetings.ipynb": notebook("a")})
    code, output = run("grade", "a.zip", "--allow-weak-sandbox")
    assert code == 2
    assert "`autograder collect a.zip`" in " ".join(output.split())


def test_export_says_what_to_do_first(course):
    assert run("export", "-f", "canvas")[0] == 2
    assert "There is no folder graded" in run("export", "-f", "canvas")[1]
    store("ada", 1)
    assert "needs --roster" in run("export", "-f", "canvas")[1]
    Path("r.csv").write_text("Email\nada\n")
    assert "not Canvas's gradebook" in run("export", "-f", "canvas", "--roster", "r.csv")[1]
    assert "--column needs an exercise and a title" in run("export", "-f", "canvas", "--column", "x")[1]
    assert "no exercise 'x'" in run("export", "-f", "canvas", "--column", "x=y")[1]
    assert (
        "holds no results of greetings" in run("export", "submitted", "-f", "plain")[1]
        or not Path("submitted").exists()
    )


def test_export_writes_beside_the_results_and_lists_missing_students(course):
    store("ada", 1.5)
    store("zoe", 2)
    Path("r.csv").write_text("Username,Email address\nada,a@x.org\nben,b@x.org\n")
    code, output = run("export", "-f", "moodle", "--roster", "r.csv")
    assert code == 1
    assert output.splitlines()[0].startswith("Not in the table: zoe (greetings 2) matches no row of the list")
    assert output.splitlines()[-1] == "Written: graded/moodle.csv"
    with Path("graded/moodle.csv").open(newline="") as file:
        assert [row["greetings"] for row in csv.DictReader(file)] == ["1.5", ""]


def test_a_rounded_roster_is_refused_before_anything_is_written(course):
    Path("r.csv").write_text("First name;Last name;ID number;Email address\nAda;Lovelace;1,002E+11;a@x\n")
    write_zip(course / "a.zip", {"ada_1_2_greetings.ipynb": notebook("a")})
    store("ada", 1)
    for command in (["collect", "a.zip", "--roster", "r.csv"], ["export", "-f", "moodle", "--roster", "r.csv"]):
        code, output = run(*command)
        assert code == 2
        assert "without opening it in a spreadsheet" in " ".join(output.split())
    assert not Path("submitted").exists()
    assert not Path("graded/moodle.csv").exists()


def test_plain_is_the_table_of_grades(course):
    store("ada", 1.5)
    loaded = load_course()
    write_grades(Path("elsewhere"), [Result.from_json(Path("graded/ada/greetings.json").read_bytes())], loaded)
    assert run("export", "-f", "plain")[0] == 0
    assert Path("graded/grades.csv").read_bytes() == Path("elsewhere/grades.csv").read_bytes()
