"""Fills a notebook's metadata with paths, commands, scripts, other types, points and grades of its own.

Must happen: none of it is used; the answers are graded unchanged.

File: graded
"""

import json

SCRIPT = "</script><script>alert('breach')</script>"


def hand_in(notebook):
    """Rewrite all metadata but the ids by which answers are found."""
    document = json.loads(notebook.read_bytes())
    document["metadata"] = {
        "kernelspec": {"name": "../../../bin/sh", "display_name": SCRIPT, "argv": ["touch", "/tmp/autograder-breach"]},
        "language_info": {"name": SCRIPT, "pygments_lexer": "../../etc/passwd"},
        "title": SCRIPT,
        "authors": [{"name": SCRIPT}],
        "widgets": {"application/vnd.jupyter.widget-state+json": SCRIPT},
        "celltoolbar": None,
        "autograder": {"exercise": "../../..", "release": SCRIPT},
    }
    for place, cell in enumerate(document["cells"]):
        cell["metadata"].setdefault("nbgrader", {}).update(
            {"points": 10**9, "grade": True, "locked": 0, "schema_version": [SCRIPT], "score": 396, "checksum": place}
        )
        cell["metadata"]["jupyter"] = {"source_hidden": True, "outputs_hidden": {"x": SCRIPT}}
        cell["metadata"]["tags"] = [{"a": SCRIPT}, 5, None, SCRIPT, "otter_ignore"]
        cell["metadata"][SCRIPT] = {"__class__": "os.system", "py/object": "os.system"}
    document["nbformat"], document["nbformat_minor"] = 4, -(10**100)
    notebook.write_text(json.dumps(document))
