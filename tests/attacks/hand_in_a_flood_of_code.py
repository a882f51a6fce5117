"""Submits a hundred thousand code cells, more than a message may carry.

Must happen: the student reads what is too large; it is not a grader error.

File: unreadable
"""

import json


def hand_in(notebook):
    """Copy a cell again and again."""
    document = json.loads(notebook.read_bytes())
    document["cells"] += [{"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}] * 100_000
    notebook.write_text(json.dumps(document))
