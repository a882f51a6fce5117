"""`autograder calibrate`: what it measures and records, and when a record no longer holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import load_course
from autograder.errors import CourseError
from autograder.grading.one_submission import grade
from autograder.grading.one_submission import prepare as prepare_submission
from autograder.proving.answers import read_answers
from autograder.proving.calibration import Repeats, calibrate, environments, find_problems, prepare
from autograder.proving.calibration_record import read_record
from autograder.proving.measuring import CACHE, Pool
from autograder.proving.proof import prove
from autograder.release.make import stub_module
from autograder.results.model import Outcome
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.sandbox.protocol.messages import Limits
from autograder.submissions.find import SubmissionFile
from autograder.submissions.read import read_cells

SOURCE = Path(__file__).parents[1] / "tiny_training"
CHECKS = "tests/checks/perceptron/hidden/test_fit.py"
EXPERIMENTS = "tests/checks/perceptron/hidden/experiments.py"
GIVEN = "tests/checks/perceptron/public/answers.py"
RECORD = "tests/checks/perceptron/calibration.json"
ANSWERS = "tests/answers/perceptron/fit.py"
SOLUTION = "solutions/perceptron.py"


@pytest.fixture(scope="module")
def pool():
    with Pool(1) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a copy of the course whose one exercise trains, with its record."""
    return shutil.copytree(SOURCE, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__", ".*"))


def edit(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def prepared(pool: Pool, root: Path):
    return prepare(pool, load_course(root).exercise("perceptron"))


def problems(pool: Pool, root: Path) -> list[str]:
    return [f"{name}: {problem}" for name, problem in find_problems(prepared(pool, root))]


def run(pool: Pool, root: Path, **options):
    return calibrate(pool, load_course(root), prepared(pool, root), **options)


def measured(root: Path) -> list[str]:
    return (root / CACHE / "perceptron.jsonl").read_text().splitlines()


# --- Planning -------------------------------------------------------------------------------------


def test_an_experiment_goes_with_the_answers_of_the_checks_that_use_it(pool, root):
    narrow, wide = prepared(pool, root).plans
    assert (narrow.graded, wide.graded) == (True, False)
    assert narrow.checks == wide.checks == ("fit.separates_the_clouds",)
    labels = {kind: [subject.label for subject in narrow.of(kind)] for kind in ("right", "wrong", "baseline")}
    assert labels == {
        "right": ["the solution", "starts at zero", "logistic regression", "difference of means"],
        "wrong": ["labels inverted", "no step is made", "the step is made with the wrong sign"],
        "baseline": ["always 1"],
    }
    assert narrow.subjects == wide.subjects


def test_a_held_out_answer_is_proven_but_not_measured(pool, root):
    exercise = load_course(root).exercise("perceptron")
    held_out = [answer for answer in read_answers(exercise, exercise.question("fit")) if answer.held_out]
    assert [answer.label for answer in held_out] == ["least squares"]
    for plan in prepared(pool, root).plans:
        assert "least squares" not in [subject.label for subject in plan.subjects]


def test_a_check_that_uses_an_experiment_through_helpers_is_found(pool, root):
    edit(root, CHECKS, "NARROW.check(submission,", "trains(submission,")
    edit(root, CHECKS, "import NARROW", "import trains")
    with (root / EXPERIMENTS).open("a") as file:
        file.write("\n\ndef trains(submission, **words):\n    NARROW.check(submission, **words)\n")
    assert prepared(pool, root).plans[0].graded


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        (CHECKS, "NARROW.check(", "print(", "is not used by any check"),
        (EXPERIMENTS, 'Experiment("wide"', 'Experiment("narrow"', "Two experiments have the same name"),
        (EXPERIMENTS, "def _data(", "def points_of(", "has no data"),
        (EXPERIMENTS, "return points[:100]", "return object(), points[:100]", "hold a object"),
        (EXPERIMENTS, '"always 1": majority}', '"always 1": lambda dataset, seed: {}}', "top level: <lambda>"),
        (CHECKS, "import pytest", "import nonsense", "No module named 'nonsense'"),
    ],
)
def test_an_experiment_that_cannot_be_planned_is_refused(pool, root, path, old, new, words):
    edit(root, path, old, new)
    with pytest.raises(CourseError, match=words):
        prepared(pool, root)


