"""Hands in a hundred thousand cells of code, more than the wire carries.

Must happen: the student reads what is too much; the grader is not at fault.

File: unreadable
"""

import json


def hand_in(notebook):
    """Copy a cell again and again."""
    document = json.loads(notebook.read_bytes())
    document["cells"] += [{"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}] * 100_000
    notebook.write_text(json.dumps(document))
