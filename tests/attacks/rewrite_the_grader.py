"""Writes to the grader's own files, Python's libraries and their caches.

Must happen: everything but the scratch folder is read-only.

Tier: B
"""

# %% place="first"
import os
import sys

import torch

import autograder

won = []
package = os.path.dirname(autograder.__file__)
places = [
    f"{package}/results/model.py",
    f"{package}/sandbox/processes/worker.py",
    torch.__file__,
    os.__file__,
    sys.executable,
]
places += [f"{package}/__pycache__/x.pyc", f"{os.path.dirname(torch.__file__)}/../x.pth", "/usr/bin/x", "/etc/x"]
for path in places:
    for mode in ("ab", "wb"):
        try:
            open(path, mode).close()
            won.append(path)
            break
        except OSError:
            continue
    try:
        os.rename(path, path + "x")
        won.append(path)
    except OSError:
        continue
assert not won, won
