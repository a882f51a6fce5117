"""Run checks with pytest, for authors, notebooks and the grader.

This module is the pytest plugin: it declares the marks and the `submission` fixture. ``pytest tests/checks
--submission answers.ipynb`` runs the checks on a file, in this process and with pytest's own report; without the option
they run on the course's solutions. A `Recorder` brings its own submission and turns each check into a `CheckResult`.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import importlib
import os
import sys
import time
import types
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol

import pytest

from autograder.checking.failures import NotAllowed, WorkerDied
from autograder.checking.student_module import LocalSubmission, seed_everything
from autograder.checking.verdict import judge, not_run
from autograder.course import Check
from autograder.course.check_files import FOLDER, HIDDEN, PUBLIC
from autograder.results.model import CheckResult, Outcome
from autograder.results.pictures import take_shown

SUBMISSION = pytest.StashKey[Any]()

_MARKERS = (
    "points(n): points that the check is worth",
    "hint(text): shown when the check fails",
    "hints(text, ...): the hints that hint(question) shows one by one; in pytestmark",
    "uses(question, ...): a wrong answer to these does not cost this question's points; in pytestmark",
    "after(check, ...): run only if these checks of the same question passed; in pytestmark, for the whole file",
    "timeout(seconds): CPU seconds that the check may use",
    "memory(mb): MiB that the student's process may use during the check",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--submission``."""
    parser.addoption("--submission", metavar="FILE", help="notebook or module to check (default: the solution)")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect a file of checks as a module of the package ``checks``, wherever pytest was started."""
    folders = module_path.parents
    if len(folders) > 2 and folders[0].name in (PUBLIC, HIDDEN) and folders[2].name == FOLDER:
        module: pytest.Module = CheckModule.from_parent(parent, path=module_path)
        return module
    return None


class CheckModule(pytest.Module):
    """A file of checks: it may share its name with another one, and may import others relatively.

    None of pytest's import modes serves both in a course without a pytest configuration of its own.
    """

    def _getobj(self) -> types.ModuleType:
        folder = self.path.parents[2]
        # One session may collect several courses, and each brings a package of this name.
        if getattr(sys.modules.get(FOLDER), "__path__", None) != [str(folder)]:
            install_package(folder)
        return importlib.import_module(module_name(folder, self.path))


def module_name(folder: Path, path: Path) -> str:
    """Return what a file of checks is called when it is imported; ``folder`` holds all checks."""
    return ".".join((FOLDER, *path.relative_to(folder).with_suffix("").parts))


@pytest.fixture
def submission(request: pytest.FixtureRequest) -> Any:
    """Return the submission, used as if it were the student's module."""
    provided = request.config.stash.get(SUBMISSION, None)
    return provided if provided is not None else request.getfixturevalue("_submission_from_file")


@pytest.fixture(scope="module")
def _submission_from_file(request: pytest.FixtureRequest) -> Any:
    path = request.config.getoption("--submission")
    if path is None:  # root/tests/checks/<exercise>/<kind>/test_<question>.py
        folders = Path(str(request.node.path)).parents
        path = folders[4] / "solutions" / f"{folders[1].name}.py"
    return _loaded(Path(path))


@functools.lru_cache(maxsize=1)  # pytest runs the files of one exercise one after another
def _loaded(path: Path) -> Any:
    """Return the submission in a file, run once for all questions of an exercise."""
    from autograder.checking.execution import load_submission

    return load_submission(path)


# Load only the parts of pytest that running checks needs: each plugin costs start-up time.
_ARGUMENTS = (
    "-p", "autograder.checking.runner", "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:warnings",
    "-p", "no:logging", "-p", "no:junitxml", "-p", "no:faulthandler", "-p", "no:doctest", "-p", "no:pastebin",
    "-p", "no:setuponly", "-p", "no:stepwise", "-p", "no:unittest", "-p", "no:debugging", "-p", "no:threadexception",
    "-p", "no:unraisableexception", "--assert=plain", "--noconftest", "-c", os.devnull,
    "--continue-on-collection-errors",  # a broken file must not keep the others from running: `report_missing`
)  # fmt: skip


ReportCheck = Callable[[Check, CheckResult, float], None]


class Session(Protocol):
    """A submission, with the seeds and limits that apply to each check."""

    @property
    def submission(self) -> Any:
        """The submission that checks receive."""

    def begin(self, check: Check) -> None:
        """Prepare for a check: a live process, seeds, limits."""

    def end(self, check: Check) -> None:
        """Lift the limits; raise `WorkerDied` if the check exceeded one without being stopped."""


