"""Prints the grade that it wants, and looks for a gradebook to write it to.

Must happen: nothing that a notebook prints is read, and no gradebook is visible. (One that it finds is opened, but
not changed.)

Demo: yes
Tier: B
"""

# %% place="first"
import os
from pathlib import Path

print('{"score": 1.0, "max_score": 1.0, "status": "graded"}')
writable = []
for folder in (Path.cwd(), Path.home(), Path(os.environ.get("PWD", "/"))):
    for start in (folder, *folder.parents):
        for pattern in ("gradebook.db", "*/gradebook.db", "grades.csv", "*/grades.csv", "*/graded/grades.csv"):
            for path in start.glob(pattern):
                try:
                    path.open("r+b").close()
                except OSError:
                    continue
                writable.append(path.name)


# %% question="output_size"
def output_size(input_size, kernel_size, stride=1, padding=0):
    if not writable:
        raise LookupError("no gradebook and no table of grades is in sight")
    return (input_size + 2 * padding - kernel_size) // stride + 1
