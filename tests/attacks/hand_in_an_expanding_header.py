"""Submits a module whose YAML header expands to a gigabyte from ten lines.

Must happen: the header is only a comment; the answers below it are graded.

File: graded
"""

import json


def hand_in(notebook):
    """Write the answers as a module below the header."""
    cells = [cell for cell in json.loads(notebook.read_bytes())["cells"] if cell["cell_type"] == "code"]
    lists = [f"#   a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    body = ["# %%\n" + "".join(cell["source"]) for cell in cells]
    header = ["# ---", "# jupyter:", "#   a0: &a0 [x]", *lists, "# ---", ""]
    notebook.with_suffix(".py").write_text("\n".join([*header, *body]) + "\n")
    notebook.unlink()
