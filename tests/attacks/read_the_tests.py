"""Searches the whole file system for checks and solutions, and answers with the solution that it finds.

Must happen: it finds nothing, because the course is not visible where the answer runs.

Demo: yes
Tier: B
"""

# %% place="first"
import os
from pathlib import Path


def places_to_look():
    """Yield all folders but those of Python and of the system itself."""
    roots = ["/", "..", *(f"/proc/{pid}/{link}" for pid in ("1", "self") for link in ("root", "cwd"))]
    for root in roots:
        for folder, subfolders, files in os.walk(root):
            hopeless = ("proc", "sys", "dev", "usr", "lib", "site-packages")
            subfolders[:] = [name for name in subfolders if name not in hopeless and not name.startswith("python")]
            yield folder, files


def search():
    """Return the source of a file that solves `activation`, and the names of all files of checks."""
    solution, checks = "", set()
    for folder, files in places_to_look():
        for name in files:
            if name.endswith((".py", ".ipynb")) and "autograder/autograder" not in folder:
                try:
                    source = Path(folder, name).read_text("utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
                if "pytest.mark.question" in source:
                    checks.add(name)
                if "\ndef activation(name: str" in source and "raise NotImplementedError" not in source:
                    solution = source
    return solution, sorted(checks)


solution, checks = search()


# %% question="activation"
def activation(name, x, *, slope=0.1, alpha=1.0):
    if not solution:
        raise LookupError(f"no solution in the whole file system, and {len(checks) or 'no'} files of checks")
    found = {}
    exec(solution, found)
    return found["activation"](name, x, slope=slope, alpha=alpha)