def test_a_measure_that_exercises_share_is_refused_because_its_record_would_not_be_found(pool, root):
    checks = root / "tests/checks"
    (checks / "shared/hidden").mkdir(parents=True)
    text = (checks / "perceptron/hidden/experiments.py").read_text("utf-8")
    head, experiments = text.split("BASELINES = ")
    (checks / "shared/hidden/training.py").write_text(head.replace("..public", "...perceptron.public"), "utf-8")
    (checks / "perceptron/hidden/experiments.py").write_text(
        "from autograder.checking import Experiment\n\n"
        f"from ...shared.hidden.training import held_out, majority\n\nBASELINES = {experiments}",
        "utf-8",
    )
    with pytest.raises(CourseError, match="narrow: define its measure in the folder of the exercise"):
        prepared(pool, root)


def test_answers_of_the_same_name_are_refused(pool, root):
    edit(root, ANSWERS, "logistic regression", "starts at zero")
    with pytest.raises(CourseError, match=r"two answers of the same name\. Rename one of starts at zero"):
        prepared(pool, root)


def test_an_exercise_without_experiments_costs_no_process(tiny_course):
    with Pool(1) as pool:
        assert prepare(pool, load_course(tiny_course).exercise("greetings")).plans == ()
        assert not pool._all


# --- Does a record hold? --------------------------------------------------------------------------


def test_the_committed_record_holds(pool, root):
    assert problems(pool, root) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (EXPERIMENTS, '"""Train once', '"""Once, train'),
        (CHECKS, "points(2)", "points(3)"),
        (ANSWERS, "    return torch.zeros(2)", "    return torch.zeros(1)"),
        (SOLUTION, "# Two clouds", "# Two small clouds"),
    ],
)
def test_a_record_holds_after_a_change_that_does_not_matter(pool, root, path, old, new):
    edit(root, path, old, new)
    assert problems(pool, root) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        (GIVEN, "EPOCHS = 2", "EPOCHS = 3", "the code of held_out or _data has changed"),
        (EXPERIMENTS, "torch.ones(len(labels))", "-torch.ones(len(labels))", "baselines have changed: always 1"),
        (EXPERIMENTS, 'metric="accuracy"', 'metric="auc"', "the metric is auc, but accuracy in the record"),
        (EXPERIMENTS, 'Experiment("narrow"', 'Experiment("new"', "new: there is no record"),
        (EXPERIMENTS, 'Experiment("narrow"', 'Experiment("new"', "narrow: it is in the record, but not in the checks"),
        (CHECKS, "test_separates_the_clouds", "test_renamed", "separates_the_clouds"),
        (ANSWERS, "20 * epochs", "9 * epochs", "right answers have changed: logistic regression"),
        (ANSWERS, 'caught_by="three_weights"', 'caught_by="three_weights, separates_the_clouds"', "wrong answers have"),
        (SOLUTION, "weights = torch.randn(3)", "weights = torch.rand(3)", "right answers have changed: the solution"),
        (RECORD, '"threshold": 0.7', '"threshold": 0.99', "was measured against another threshold"),
        (RECORD, '"threshold": 0.7', '"threshold": 0.4', "“no step is made” reaches the threshold"),
        (RECORD, '"n": 30', '"n": 20', "was measured with only 20 seeds"),
        (RECORD, '"failures": 0', '"failures": 1', "may fail more than once in 1 000"),
        (RECORD, '"wrongs"', '"rongs"', "wrong"),
        (RECORD, '"rights"', '"lefts"', "the record is damaged"),
    ],
)  # fmt: skip
def test_a_record_does_not_hold_after_a_change_that_matters(pool, root, path, old, new, words):
    edit(root, path, old, new)
    if words == "separates_the_clouds":  # the answers name the check
        with pytest.raises(CourseError, match=words):
            problems(pool, root)
    else:
        assert any(words in problem for problem in problems(pool, root))


def test_other_data_are_noticed(pool, root):
    now = prepared(pool, root)
    record = json.loads((root / RECORD).read_text())
    for entry in record["experiments"].values():
        entry.update(data="0" * 64, environment=now.environment)
    (root / RECORD).write_text(json.dumps(record))
    assert problems(pool, root) == [
        f"{name}: the data of {name} differ from those in the record" for name in ("narrow", "wide")
    ]
    assert list(environments(now)) == []


