"""Submits a folder that is a link to a classmate's.

Must happen: links are not followed.

File: unreadable
"""

import shutil


def hand_in(notebook):
    """Make the exercise's folder a link."""
    other = next(path for path in notebook.parents[2].glob("*/*/*.ipynb") if path != notebook)
    shutil.rmtree(notebook.parent)
    notebook.parent.symlink_to(other.parent)
