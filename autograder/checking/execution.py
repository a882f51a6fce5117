"""Run notebook cells in a namespace, as a kernel would, but without a kernel.

IPython translates magics into Python, so ``%timeit`` and ``%%time`` work; shell commands and plotting back ends do
nothing. The grader's worker and ``pytest --submission`` use this.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import linecache
import operator
import re
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.checking.failures import StudentError
from autograder.checking.student_module import LocalSubmission, describe_error
from autograder.course.cells import Cell, names_defined
from autograder.submissions.read import read_cells
from autograder.submissions.restore import without_figures

_FEATURES = importlib.import_module("__future__")
_FUTURES = functools.reduce(
    operator.or_, (getattr(_FEATURES, name).compiler_flag for name in _FEATURES.all_feature_names)
)
"""The compiler flags of all ``from __future__ import …`` statements."""


def make_shell() -> Any:
    """Return an IPython shell that runs magics, writes no history to disk and starts no thread."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class QuietShell(InteractiveShell):  # type: ignore[misc, unused-ignore]
        """A headless shell: ``%matplotlib`` and ``!commands`` do nothing."""

        def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, None]:
            return gui, None

        def system(self, cmd: str) -> None:  # !pip install would only fail: the sandbox has no network
            return None

        def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> list[str]:
            return []

    config = Config()
    config.HistoryManager.enabled = False  # enabled, it writes to a database in a thread of its own
    config.HistoryManager.hist_file = ":memory:"
    return QuietShell(config=config)


_LONGEST_LINE = 1000
"""The longest line of a student that is searched: a search of one that was made for it could take minutes."""


class CellRunner:
    """Runs cells in order in one namespace; a failing cell does not stop the next one."""

    def __init__(self, module_name: str = "submission", shell: Any = None) -> None:
        self.module = types.ModuleType(module_name)
        self.namespace = self.module.__dict__
        self.shell = shell if shell is not None else make_shell()
        self.shell.user_module, self.shell.user_ns = self.module, self.namespace  # magics such as %timeit run there
        self.shell.init_user_ns()  # the names that every notebook has, some of which magics need
        self.namespace["_dh"][:] = [str(Path.cwd())]  # a text, as in Jupyter
        self.deleted: dict[str, str] = {}
        """The names that a cell deleted, each with the last cell that did."""
        self._futures = 0

    def run(self, cell: Cell) -> StudentError | None:
        """Run one cell; return a description of the exception that it raised, or None."""
        filename = f"<cell {cell.id}>"
        before = set(self.namespace)
        sys.path_importer_cache.pop(str(Path.cwd()), None)  # a file that a cell writes can be imported
        try:
            # IPython drops leading blank lines. Restore them, so that line numbers in messages match the cell.
            blank = cell.source[: len(cell.source) - len(cell.source.lstrip())].count("\n")
            source = "\n" * blank + self.shell.transform_cell(cell.source)
            # Lets tracebacks quote the cell. Without a modification time, `linecache.checkcache` keeps the entry.
            linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
            # dont_inherit: this module's own `from __future__` import must not apply to the cell.
            flags = self._futures | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(source, filename, "exec", flags, dont_inherit=True)
            # As in Jupyter, a `from __future__` import also applies to the cells below it.
            self._futures |= code.co_flags & _FUTURES
            if code.co_flags & inspect.CO_COROUTINE:
                self.shell.loop_runner(eval(code, self.namespace))
            else:
                exec(code, self.namespace)
        # All that a cell can raise: `exit()` or `raise KeyboardInterrupt` in one cell must not end the cells below it.
        except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:  # noqa: BLE001
            return describe_error(error)
        finally:
            self.deleted.update(dict.fromkeys(before - self.namespace.keys(), cell.id))
        return None


def assignment_to(name: str, cells: Sequence[tuple[str, str]]) -> str:
    """Return the last line in cells (id, source) that assigns ``name`` a value; empty if there is none."""
    lines = (line.strip() for _, source in cells for line in source.splitlines() if len(line) <= _LONGEST_LINE)
    found = [line for line in lines if name in _targets(line)]
    return found[-1][:200] if found else ""


def _targets(line: str) -> set[str]:
    """Return the names that a line of one plain assignment gives a value."""
    # Not one regular expression: on a student's line of commas it would take minutes.
    left, sign, right = line.partition("=")
    if not sign or right.startswith("="):
        return set()
    return {target.strip() for target in left.partition(":")[0].split(",")}


def deleting_line(name: str, source: str) -> str:
    """Return the line of a cell that deletes ``name``, as far as the text tells; else the cell's first line."""
    lines = [line.strip() for line in source.splitlines() if line.strip() and len(line) <= _LONGEST_LINE]
    deletes = [line for line in lines if re.search(rf"\bdel\b.*\b{re.escape(name)}\b|^%reset", line)]
    return (deletes or lines or [""])[-1 if deletes else 0][:200]


def load_submission(path: Path) -> LocalSubmission:
    """Run a notebook or module in this process and return it as checks see it. Use it only on code that you trust."""
    runner, reasons = CellRunner(), {}
    for cell in without_figures(read_cells(path)):
        error = runner.run(cell)
        if error is not None:
            reasons.update(dict.fromkeys(names_defined(cell.source), f"its cell failed: {error.text(hidden=False)}"))
    return LocalSubmission(runner.namespace, reasons)
