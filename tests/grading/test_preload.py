"""The modules that a zygote imports before it forks."""

import ast

from autograder.grading.scheduler import _statements


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
    imports = [node.names[0].name for node in _statements(ast.parse(source)) if isinstance(node, ast.Import)]
    assert sorted(imports) == list("abcdefghij")