class LocalSession:
    """A session in the notebook's own process: it cannot stop an endless loop, so the student has to interrupt it."""

    def __init__(self, submission: LocalSubmission) -> None:
        self.submission = submission
        self._started = 0.0

    def begin(self, check: Check) -> None:
        """Seed and start the clock."""
        self.submission._seed(seed_of(check, "student"))
        self._started = time.process_time()

    def end(self, check: Check) -> None:
        """Raise `WorkerDied` if the check exceeded its time limit."""
        # CPU time, as in the sandbox: a busy machine costs nobody a check.
        if check.timeout_s is not None and time.process_time() - self._started > check.timeout_s:
            raise WorkerDied("time", f"This took longer than the {check.timeout_s:g} s allowed.")


def seed_of(check: Check, side: str, key: bytes = b"") -> int:
    """Return a check's seed for one side; it is the same in every run and differs between checks.

    With a ``key``, nobody without it can tell from the seed which check is running. Public checks do without: a
    student's notebook must get the same seeds as the grader.
    """
    # Not `hash`, which differs from process to process. Both sides differ, or an answer could draw a check's inputs.
    name = f"{side}:{check.question}.{check.name}".encode()
    digest = hashlib.sha256(name).digest() if check.public else hmac.digest(key, name, "sha256")
    return int.from_bytes(digest[:4], "big")  # NumPy takes seeds of 32 bits


def literals_of(modules: Iterable[Path]) -> frozenset[str]:
    """Return the texts in the code of these files: what the messages of hidden checks are made of."""
    found: set[str] = set()
    # By way of the compiled files, which exist already. None of them is imported.
    waiting: list[Any] = [SourceFileLoader("", str(path)).get_code("") for path in modules]
    while waiting:
        match waiting.pop():
            case str(text):
                found.add(text)
            case types.CodeType() as code:
                waiting += code.co_consts
            case tuple() | frozenset() as several:
                waiting += several
    return frozenset(found)


class Recorder:
    """The pytest plugin of one run: selects and seeds checks, and reports their results."""

    def __init__(self) -> None:
        self._checks: dict[tuple[str, str], Check] = {}
        self._reported: set[tuple[str, str]] = set()
        self._passed: set[tuple[str, str]] = set()
        self._literals: frozenset[str] = frozenset()
        self.voided: set[str] = set()
        """The questions that earn nothing, because a check found what the exercise does not allow."""

    # Not in `__init__`: a checker collects its files once, and begins in a fork for each submission.
    def begin(
        self,
        checks: Iterable[Check],
        session: Session,
        report: ReportCheck,
        reused: Mapping[tuple[str, str], bool] = MappingProxyType({}),
    ) -> None:
        """Set the checks and the submission of this run; ``report(check, result, seconds)`` is called as each ends.

        Checks in ``reused`` are not run. The mapping says whether each passed, because others may come `after` them.
        """
        self._checks = {(check.question, check.name): check for check in checks}
        self._questions = {question for question, _ in self._checks}
        self._session = session
        session.submission._expect_functions(self._questions)
        self._report = report
        self._reported = set(reused)
        self._passed = {key for key, passed in reused.items() if passed}
        self._cases = Counter[tuple[str, str]]()
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)

    def pytest_collection_finish(self) -> None:
        """Learn the words that messages of hidden checks may use; a student's notebook has no hidden checks."""
        names = _modules_of_checks()
        if not any(f".{HIDDEN}." in name for name in names):
            return
        loaded = [getattr(sys.modules[name], "__file__", None) for name in names]
        self._literals = literals_of([*Path(__file__).parent.glob("*.py"), *(Path(file) for file in loaded if file)])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Select the checks of this run: public ones first, otherwise in file order.

        Public checks must come first: a process that has seen a hidden input could leak it in a public message.
        """
        session.config.stash[SUBMISSION] = self._session.submission
        found = [(check, item) for item in session.items if (check := self._find(item)) is not None]
        chosen = [(check, item) for check, item in found if (check.question, check.name) not in self._reported]
        self._cases.update((check.question, check.name) for check, _ in chosen)
        session.items[:] = [item for _, item in sorted(chosen, key=lambda pair: not pair[0].public)]
        return None  # continue with pytest's own loop

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Skip the remaining cases of a parametrised check after one has failed."""
        check = self._check(item)
        return True if (check.question, check.name) in self._reported else None

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a check if one that it comes `after` did not pass."""
        check = self._check(item)
        for earlier in check.after:
            if (check.question, earlier) not in self._passed:
                pytest.skip(f"Not run because the check “{self._title(check.question, earlier)}” did not pass.")

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        """Seed both sides and set limits around the check itself."""
        check = self._check(pyfuncitem)
        take_shown()  # discards pictures that an earlier check left
        seed_everything(seed_of(check, "checker"))
        self._session.begin(check)
        result = yield  # raises what the check raised: then `end` is skipped, and the exception decides
        self._session.end(check)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Turn the check's exception, if any, into its result. pytest's own report is unused, so it stays empty."""
        error = call.excinfo.value if call.excinfo else None
        if call.when == "call" or (call.when == "setup" and error is not None):
            check = self._check(item)
            if isinstance(error, NotAllowed):
                self.voided.add(check.question)
            skipped = isinstance(error, pytest.skip.Exception)
            result = (
                not_run(check, str(error))
                if skipped
                else judge(check, error, self._questions, take_shown(), self._literals)
            )
            self._note_case(check, result, call.duration)
        # pytest itself needs it: it calls a test only if the report of its setup passed.
        outcome: Literal["passed", "failed"] = "failed" if error is not None else "passed"
        assert call.when != "collect"
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when)

    def report_missing(self) -> None:
        """Report checks that pytest did not reach, because their file does not import, as grader errors."""
        for key, check in self._checks.items():
            if key not in self._reported:
                message = f"test_{check.question}.py could not be run. This is not your mistake and costs you no points"
                result = not_run(check, f"{message}; your teachers will look at it.", Outcome.GRADER_ERROR)
                self._note(check, result, 0.0)

    def _note_case(self, check: Check, result: CheckResult, seconds: float) -> None:
        """Record one case of a check, which passes when all of its cases pass."""
        key = check.question, check.name
        self._cases[key] -= 1  # at 0, all of them ran and none failed: the first failure skips the others
        self._seconds[key] += seconds
        if result.outcome is not Outcome.PASSED:
            self._note(check, result, self._seconds[key])
        elif not self._cases[key]:
            self._passed.add(key)
            self._note(check, result, self._seconds[key])

    def _note(self, check: Check, result: CheckResult, seconds: float) -> None:
        self._reported.add((check.question, check.name))
        self._report(check, result, seconds)

    def _find(self, item: pytest.Item) -> Check | None:
        name = getattr(item, "originalname", item.name)  # without the parameters of a case
        return self._checks.get((item.path.stem.removeprefix("test_"), name.removeprefix("test_")))

    def _check(self, item: pytest.Item) -> Check:
        check = self._find(item)
        assert check is not None, "only selected checks are run"
        return check

    def _title(self, question: str, name: str) -> str:
        check = self._checks.get((question, name))
        return check.title if check else name


