"""A course is read from the syntax of its files."""

import ast

import pytest

from autograder.course import mark_name, parsed, read_questions, statements
from autograder.errors import CourseError


def test_checks_that_are_no_python_are_named():
    with pytest.raises(CourseError, match=r"tests/checks/test_x\.py:2: this is not valid Python"):
        read_questions("import pytest\ndef test_(:\n", "tests/checks/test_x.py")


@pytest.mark.parametrize(
    ("decorator", "name"),
    [
        ("pytest.mark.public", "public"),
        ("pytest.mark.points(2)", "points"),
        ("pytest.fixture", ""),
        ("pytest.mark.points.more(2)", ""),
        ("mark.points(2)", ""),
        ("staticmethod", ""),
    ],
)
def test_a_mark_is_told_from_other_decorators(decorator, name):
    assert mark_name(ast.parse(decorator, mode="eval").body) == name


def test_statements_are_found_wherever_they_stand():
    source = """
import a
class C:
    import b
    def f(self):
        try:
            import c
        except E:
            import d
        else:
            import e
        finally:
            import f
        for _ in ():
            with x:
                import g
        else:
            import h
        match x:
            case 1:
                import i
        if x:
            pass
        elif y:
            import j
        return lambda: 0
"""
    imports = [node.names[0].name for node in statements(ast.parse(source)) if isinstance(node, ast.Import)]
    assert sorted(imports) == list("abcdefghij")


def test_a_source_is_parsed_once():
    assert parsed("x = 1") is parsed("x = " + "1")