def test_another_environment_is_reported_but_is_not_a_problem(pool, root):
    record = json.loads((root / RECORD).read_text())
    record["experiments"]["narrow"].update(environment="python 4", data="0" * 64)
    (root / RECORD).write_text(json.dumps(record))
    assert problems(pool, root) == []
    assert ("narrow", "python 4") in list(environments(prepared(pool, root)))


@pytest.mark.parametrize("text", ["", "[]", '{"experiments": 3}'])
def test_a_file_that_is_not_a_record_is_refused(pool, root, text):
    (root / RECORD).write_text(text)
    with pytest.raises(CourseError, match="is not a calibration record"):
        problems(pool, root)


def test_all_files_of_an_exercise_travel_with_its_checks(root):
    exercise = load_course(root).exercise("perceptron")
    (root / "tests/checks/perceptron/model.npz").write_bytes(b"weights")
    (root / "tests/checks/perceptron/make_model.py").write_text("")
    after = load_course(root).exercise("perceptron")
    assert [name for name, _ in after.check_files.files] == [
        "perceptron/calibration.json",
        "perceptron/hidden/experiments.py",
        "perceptron/hidden/test_fit.py",
        "perceptron/model.npz",
        "perceptron/public/answers.py",
        "perceptron/public/test_fit.py",
    ]
    assert after.check_files.digest != exercise.check_files.digest