def run_checks(tests: Sequence[Path], checks: Iterable[Check], session: Session, report: ReportCheck) -> None:
    """Run the given checks from the files ``tests``; call ``report(check, result, seconds)`` as each ends."""
    recorder = Recorder()
    recorder.begin(checks, session, report)
    run_pytest(tests, recorder)
    recorder.report_missing()


def run_pytest(tests: Sequence[Path], recorder: Recorder) -> None:
    """Collect files ``checks/<exercise>/<kind>/test_<question>.py`` and run the checks that the recorder selects."""
    if not tests:
        return
    folder = tests[0].parents[2]
    root = str(folder.parent)
    with _quiet_environment(), package_of_checks(folder):
        # Without --confcutdir, pytest lists every folder from the file system's root down, which a sandbox may refuse.
        pytest.main([*_ARGUMENTS, "--rootdir", root, "--confcutdir", root, *map(str, tests)], plugins=[recorder])


@contextmanager
def package_of_checks(folder: Path) -> Iterator[None]:
    """Make ``folder`` an importable package, so that check files can use relative imports.

    Modules already loaded under that name are set aside and restored afterwards.
    """
    others = install_package(folder)
    try:
        yield
    finally:
        for name in _modules_of_checks():  # helpers too: those of another course have the same names
            del sys.modules[name]
        sys.modules.update(others)


def install_package(folder: Path) -> dict[str, types.ModuleType]:
    """Make ``folder`` the package ``checks``, and return the modules that had this name before."""
    package = types.ModuleType(FOLDER)
    package.__path__ = [str(folder)]
    others = {name: sys.modules.pop(name) for name in _modules_of_checks()}
    sys.modules[FOLDER] = package
    return others


def _modules_of_checks() -> list[str]:
    return [name for name in sys.modules if name == FOLDER or name.startswith(f"{FOLDER}.")]


@contextmanager
def _quiet_environment() -> Iterator[None]:
    """Keep pytest from loading installed plugins and from reading options in the environment."""
    names = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
