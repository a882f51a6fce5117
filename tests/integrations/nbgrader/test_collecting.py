"""Submissions that reach the course through nbgrader: downloads from Moodle and Canvas, and the exchange."""

from __future__ import annotations

import getpass
import os
import stat
import zipfile
from pathlib import Path

import pytest

from tests.integrations.nbgrader.conftest import RIGHT, api_of, autograde, hand_in, scores

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.slow

FULL = {"check-add": (3.0, False), "check-Greeter": (2.5, False)}

DOWNLOADS = {
    "moodle-folders": {
        "Ada Lovelace_4711_assignsubmission_file_/greetings.ipynb": "Ada Lovelace",
        "Zoë O'Neill-Müller_4712_assignsubmission_file_/greetings.ipynb": "Zoë O'Neill-Müller",
    },
    "moodle-newer-folders": {"Ada Lovelace_4711_assignsubmission_file/greetings.ipynb": "Ada Lovelace"},
    "moodle-files": {"Ada Lovelace_4711_assignsubmission_file_greetings.ipynb": "Ada Lovelace"},
    "canvas": {
        "lovelaceada_1001_20002_greetings.ipynb": "lovelaceada",
        "noetheremmy_LATE_1002_20003_greetings.ipynb": "noetheremmy",
        "kovalevskayasofja_1003_20004_greetings-2.ipynb": "kovalevskayasofja",
        "germainsophie_1004_20005_greetings (1).ipynb": "germainsophie",
    },
}


@pytest.fixture
def configured(course) -> Path:
    """Return the small course with the lecture's patterns for reading names."""
    config = (ROOT / "nbgrader_config.py").read_text("utf-8")
    (line,) = (part for part in config.split("\n\n") if "c.FileNameCollectorPlugin" in part)
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(line[line.index("c.FileNameCollectorPlugin") :])
    return course


@pytest.mark.parametrize("kind", DOWNLOADS)
def test_zip_collect_takes_downloads_of_learning_platforms(configured, kind):
    from nbgrader.apps import ZipCollectApp

    path = hand_in(configured, "somebody", RIGHT)
    content = path.read_bytes()
    path.unlink()
    archive = configured / "downloaded/greetings/archive/all submissions.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as bundle:
        for name in DOWNLOADS[kind]:
            bundle.writestr(name, content)
    app = ZipCollectApp()
    app.initialize(["greetings"])
    app.start()
    found = {path.parts[-3] for path in configured.glob("submitted/*/greetings/greetings.ipynb")}
    assert found == set(DOWNLOADS[kind].values())
    api = api_of(configured)
    for student in found:
        autograde(api, student)
        assert scores(configured, student) == FULL


@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments")  # nbgrader misspells one of its own
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # and leaves timestamps open
def test_the_exchange_brings_a_release_to_a_student_and_the_answers_back(course, tmp_path, monkeypatch):
    """Release, fetch, submit, collect, grade, feedback: as teacher and student, in one folder."""
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange.default import ExchangeFetchAssignment, ExchangeFetchFeedback, ExchangeSubmit

    exchange, home = tmp_path / "exchange", tmp_path / "home"
    home.mkdir()
    exchange.mkdir()
    exchange.chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
    settings = {"Exchange": {"root": str(exchange), "cache": str(tmp_path / "cache")}}
    api = api_of(course, settings)
    released = api.release_assignment("greetings")
    assert released["success"], released

    def as_student(step):
        monkeypatch.chdir(home)
        directory = CourseDirectory(config=api.config, root=str(home), course_id="good-manners")
        directory.assignment_id = "greetings"
        step(coursedir=directory, authenticator=Authenticator(config=api.config), config=api.config).start()
        monkeypatch.chdir(course)

    as_student(ExchangeFetchAssignment)
    fetched = sorted(path.name for path in (home / "greetings").iterdir())
    assert fetched == ["checks", "greetings.ipynb"]
    user = getpass.getuser()
    (home / "greetings/greetings.ipynb").write_bytes(hand_in(course, user, RIGHT).read_bytes())
    (course / "submitted" / user / "greetings/greetings.ipynb").unlink()
    (course / "submitted" / user / "greetings").rmdir()
    as_student(ExchangeSubmit)
    collected = api.collect("greetings")
    assert collected["success"], collected
    autograde(api, user)
    assert scores(course, user) == FULL
    assert api.generate_feedback("greetings", user)["success"]
    sent = api.release_feedback("greetings", user)
    assert sent["success"], sent
    as_student(ExchangeFetchFeedback)
    pages = list((home / "greetings").rglob("*.html"))
    assert len(pages) == 1
    page = pages[0].read_text("utf-8")
    assert "A crowd is counted to the last guest." in page
    assert "There is nothing to fix." in page
    assert os.access(pages[0], os.R_OK)
