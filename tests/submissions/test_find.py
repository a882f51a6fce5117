"""Finding submissions in well-formed and in untidy folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import CheckFiles, Course, Exercise
from autograder.errors import UsageError
from autograder.submissions.find import ANONYMOUS, Collected, SubmissionFile, collect, name_fault


@pytest.fixture
def course(tmp_path) -> Course:
    exercises = (Exercise(name, Path(), "", CheckFiles((), ()), ()) for name in ("tensor_ops", "convolution"))
    return Course(tmp_path, tuple(exercises))


@pytest.fixture
def submitted(tmp_path) -> Path:
    folder = tmp_path / "submitted"
    folder.mkdir()
    return folder


def put(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


@pytest.mark.parametrize("name", ["tensor_ops.ipynb.lnk", "my work.webloc"])
def test_a_shortcut_is_named(course, submitted, name):
    put(submitted / "ada" / "tensor_ops" / name)
    problem = only(collect(submitted, course)).problem
    assert problem == f"{name} is a shortcut to a file, not the file. Hand in tensor_ops.ipynb itself."


def only(collected: Collected) -> SubmissionFile:
    (submission,) = collected.found
    return submission


def whys(collected: Collected) -> dict[str, str]:
    return {stray.path.name: stray.why for stray in collected.strays}


def test_students_are_sorted_and_their_exercises_follow_the_course(course, submitted):
    put(*(submitted / s / e / f"{e}.ipynb" for s in ("zoe", "ada") for e in ("convolution", "tensor_ops")))
    collected = collect(submitted, course)
    assert [(handed.student, handed.exercise) for handed in collected.found] == [
        ("ada", "tensor_ops"),
        ("ada", "convolution"),
        ("zoe", "tensor_ops"),
        ("zoe", "convolution"),
    ]
    assert collected.found[0].path == submitted / "ada/tensor_ops/tensor_ops.ipynb"
    assert not any(handed.problem or handed.note for handed in collected.found)
    assert collected.strays == ()
    assert collect(submitted, course) == collected


def test_a_class_is_narrowed_to_one_exercise_or_one_student(course, submitted):
    put(*(submitted / s / e / f"{e}.py" for s in ("zoe", "ada") for e in ("convolution", "tensor_ops")))
    found = collect(submitted, course, exercise="convolution").found
    assert [(handed.student, handed.exercise) for handed in found] == [("ada", "convolution"), ("zoe", "convolution")]
    assert {handed.student for handed in collect(submitted, course, student="zoe").found} == {"zoe"}
    with pytest.raises(UsageError, match="no folder for a student 'bob'"):
        collect(submitted, course, student="bob")
    with pytest.raises(UsageError, match="no exercise 'conv'"):
        collect(submitted, course, exercise="conv")


def test_a_notebook_is_preferred_to_a_module_with_a_note(course, submitted):
    folder = submitted / "ada/convolution"
    put(folder / "convolution.py", folder / "convolution.ipynb", folder / "utils.py")
    handed = only(collect(submitted, course))
    assert handed.path == folder / "convolution.ipynb"
    assert handed.note == "convolution.ipynb was graded; these files were ignored: convolution.py."


@pytest.mark.parametrize(
    "name", ["convolution (1).ipynb", "Convolution.ipynb", "conv_final.ipynb", "convolution.IPYNB", "answer.py"]
)
def test_a_single_file_with_another_name_is_graded_with_a_note(course, submitted, name):
    put(submitted / "ada/convolution" / name)
    handed = only(collect(submitted, course))
    assert handed.path is not None
    assert handed.path.name == name
    assert handed.problem == ""
    assert name in handed.note or name == "convolution.IPYNB"


def test_of_several_files_the_one_that_resembles_the_exercise_is_graded(course, submitted):
    folder = submitted / "ada/tensor_ops"
    put(folder / "Tensor-Ops (2).ipynb", folder / "scratch.ipynb", folder / "tensor_ops.md")
    handed = only(collect(submitted, course))
    assert handed.path == folder / "Tensor-Ops (2).ipynb"
    assert "was graded as tensor_ops.ipynb" in handed.note
    assert "ignored: scratch.ipynb" in handed.note


def test_several_that_cannot_be_told_apart_are_a_problem(course, submitted):
    folder = submitted / "ada/convolution"
    put(folder / "convolution (1).ipynb", folder / "convolution (2).ipynb")
    handed = only(collect(submitted, course))
    assert handed.path is None
    assert "convolution (1).ipynb, convolution (2).ipynb" in handed.problem
    assert "Hand in one of them, called convolution.ipynb." in handed.problem


def test_a_folder_without_a_notebook_says_what_it_holds(course, submitted):
    put(submitted / "ada/convolution/answer.pdf")
    (submitted / "bob/convolution").mkdir(parents=True)
    ada, bob = collect(submitted, course).found
    assert ada.problem == "The folder convolution has no notebook: it contains answer.pdf. Hand in convolution.ipynb."
    assert bob.problem == "The folder convolution has no notebook: it is empty. Hand in convolution.ipynb."


@pytest.mark.parametrize("name", ["convolution.ipynb", "answer.py"])
def test_a_notebook_one_folder_deeper_is_told_so(course, submitted, name):
    put(submitted / "ada/convolution/mine/data.csv", submitted / "ada/convolution/my work" / name)
    (handed,) = collect(submitted, course).found
    assert handed.path is None
    assert handed.problem == (
        f"{name} is inside the folder my work, which is not opened. Hand in the file without that folder."
    )


def test_a_link_one_folder_deeper_is_not_followed(course, submitted):
    put(submitted / "ada/convolution/mine/data.csv", submitted / "other.ipynb")
    (submitted / "ada/convolution/mine/convolution.ipynb").symlink_to(submitted / "other.ipynb")
    (submitted / "ada/convolution/linked").symlink_to(submitted)
    assert "has no notebook: it contains linked, mine" in collect(submitted, course).found[0].problem


def test_a_folder_called_like_the_notebook_is_a_problem_unless_there_is_a_file(course, submitted):
    folder = submitted / "ada/convolution/convolution.ipynb"
    folder.mkdir(parents=True)
    handed = only(collect(submitted, course))
    assert handed.problem == "convolution.ipynb is a folder, not a file. Hand in the notebook itself."
    put(folder.parent / "convolution.py")
    assert only(collect(submitted, course)).path == folder.parent / "convolution.py"


def test_files_of_systems_and_editors_are_ignored(course, submitted):
    folder = submitted / "ada/convolution"
    put(
        folder / "convolution.ipynb",
        folder / "._convolution.ipynb",
        folder / ".ipynb_checkpoints/convolution-checkpoint.ipynb",
        folder / "timestamp.txt",
        submitted / "__MACOSX/ada/convolution/convolution.ipynb",
        submitted / "ada/.DS_Store",
        submitted / "Thumbs.db",
    )
    collected = collect(submitted, course)
    assert only(collected) == SubmissionFile("ada", "convolution", folder / "convolution.ipynb")
    assert collected.strays == ()


def test_links_are_never_followed(course, submitted, tmp_path):
    secret = tmp_path / "elsewhere/convolution/convolution.ipynb"
    put(secret)
    (submitted / "student").symlink_to(secret.parent.parent)
    (submitted / "folder").mkdir()
    (submitted / "folder/convolution").symlink_to(secret.parent)
    (submitted / "file/convolution").mkdir(parents=True)
    (submitted / "file/convolution/convolution.ipynb").symlink_to(secret)
    (submitted / "file/convolution/other.ipynb").symlink_to(tmp_path / "missing")
    collected = collect(submitted, course)
    assert {handed.student: handed.path for handed in collected.found} == {"file": None, "folder": None}
    assert all("link" in handed.problem for handed in collected.found)
    assert "links are not followed" in whys(collected)["student"]


def test_a_submitted_folder_that_is_itself_a_link_is_the_instructors_choice(course, submitted, tmp_path):
    put(submitted / "ada/convolution/convolution.py")
    (tmp_path / "link").symlink_to(submitted)
    assert only(collect(tmp_path / "link", course)).student == "ada"


def test_strays_are_named_with_a_reason(course, submitted):
    put(
        submitted / "submissions.zip",
        submitted / "=cmd/convolution/convolution.ipynb",
        submitted / "convolution/convolution.ipynb",
        submitted / "ada/Convolution/convolution.ipynb",
        submitted / "ada/lecture9/lecture9.ipynb",
        submitted / "ada/Tensor_ops.ipynb",
    )
    collected = collect(submitted, course)
    assert collected.found == ()
    reasons = whys(collected)
    assert reasons["submissions.zip"].startswith("It is not a folder. Submissions must be in")
    assert reasons["=cmd"].startswith("Its name cannot be a student's: it must begin with a letter or a digit")
    assert "It has the name of an exercise" in reasons["convolution"]
    assert reasons["Convolution"] == "No exercise has this name. Rename it to convolution."
    assert reasons["lecture9"] == "No exercise has this name. This course has: tensor_ops, convolution."
    assert reasons["Tensor_ops.ipynb"].endswith("Move it to ada/tensor_ops/tensor_ops.ipynb.")


def test_messages_show_no_control_characters(course, submitted):
    put(submitted / "ada/convolution/\x1b[31mred\u202egpj.pdf")
    problem = only(collect(submitted, course)).problem
    assert problem.isprintable()
    assert "�[31mred�gpj.pdf" in problem


@pytest.mark.parametrize("name", ["ada", "12345", "Müller", "jane.doe+x@uni.org", "_x", "王小明", "Zoë", "O'Brien (2)"])
def test_names_of_students(name):
    assert name_fault(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".hidden", "a/b", "a\\b", "=1+1", "+1", "-rf", "@a", "a ", "a.", "x" * 129, "grades.csv"),
        *("a,b", "a;b", "a|b", "a<b>", 'a"b', "[bold]", "a\nb", "a\x1b[0m", "a\u202eb", "\udcff"),
    ],
)
def test_names_that_no_student_can_have(name):
    assert name_fault(name)


def test_one_file_in_the_layout_tells_student_and_exercise(course, submitted, monkeypatch):
    path = submitted / "ada/convolution/convolution.ipynb"
    put(path)
    assert only(collect(path, course)) == SubmissionFile("ada", "convolution", path)
    assert only(collect(path, course, student="bob")).student == "bob"
    monkeypatch.chdir(path.parent)
    assert only(collect(Path("convolution.ipynb"), course)).student == "ada"


def test_one_file_elsewhere_is_anonymous(course, tmp_path):
    put(tmp_path / "downloads/Convolution (3).ipynb")
    handed = only(collect(tmp_path / "downloads/Convolution (3).ipynb", course))
    assert (handed.student, handed.exercise) == (ANONYMOUS, "convolution")


def test_a_file_whose_name_matches_no_exercise_asks_for_one(course, tmp_path):
    put(tmp_path / "answers.ipynb", tmp_path / "answers.txt")
    with pytest.raises(UsageError, match=r"--exercise tensor_ops; this course has: tensor_ops, convolution"):
        collect(tmp_path / "answers.ipynb", course)
    assert only(collect(tmp_path / "answers.ipynb", course, exercise="convolution")).exercise == "convolution"
    with pytest.raises(UsageError, match="neither a notebook"):
        collect(tmp_path / "answers.txt", course, exercise="convolution")
    with pytest.raises(UsageError, match="cannot be a student's name"):
        collect(tmp_path / "answers.ipynb", course, exercise="convolution", student="../x")
    with pytest.raises(UsageError, match="no file or folder"):
        collect(tmp_path / "missing", course)


def test_collecting_needs_no_torch():
    code = "import sys, autograder.submissions.find; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
