"""Hands in a file of a terabyte that takes no room on the disk.

Must happen: its size is looked at before it is read.

File: unreadable
"""


def hand_in(notebook):
    """Make a file that is all hole."""
    with notebook.open("r+b") as file:
        file.truncate(2**40)
