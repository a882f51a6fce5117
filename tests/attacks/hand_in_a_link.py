"""Submits a link to a classmate's notebook.

Must happen: links are not followed; the student reads what to submit instead.

File: unreadable
"""

import pathlib


def hand_in(notebook):
    """Point to a notebook that lies beside, under a name that a classmate could have."""
    other = notebook.parents[2] / "zoe" / notebook.parent.name / notebook.name
    if not other.is_file():
        other = next(path for path in sorted(notebook.parents[2].glob("*/*/*.ipynb")) if path != notebook)
    notebook.unlink()
    notebook.symlink_to(pathlib.Path("..", "..", *other.parts[-3:]))
