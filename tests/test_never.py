"""Rules that hold for the code as a whole.

Tests of sandbox, grading and proving check what the grader does when it runs.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograder"
SHARED_DATA = ROOT.parent / "shared" / "data"


def sources() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(module: str) -> set[str]:
    """Return the modules that an import of ``module`` loads."""
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_graders_own_process_loads_nothing_that_runs_students_code():
    grader = imports_of("autograder.cli.grade") | imports_of("autograder.grading.whole_class")
    assert "autograder.sandbox.engine" in grader
    assert not grader & {"torch", "IPython", "autograder.checking.execution", "autograder.sandbox.processes.worker"}


def test_nothing_is_ever_unpickled():
    forbidden = re.compile(r"\b(pickle|cloudpickle|dill|joblib|shelve)\b|torch\.load\(|allow_pickle=True")
    assert not [name for name, text in sources().items() if forbidden.search(_code_only(text))]
    # marshal carries checks from the grader to its own checker, and nothing back.
    assert [name for name, text in sources().items() if "marshal" in text] == [
        "autograder/sandbox/protocol/messages.py"
    ]
    assert "marshal.loads" not in "".join(sources().values())


def _code_only(text: str) -> str:
    return ast.unparse(ast.parse(text))


def test_outputs_of_notebooks_are_read_by_nothing_that_grades():
    outputs = re.compile(r"""\[["']outputs["']\]|\.outputs\b|\.stdout\b""")
    readers = [name for name, text in sources().items() if outputs.search(text)]
    assert readers  # those that write notebooks and feedback
    assert [name for name in readers if "/grading/" in name or "/checking/" in name] == []


def test_an_author_cannot_give_an_experiment_a_threshold():
    from autograder.checking import Experiment

    settable = {field.name for field in dataclasses.fields(Experiment)}
    assert settable == {"name", "measure", "dataset", "metric", "data", "baselines"}


def test_no_check_compares_a_metric_with_a_literal_number():
    checks = sorted((ROOT / "tests" / "checks").rglob("*.py"))
    assert checks
    found = {str(path.relative_to(ROOT)): literal_thresholds(path.read_text("utf-8")) for path in checks}
    assert not {name: comparisons for name, comparisons in found.items() if comparisons}


def literal_thresholds(source: str) -> list[str]:
    """Return the comparisons of source code that hold a metric, by name or key, to a number between 0 and 1."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(
            isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops
        ):
            numbers = [side.value for side in (node.left, *node.comparators) if isinstance(side, ast.Constant)]
            fractions = [number for number in numbers if isinstance(number, float) and 0 < number < 1]
            if fractions and re.search(r"accuracy|\bauc\b|metrics", ast.unparse(node), re.IGNORECASE):
                found.append(ast.unparse(node))
    return found


def test_literal_thresholds_are_seen():
    source = (
        "assert metrics['accuracy'] >= 0.9; a = 0.5 < auc; b = val_accuracy < 0.7; c = 0 <= accuracy <= 1; d = e < 0.1"
    )
    assert literal_thresholds(source) == ["metrics['accuracy'] >= 0.9", "0.5 < auc", "val_accuracy < 0.7"]


@pytest.mark.slow
@pytest.mark.parametrize("root", [ROOT, ROOT / "tests" / "tiny_training"], ids=["course", "tiny_training"])
def test_every_calibration_record_holds(root, monkeypatch):
    """Its data and code are the current ones, and its threshold lies between right and wrong answers."""
    if SHARED_DATA.is_dir():
        monkeypatch.setenv("AUTOGRADER_DATA", str(SHARED_DATA))
    from autograder.course import load_course
    from autograder.proving.calibration import find_problems, prepare
    from autograder.proving.measuring import Pool

    with Pool(1) as pool:
        for exercise in load_course(root).exercises:
            assert list(find_problems(prepare(pool, exercise))) == [], f"run: autograder calibrate {exercise.name}"


def test_stub_and_solution_are_not_written_twice_by_hand():
    from autograder.course import load_course
    from autograder.release.build import find_drift

    course = load_course(ROOT)
    assert find_drift(course) == []
    assert {path.stem for path in (ROOT / "exercises").glob("*.py")} == {e.name for e in course.exercises}


CLOCKS = {"sleep", "time", "monotonic", "perf_counter", "process_time"}
STUDENTS_CODE = ("tests/checks/", "tests/answers/", "tests/attacks/")


def test_no_test_waits_for_time_to_pass_or_asks_a_clock():
    """Except in `tests.events`; code in strings and attacks is students' code."""
    offenders = {
        name: uses
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if not (name := path.relative_to(ROOT).as_posix()).startswith(STUDENTS_CODE) or path.name == "test_attacks.py"
        if (uses := uses_of_clocks(path.read_text("utf-8")))
    }
    assert list(offenders) == ["tests/events.py"], offenders


def uses_of_clocks(source: str) -> list[str]:
    """Return where code sleeps or reads a clock."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr in CLOCKS and ast.unparse(node.value) == "time")
        or (isinstance(node, ast.ImportFrom) and node.module == "time")
    ]


def test_clocks_are_seen():
    source = "time.sleep(1); x = time.monotonic() + 1; from time import sleep; job.time; 'time.sleep(1)'; time.strftime"
    assert uses_of_clocks(source) == ["from time import sleep", "time.sleep", "time.monotonic"]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["grade", "--help"], ["build", "--help"], ["prove", "--help"], ["calibrate", "--help"]]
)
def test_help_imports_no_torch(arguments):
    code = (
        "import sys\nfrom autograder.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'nbgrader', 'IPython', 'jupytext', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: " in done.stdout
