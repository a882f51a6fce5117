"""Writes a module that loops on import, and imports it.

Must happen: the cell is stopped and skipped, and the module with it.
"""

# %% place="first" outcome="timed_out"
import os
import sys

with open(os.path.join(os.environ["TMPDIR"], "innocent.py"), "w") as file:
    file.write("while True:\n    pass\n")
sys.path.insert(0, os.environ["TMPDIR"])
import innocent  # noqa: F401 - importing it is the attack
