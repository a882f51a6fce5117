"""Puts files beside its notebook whose names are paths, commands, markup and escape sequences.

Must happen: the notebook is graded, and the names are shown as plain text.

File: graded
"""

import shutil

NAMES = [
    "..%2f..%2fautograder-breach.ipynb",
    "$(touch autograder-breach).ipynb",
    "; touch autograder-breach;.ipynb",
    "\x1b[2J\x1b]0;owned\x07.ipynb",
    "<script>alert('breach')<.ipynb",
    "=cmd|' C calc'!A0.ipynb",
    "-rf.ipynb",
    "\u202egnp.ipynb",
    "a\nb.ipynb",
    "[bold red]rich[.ipynb",
]


def hand_in(notebook):
    """Copy the notebook under other names."""
    for name in NAMES:
        shutil.copy(notebook, notebook.parent / name)
    (notebook.parent / "graded").mkdir()
    (notebook.parent / "conftest.py").write_text("raise SystemExit('breach')")
    (notebook.parent / "torch.py").write_text("raise SystemExit('breach')")
