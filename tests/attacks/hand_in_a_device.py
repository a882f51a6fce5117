"""Submits a link to an endless device and a pipe without a writer, which block anyone who opens them.

Must happen: only regular files are opened.

File: unreadable
"""

import os


def hand_in(notebook):
    """Put a pipe in the notebook's place."""
    notebook.unlink()
    os.mkfifo(notebook)
    (notebook.parent / "other.py").symlink_to("/dev/zero")
