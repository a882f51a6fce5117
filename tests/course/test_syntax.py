"""The text behind a digest of code is the same in every version of Python."""

from __future__ import annotations

import ast

import pytest

from autograder.course.digests import outline


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("import a.b", "Import(names=[alias(name='a.b')])"),
        ("from . import a", "ImportFrom(names=[alias(name='a')], level=1)"),
        ("x: int = 0  # 0", "AnnAssign(target=Name(id='x'), annotation=Name(id='int'), value=Constant(0), simple=1)"),
        ("u'é\U0001fae8' ''", "Expr(value=Constant('\\xe9\\U0001fae8'))"),
        ("{**a, None: 1}", "Expr(value=Dict(keys=[None, Constant(None)], values=[Name(id='a'), Constant(1)]))"),
        (
            "def f(a, *, b): pass",
            "FunctionDef(name='f', args=arguments(args=[arg(arg='a')], kwonlyargs=[arg(arg='b')], kw_defaults=[None]), "
            "body=[Pass()])",
        ),
        (
            "f\"{a['b']!r:>{n}} c\"",
            "Expr(value=JoinedStr(values=[FormattedValue(value=Subscript(value=Name(id='a'), slice=Constant('b')), "
            "conversion=114, format_spec=JoinedStr(values=[Constant('>'), FormattedValue(value=Name(id='n'), "
            "conversion=-1)])), Constant(' c')]))",
        ),
    ],
)
def test_a_tree_is_written_the_same_way_by_every_python(code, wanted):
    (statement,) = ast.parse(code).body
    assert outline(statement) == wanted


def test_cases_of_none_and_false_are_told_apart():
    texts = [outline(ast.parse(f"match a:\n case {value}: pass")) for value in ("None", "False", "True", "0", "_")]
    assert len(set(texts)) == len(texts)


def test_none_nothing_and_zero_are_told_apart():
    texts = [outline(ast.parse(text)) for text in ("f(None)", "f(0)", "f(False)", "f()", "f([])", "f('')")]
    assert len(set(texts)) == len(texts)
