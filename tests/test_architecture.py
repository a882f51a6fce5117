"""The structure of the project: layers of imports, lazy imports, and rules that every file follows."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import load_course
from tests.conftest import require

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "autograder"

POINTS = {
    "tensor_ops": {
        "flatten_images": 1,
        "standardise": 2,
        "linear": 1,
        "logistic_regression": 2,
        "activation": 2,
        "maxout": 1,
        "deep_network": 2,
        "gradient": 1,
    },
    "data_split": {
        "split_indices": 3,
        "stratified_split": 3,
        "split_by_patient": 2,
        "normalisation_statistics": 2,
        "ImageDataset": 2,
        "make_loaders": 1,
        "augmentation": 1,
    },
    "mlp": {
        "binary_cross_entropy": 3,
        "sgd_step": 2,
        "MLP": 3,
        "train_one_epoch": 3,
        "evaluate": 3,
        "regularisation_penalty": 1,
        "EarlyStopping": 1,
        "fit": 4,
    },
    "convolution": {"output_size": 1, "conv2d_single": 4, "conv2d": 6, "max_pool2d": 3, "detect_edges": 2},
    "cnn": {"count_parameters": 1, "receptive_field": 2, "conv_block": 2, "SimpleCNN": 5, "fit_cnn": 6},
    "resnet": {"ResidualBlock": 6, "SmallResNet": 5, "adapt_resnet18": 3, "freeze_backbone": 2, "fit_resnet": 6},
    "interpretability": {"saliency_map": 3, "occlusion_map": 3, "grad_cam": 4, "top_patches": 3, "pointing_game": 2},
}
"""The points of the lecture's exercises, including those that do not exist yet."""

MAX_LINES = 400


# --- Rooms ----------------------------------------------------------------------------------------


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on the package in a folder."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    command = [sys.executable, "-c", code, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_imports_only_go_down():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


UPWARDS = {
    "checking/verdict.py": "import autograder.cli.main",
    "sandbox/protocol/frames.py": "def late():\n    from autograder.sandbox.processes import monitor",
    "integrations/grade_externally.py": "from autograder.integrations.otter import AllChecks",
    "text.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from autograder.results.model import Result",
    "attic/__init__.py": "",
}
"""Violations: imports upwards, also in a function or for type checkers, and a room that is not in the layers."""


@pytest.mark.parametrize("name", UPWARDS)
def test_an_import_upwards_is_found(name, tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "autograder" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{UPWARDS[name]}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert (name.partition("/")[0].removesuffix(".py")) in done.stdout


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MAX_FILES = 140
MAX_LOOSE = 3


def test_files_are_few_and_have_unique_names():
    """Except for the command line, where a file is named after the room that its command uses."""
    files = [path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts]
    assert len(files) <= MAX_FILES
    own = [path.name for path in files if path.parent.name != "cli" and path.name not in ("__init__.py", "__main__.py")]
    assert not {name for name in own if own.count(name) > 1}
    loose = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert len(loose) <= MAX_LOOSE, loose


def test_no_two_public_classes_share_a_name():
    trees = (ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py")))
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not {name for name in names if names.count(name) > 1 and not name.startswith("_")}


# Questions of this course whose names are also common words in PyTorch or English.
GENERAL_WORDS = {"evaluate", "fit", "gradient", "linear"}


def executed_words(path: Path) -> set[str]:
    """Return the words in a module's names and texts, except for docstrings and examples of commands."""
    tree = ast.parse(path.read_text("utf-8"))
    words: set[str] = set()
    for node in ast.walk(tree):
        for value in (getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname", "module")):
            words |= set(re.findall(r"\w+", value)) if isinstance(value, str) else set()
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode(errors="replace")
            words |= set(re.findall(r"\w+", text)) if not is_prose(text) else set()
    return words


def is_prose(text: str) -> bool:
    """Whether a text is a docstring, a message or an example of a command: it has several words."""
    return len(text.split()) > 1


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_of)
def test_the_package_does_not_depend_on_this_course(path):
    """Names of exercises and questions occur as examples in help and docstrings, never in executed code."""
    course = load_course(ROOT)
    names = {exercise.name for exercise in course.exercises}
    names |= {question.name for exercise in course.exercises for question in exercise.questions}
    assert not executed_words(path) & (names - GENERAL_WORDS)


def test_a_name_of_the_course_would_be_found(tmp_path):
    """In a name, an attribute, a keyword, a path or a key."""
    for code in ("conv2d(x)", "m.conv2d", "f(conv2d=1)", "'tests/conv2d.py'", "b'conv2d'", "def conv2d(): 0"):
        (tmp_path / "module.py").write_text(code)
        assert "conv2d" in executed_words(tmp_path / "module.py"), code


def own_settings() -> set[str]:
    """Return every setting that the package reads itself: literals of ``c.Course``, and traits of its own classes."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        found |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"c\.Course\.\w+", text)}
        for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            traits = (node for node in owner.body if isinstance(node, ast.Assign | ast.AnnAssign))
            for trait in (node for node in traits if ".tag(config=True)" in ast.unparse(node)):
                name = trait.target if isinstance(trait, ast.AnnAssign) else trait.targets[0]
                found.add(f"c.{owner.name}.{ast.unparse(name)}")
    return found


def test_every_setting_of_the_package_is_explained_in_the_configuration():
    lines = (ROOT / "nbgrader_config.py").read_text("utf-8").splitlines()
    settings = own_settings()
    assert {"c.Course.exercises", "c.Course.optional", "c.Grade.allow_lower"} <= settings
    for setting in sorted(settings):
        places = [n for n, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{setting} = ")]
        assert len(places) == 1, f"{setting} is not in nbgrader_config.py, or more than once"
        above = lines[places[0] - 1]
        assert re.match(r"# (?!c\.|---)", above), f"{setting} has no explanation"


# --- Lazy imports ---------------------------------------------------------------------------------


def modules_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after ``code``."""
    report = "\nimport json, sys\nprint('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


HEAVY = {
    "torch",
    "numpy",
    "pytest",
    "nbgrader",
    "jupytext",
    "matplotlib",
    "IPython",
    "rich",
    "sqlalchemy",
    "yaml",
    "pandas",
}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["build", "--help"], ["new", "--help"], ["grade", "--help"], ["collect", "-h"]],
)
def test_help_loads_nothing_heavy(arguments):
    code = (
        "from autograder.cli.main import main\n"
        f"try:\n    main({arguments!r}, prog_name='autograder')\n"
        "except SystemExit as end:\n    assert not end.code"
    )
    assert not modules_after(code) & HEAVY


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_after("import autograder, autograder.course, autograder.results") & HEAVY


