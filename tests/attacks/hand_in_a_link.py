"""Hands in a link to a classmate's notebook.

Must happen: links are not followed; the student reads what to hand in instead.

File: unreadable
"""


def hand_in(notebook):
    """Point to whatever notebook lies beside."""
    notebook.unlink()
    notebook.symlink_to(next(path for path in notebook.parents[2].glob("*/*/*.ipynb") if path != notebook))
