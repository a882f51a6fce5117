"""Searches for classmates' notebooks and results, above its folder and behind every link in /proc.

Must happen: no notebook, result or gradebook is visible, only the libraries.

Tier: B
"""

# %% place="first"
import os

found = []
roots = ["/", *(f"/proc/{pid}/{link}" for pid in ("1", "self", "2") for link in ("root", "cwd", "fd"))]
for root in roots:
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in ("proc", "sys", "usr", "site-packages")]
        for name in files:
            if name.endswith((".ipynb", "gradebook.db", "grades.csv", ".durations.json")):
                found.append(os.path.join(folder, name))
found += [name for name in ("submitted", "graded", "source", "release") if os.path.exists(f"../../{name}")]
assert not found, found


# %% question="output_size" outcome="failed"
def output_size(input_size, kernel_size, stride=1, padding=0):
    raise LookupError("no classmate knows")