def test_running_checks_loads_torch_only_when_a_check_needs_it():
    """PyTorch reads its number of threads at import, so the caller must be able to set it before."""
    assert not modules_after("import autograder.checking.runner, autograder.integrations.notebook") & {"torch", "numpy"}


def test_the_graders_own_process_never_loads_torch():
    """A process that never unpickles or computes tensors cannot be attacked through either."""
    engine = modules_after("import autograder.sandbox.engine, autograder.grading.whole_class")
    assert not engine & {"torch", "numpy"}


# --- Files ----------------------------------------------------------------------------------------


def tracked_files() -> list[Path]:
    """Return the files that belong to the project: tracked by git, or about to be."""
    require("git", "git")
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    names = listing.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_file_holds_too_much():
    """Exercises, checks and answers are as long as the lecture needs; all other files have one concern."""
    free = ("solutions", "exercises", "tests/checks", "tests/answers")
    long = {}
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and not name.startswith(free):
            lines = len(path.read_text("utf-8").splitlines())
            if lines > MAX_LINES:
                long[name] = lines
    assert not long, f"more than {MAX_LINES} lines: {long}"


def test_no_file_names_a_persons_folder_or_a_package_registry():
    homes = r"/(home|Users)/[a-z][\w.-]*/|[A-Z]:\\\\?Users\\"
    options = "|".join("-".join(words) for words in (("index", "url"), ("find", "links")))
    registries = rf"{options}|registry *= *http|https?:[^ \"]*/(?:simple)\b"
    here = "|".join(re.escape(f"{folder}/") for folder in (Path.home(), ROOT) if folder != Path("/"))
    forbidden = re.compile("|".join((homes, registries, here)).encode())
    found = []
    for path in tracked_files():
        if path == Path(__file__) or path.suffix in (".png", ".npz"):
            continue
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if forbidden.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line[:120].decode(errors='replace')}")
    assert not found, "\n".join(found)


# --- The course -----------------------------------------------------------------------------------


def test_points_are_those_that_the_course_promises():
    """Students are told the points, so a change must be made here too, on purpose."""
    course = load_course(ROOT)
    points = {
        exercise.name: {question.name: question.max_score for question in exercise.questions}
        for exercise in course.exercises
    }
    assert points == {name: POINTS[name] for name in points}
    assert list(points) == [name for name in POINTS if name in points], "not in the order of the lecture"


@pytest.mark.parametrize("exercise", [exercise.name for exercise in load_course(ROOT).exercises])
def test_every_question_has_public_and_hidden_checks(exercise):
    """Public ones so that nobody is surprised, hidden ones so that nobody codes to the test."""
    for question in load_course(ROOT).exercise(exercise).questions:
        public = sum(check.points for check in question.checks if check.public)
        assert 0 < public < question.max_score, question.name
