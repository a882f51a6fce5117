"""From a download to a table to import, with the commands that a TA types, for ten students with difficult names."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from tests.conftest import copy_tiny_course
from tests.lms.archives import gradescope_metadata, notebook, write_zip

NAMES = [
    'O\'Brien, "Pat"',
    "Müller-Lüdenscheidt, Jörg",
    '=HYPERLINK("http://x.org","click")',
    "+49 Phone",
    "@Sum(A1)",
    "محمد علي",
    "x" * 200,
    "李 小龙",
    "Ada\u202eLovelace",
    "J\u0308o\u0308rg, de la Vega",
]
ANSWERS = [f"def add(numbers):\n    return {'sum(numbers)' if n % 2 else '5'}\n" for n in range(10)]


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    root = copy_tiny_course(tmp_path / "course")
    monkeypatch.chdir(root)
    return root


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def grade() -> None:
    run("grade", "submitted", "--gradebook", "none", "--allow-weak-sandbox")


def read(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def scores_of(names: list[str]) -> list[str]:
    plain = {row["student"]: row["score"] for row in read("graded/grades.csv")}
    return [plain[name] for name in names]


def check(scores: list[str]) -> None:
    """Every other student is right; the others pass the one check that expects 5."""
    right, wrong = set(scores[1::2]), set(scores[0::2])
    assert (right, wrong) == ({"3"}, {"1"})


@pytest.mark.slow
def test_moodle(course):
    write_zip(
        course / "download.zip",
        {
            f"{name.replace('/', '')}_{n}_assignsubmission_file_/greetings.ipynb": notebook(ANSWERS[n])
            for n, name in enumerate(NAMES)
        },
    )
    with Path("worksheet.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        head = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Last modified (grade)"]
        writer.writerow(head)
        writer.writerows([f"Participant {n}", name, f"s{n}@x.org", "", "", "5.5", "-"] for n, name in enumerate(NAMES))
        writer.writerow(["Participant 99", "Nobody", "nobody@x.org", "", "", "5.5", "-"])
    assert "10 new" in run("collect", "download.zip", "-e", "greetings")
    assert "10 unchanged" in run("collect", "download.zip", "-e", "greetings")
    grade()
    run("export", "--format", "moodle", "--roster", "worksheet.csv")
    *written, nobody = read("graded/moodle.csv")
    assert [row["Identifier"] for row in written] == [f"Participant {n}" for n in range(10)]
    check([row["Grade"] for row in written])
    assert nobody["Grade"] == ""
    assert not [cell for row in written for cell in row.values() if cell.startswith(tuple("=+@")) or cell[:2] == "-x"]


@pytest.mark.slow
def test_canvas(course):
    sortable = ["".join(c for c in name.lower() if c.isalnum() or c == "_") for name in NAMES]
    write_zip(
        course / "submissions.zip",
        {
            f"{name}_{'LATE_' * (n == 3)}{n}_5{n}_greetings-{n}.ipynb": notebook(ANSWERS[n])
            for n, name in enumerate(sortable)
        },
    )
    with Path("Grades.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Student", "ID", "SIS Login ID", "Section", "Greetings (7)", "Final Score"])
        writer.writerow(["    Points Possible", "", "", "", "5.5", "(read only)"])
        writer.writerows([name, n, f"login{n}", "A", "", ""] for n, name in enumerate(NAMES))
        writer.writerow(["Student, Test", "1000", "", "A", "", ""])
    run("collect", "submissions.zip", "--roster", "Grades.csv")
    grade()
    run("export", "--format", "canvas", "--roster", "Grades.csv", "-o", "import.csv")
    _points, *written, test = read("import.csv")
    assert [row["ID"] for row in written] == [str(n) for n in range(10)]
    check([row["Greetings (7)"] for row in written])
    assert test["Greetings (7)"] == ""
    assert not [cell for row in written for cell in row.values() if cell.startswith(tuple("=+-@"))]
    check(scores_of([f"login{n}" for n in range(10)]))
    plain = Path("graded/grades.csv").read_bytes()
    run("export", "--format", "plain", "-o", "plain.csv")
    assert Path("plain.csv").read_bytes() == plain


@pytest.mark.slow
def test_gradescope_to_a_list_with_somebody_missing(course):
    people = {f"submission_{n}": ("2026-11-20 10:00:00 Z", [(name, f"{n}00", "")]) for n, name in enumerate(NAMES)}
    files = {f"a/submission_{n}/greetings.ipynb": notebook(answer) for n, answer in enumerate(ANSWERS)}
    write_zip(course / "export.zip", {"a/submission_metadata.yml": gradescope_metadata(**people), **files})
    Path("participants.csv").write_text(
        "ID number,Email address\n" + "".join(f"{n}00,s{n}@x.org\n" for n in range(1, 10)), encoding="utf-8"
    )
    run("collect", "export.zip", "-e", "greetings")
    grade()
    told = run("export", "--format", "moodle", "--roster", "participants.csv", code=1)
    assert "Not in the table: 000 (greetings 1) matches no row of the list" in told
    check(["1", *(row["greetings"] for row in read("graded/moodle.csv"))])
