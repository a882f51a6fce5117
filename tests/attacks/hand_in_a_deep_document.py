"""Hands in a notebook of a million brackets, each inside the one before.

Must happen: the parser's own limit is met, and said in a sentence.

File: unreadable
"""


def hand_in(notebook):
    """Nest lists."""
    notebook.write_text('{"cells": ' + "[" * 10**6)
