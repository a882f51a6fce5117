"""Submits a notebook of a million nested brackets.

Must happen: the parser's own limit stops it, and the message is one sentence.

File: unreadable
"""


def hand_in(notebook):
    """Nest lists."""
    notebook.write_text('{"cells": ' + "[" * 10**6)
