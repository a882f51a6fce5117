"""The documented tree of errors is complete, and Python's own exceptions are converted to it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder import errors
from autograder.errors import CourseError, FileError, explained, reading, writing


def test_the_tree_in_the_docstring_is_complete():
    """Every class is in the docstring of the module, below its base class."""
    bases = {}
    for path in Path(errors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.bases:
                bases[node.name] = ast.unparse(node.bases[0])
    tree = {"AutograderError": ""}
    while grown := {name: base for name, base in bases.items() if base in tree and name not in tree}:
        tree |= grown
    assert len(tree) > 5
    drawn, above = {}, []
    for line in (errors.__doc__ or "").splitlines():
        before, name = line[: len(line) - len(line.lstrip(" │├└─"))], line.lstrip(" │├└─").split(" ")[0]
        if name.isidentifier() and name in bases and line.startswith("    "):
            depth = len(before) // 4
            above[depth - 1 :] = [name]
            drawn[name] = above[depth - 2] if depth > 1 else ""
    assert drawn == tree


@pytest.mark.parametrize(
    ("package", "how"),
    [
        ("torch", "pip install medical-image-autograder"),
        ("PIL", "pip install medical-image-autograder"),
        ("nbgrader", 'pip install "medical-image-autograder[staff]"'),
        ("sqlalchemy", 'pip install "medical-image-autograder[staff]"'),
        ("yaml", 'pip install "medical-image-autograder[staff]"'),
        ("distributed", 'pip install "medical-image-autograder[cluster]"'),
        ("psycopg", 'pip install "medical-image-autograder[postgres]"'),
        ("psycopg2", "pip install psycopg2"),
    ],
)
def test_a_missing_package_is_named_with_how_to_install_it(package, how, monkeypatch):
    monkeypatch.setattr(errors, "find_spec", lambda name: None)
    error = explained(ModuleNotFoundError(name=f"{package}.part"))
    assert str(error) == f"The package {package} is not installed. Install it with: {how}"


def test_a_broken_pipe_is_left_to_click():
    assert explained(BrokenPipeError(32, "Broken pipe")) is None


def test_a_file_is_named_with_its_problem(tmp_path):
    (tmp_path / "latin").write_bytes(b"\xe4")
    with (
        pytest.raises(CourseError, match=r"latin cannot be read: it is not text in UTF-8\. Save"),
        reading(tmp_path / "latin", CourseError),
    ):
        (tmp_path / "latin").read_text("utf-8")
    with pytest.raises(FileError, match="none cannot be read"), reading(tmp_path / "none"):
        (tmp_path / "none").read_text("utf-8")
    with pytest.raises(FileError, match=r"cannot be written \(Is a directory\)"), writing(tmp_path):
        tmp_path.write_text("")
