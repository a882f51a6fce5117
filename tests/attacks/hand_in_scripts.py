"""Fills outputs, attachments, prose and comments with scripts, and outputs with the points that it wants.

Must happen: outputs and prose are never read; files that teachers open contain no script.

File: graded
"""

import json

SCRIPT = "<script>alert('breach')</script><img src=x onerror=alert('breach')>"
POINTS = "output_size: 1 of 1 points\n  passed  1 / 1  public"


def hand_in(notebook):
    """Add outputs to every cell, and cells of prose."""
    document = json.loads(notebook.read_bytes())
    mimes = {"text/html": SCRIPT, "text/plain": "396", "image/svg+xml": f"<svg>{SCRIPT}</svg>"}
    mimes["application/javascript"] = "alert('breach')"
    output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": mimes}
    claim = {"output_type": "stream", "name": "stdout", "text": POINTS}
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [output, claim]
    prose = {"cell_type": "markdown", "metadata": {}, "source": SCRIPT}
    prose["attachments"] = {"../../autograder-breach.png": {"image/png": SCRIPT}}
    document["cells"] = [prose, *document["cells"], {**prose, "cell_type": "raw"}, {**prose, "cell_type": "heading"}]
    notebook.write_text(json.dumps(document))