# --- Measuring ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_measurements_give_the_same_bytes_and_only_what_changed_is_measured_again(pool, root):
    (root / RECORD).unlink()
    outcomes = run(pool, root)
    assert [outcome.problem for outcome in outcomes] == ["", ""]
    first = (root / RECORD).read_bytes()
    assert problems(pool, root) == []
    made = len(measured(root))
    assert made == 2 * (4 * 30 + 4 * 5)

    lines = measured(root)  # as if it had been killed halfway through a line
    (root / CACHE / "perceptron.jsonl").write_text("\n".join(lines[: made // 2]) + '\n["torn')
    run(pool, root)
    assert (root / RECORD).read_bytes() == first

    edit(root, ANSWERS, "20 * epochs", "30 * epochs")
    before = len(measured(root))
    run(pool, root)
    assert len(measured(root)) == before + 2 * 30
    assert (root / RECORD).read_bytes() != first

    shutil.rmtree(root / CACHE)
    edit(root, ANSWERS, "30 * epochs", "20 * epochs")
    with Pool(2) as two:
        run(two, root)
    assert (root / RECORD).read_bytes() == first


@pytest.mark.slow
def test_an_interrupted_run_keeps_what_it_measured_and_leaves_no_process_behind(root):
    before = (root / RECORD).read_bytes()

    def interrupt(task, measurement):
        raise KeyboardInterrupt

    with Pool(2) as two:
        with pytest.raises(KeyboardInterrupt):
            run(two, root, notify=interrupt)
        assert not two._all
    assert 0 < len(measured(root)) < 280
    assert (root / RECORD).read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("right", [30, 10])
def test_what_the_record_says(pool, root, right):
    run(pool, root, repeats=Repeats(right=right))
    assert problems(pool, root) == []
    entry = read_record(load_course(root).exercise("perceptron"))["narrow"]
    assert entry["failure_bound"] <= 1e-3
    assert entry["graded_with_seeds"] == [1, 2, 3]
    for label, each in entry["rights"].items():
        assert each["n"] == (30 if label == "the solution" else right)
        assert entry["threshold"] < each["min"] <= each["mean"]
        assert set(each["means_of_others"]) == {"auc", "balanced_accuracy"}
    for wrong in (*entry["wrongs"].values(), *entry["baselines"].values()):
        assert wrong["max"] < entry["threshold"]


@pytest.mark.slow
def test_a_mistake_that_the_metric_does_not_show_leaves_no_threshold(pool, root):
    edit(root, ANSWERS, "return torch.zeros(3)", "return torch.tensor([1.0, 1.0, 0.0])")
    narrow, wide = run(pool, root)
    assert "“no step is made” reaches 1.000; but the right answer “the solution” falls to 0.985" in narrow.problem
    assert wide.entry["wrongs"]["no step is made"]["below"] is False  # not graded: reported, but it blocks nothing
    assert set(read_record(load_course(root).exercise("perceptron"))) == {"wide"}


@pytest.mark.slow
def test_answers_that_break_are_told_apart(pool, root):
    edit(root, ANSWERS, "return torch.zeros(3)", "import os; os._exit(3)")
    edit(root, ANSWERS, "weights = weights - (labels[i]", "print('{}'); raise ValueError('no') - (labels[i]")
    narrow, _ = run(pool, root, repeats=Repeats(wrong=1))
    wrongs = narrow.entry["wrongs"]
    assert [wrongs[label]["without_result"] for label in sorted(wrongs)] == [0, 1, 1]
    edit(root, ANSWERS, "import os; os._exit(3)", "return torch.zeros(3)")
    edit(root, ANSWERS, "one, zero = points[labels == 1].mean(0), points[labels == 0].mean(0)", "return None")
    narrow, _ = run(pool, root, repeats=Repeats(wrong=1))
    assert narrow.problem == (
        "the right answer “difference of means” fails: CheckFailure: fit must return three numbers."
    )


@pytest.mark.slow
def test_the_command(root):
    def invoke(*options):
        done = CliRunner().invoke(main, ["calibrate", *options, "--course", str(root)])
        return done.exit_code, " ".join(done.output.split())

    assert invoke("--check", "perceptron")[0] == 0
    spread = '"wide": 1.0}[dataset]'
    edit(root, EXPERIMENTS, spread, f'{spread} if dataset == "narrow" else open("/missing")')
    code, output = invoke()
    assert code == 0, output
    assert "Not measured: wide; its old record stays. [Errno 2]" in output
    code, output = invoke("--check")
    assert code == 1, output  # the function that reads the data has changed
    assert "wide: its data are not available here" in output
    edit(root, ANSWERS, "return torch.zeros(3)", "return torch.tensor([1.0, 1.0, 0.0])")
    code, output = invoke("perceptron")
    assert code == 1
    assert "No threshold: narrow: “no step is made” reaches" in output
    assert invoke("nonsense")[0] == 2
    assert invoke("--seeds", "20")[0] == 2


# --- The same as when it is graded ----------------------------------------------------------------


@pytest.fixture(scope="module")
def engine():
    with Engine(best_tier()) as running:
        yield running


def submitted(root: Path, engine: Engine):
    exercise = load_course(root).exercise("perceptron")
    ready = prepare_submission(SubmissionFile("ada", exercise.name, exercise.solution), exercise, engine.tier)
    return {check.name: check for check in grade(engine, ready, Limits()).questions[0].checks}


@pytest.mark.slow
def test_results_are_those_of_the_sandbox(pool, root, engine):
    now = prepared(pool, root)
    (solution, *_) = now.plans[1].of("right")
    cells = [[cell.id, cell.source] for cell in solution.cells]
    files = load_course(root).exercise("perceptron").check_files
    request = {**pool.install(files), "experiment": "wide", "seed": 7}
    metrics = pool.ask(do="measure", subject={"kind": "right", "label": "", "cells": cells}, **request)["metrics"]
    edit(root, CHECKS, "    NARROW.check(", f"    assert WIDE.run(submission, 7) == {metrics!r}\n    NARROW.check(")
    edit(root, CHECKS, "import NARROW", "import NARROW, WIDE")
    result = submitted(root, engine)["separates_the_clouds"]
    assert result.outcome is Outcome.PASSED, result.message
    edit(root, CHECKS, "WIDE.run(submission, 7)", "WIDE.run(submission, 8)")
    assert submitted(root, engine)["separates_the_clouds"].outcome is Outcome.FAILED


@pytest.mark.slow
def test_a_missing_record_is_a_grader_error_and_costs_no_points(root, engine):
    assert submitted(root, engine)["separates_the_clouds"].outcome is Outcome.PASSED
    (root / RECORD).unlink()
    result = submitted(root, engine)["separates_the_clouds"]
    assert result.outcome is Outcome.GRADER_ERROR
    assert "CalibrationError" in result.message


@pytest.mark.slow
def test_the_checks_of_the_course_that_trains_are_proven(root, engine):
    exercise = load_course(root).exercise("perceptron")
    (root / "stub.py").write_text(stub_module(exercise))
    found = prove(engine, exercise, read_cells(root / "stub.py"), jobs=2)
    assert [problem for proof in found for problem in proof.all_problems] == []
    assert "least squares" in [verdict.answer.label for proof in found for verdict in proof.verdicts]
