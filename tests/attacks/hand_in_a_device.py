"""Hands in a link to an endless device and a pipe that nobody writes to, which would hang whoever opens it.

Must happen: only a plain file is opened.

File: unreadable
"""

import os


def hand_in(notebook):
    """Put a pipe in the notebook's place."""
    notebook.unlink()
    os.mkfifo(notebook)
    (notebook.parent / "other.py").symlink_to("/dev/zero")
