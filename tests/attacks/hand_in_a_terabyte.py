"""Submits a sparse file of a terabyte, which takes no space on disk.

Must happen: its size is checked before it is read.

File: unreadable
"""


def hand_in(notebook):
    """Make a file that is all hole."""
    with notebook.open("r+b") as file:
        file.truncate(2**40)
