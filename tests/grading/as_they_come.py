"""The same answer in each form in which students hand it in, following the documentation of the tools.

A form is a function from the cells of an answer to the name and the bytes of a file. Cells are ``(kind, source,
nbgrader_id)``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

Answer = Sequence[tuple[str, str, str]]
Form = Callable[[Answer], tuple[str, bytes]]
FORMS: dict[str, Form] = {}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def form(function: Form) -> Form:
    FORMS[function.__name__] = function
    return function


def lines(source: str) -> list[str]:
    """Return a multi-line field as Jupyter writes it."""
    return source.splitlines(keepends=True)


def notebook(cells: list[dict], minor: int = 5, **metadata: object) -> bytes:
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}
    return json.dumps(document, indent=1).encode()


def nbgrader(name: str) -> dict:
    if not name:
        return {}
    return {"nbgrader": {"grade": False, "grade_id": name, "locked": False, "schema_version": 3, "solution": True}}


def cells_of(answer: Answer, extra: Callable[[int, str], dict] = lambda place, kind: {}, **keys: object) -> list[dict]:
    made = []
    for place, (kind, source, name) in enumerate(answer):
        cell: dict = {"cell_type": kind, "metadata": {**nbgrader(name), **extra(place, kind)}, "source": lines(source)}
        if kind == "code":
            cell |= {"execution_count": place, "outputs": []}
        made.append(cell | {key: f"{value}{place}" for key, value in keys.items()})
    return made


def as_node(answer: Answer) -> Any:
    """Return the notebook as nbformat's own object, for tools that convert it."""
    import nbformat

    return nbformat.reads(jupyter(answer)[1].decode(), 4)


def by_jupytext(answer: Answer, kind: str) -> bytes:
    import jupytext

    return jupytext.writes(as_node(answer), kind).encode()


# --- Notebooks ------------------------------------------------------------------------------------


@form
def jupyter(answer: Answer) -> tuple[str, bytes]:
    """https://nbformat.readthedocs.io/en/latest/format_description.html"""
    return "greetings.ipynb", notebook(
        cells_of(answer, id="cell-"), kernelspec=KERNEL, language_info={"name": "python", "file_extension": ".py"}
    )


@form
def jupyterlite(answer: Answer) -> tuple[str, bytes]:
    """https://jupyterlite.readthedocs.io: format 4.4 without cell ids, trusted, and the kernel named ``python``."""
    cells = cells_of(answer, lambda place, kind: {"trusted": True})
    return "greetings.ipynb", notebook(cells, 4, kernelspec={"display_name": "Python (Pyodide)", "name": "python"})


@form
def colab(answer: Answer) -> tuple[str, bytes]:
    """Format 4.0; ids in the metadata, forms, ``outputId``; *Omit code cell output when saving*.

    https://github.com/api-evangelist/google-colab/blob/main/json-schema/google-colab-notebook-schema.json
    """
    cells = cells_of(
        answer, lambda place, kind: {"id": f"aBc{place}", "colab": {"base_uri": "https://localhost"}, "outputId": "f0"}
    )
    form_cell = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"cellView": "form", "id": "x1"},
        "outputs": [],
        "source": ['#@title Settings { run: "auto" }\n', "guests = 3 #@param {type:'slider', min:0, max:9}"],
    }
    drive = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"id": "x2"},
        "outputs": [],
        "source": ["from google.colab import drive\n", "drive.mount('/content/drive')"],
    }
    install = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"id": "x3"},
        "outputs": [],
        "source": ["!pip install -q torch\n", "%matplotlib inline\n", "%load_ext autoreload"],
    }
    colab = {"provenance": [], "private_outputs": True, "toc_visible": True}
    return "Copy of greetings.ipynb", notebook(
        [drive, install, form_cell, *cells], 0, colab=colab, kernelspec={"name": "python3"}, accelerator="GPU"
    )


@form
def vs_code(answer: Answer) -> tuple[str, bytes]:
    """https://github.com/microsoft/vscode/tree/main/extensions/ipynb: its own ids, ``vscode.languageId``."""
    cells = cells_of(answer, lambda place, kind: {"vscode": {"languageId": "python"}}, id="W4sZmlsZQ==%3D%3D")
    return "greetings.ipynb", notebook(cells, 2, language_info={"name": "python"})


@form
def widgets(answer: Answer) -> tuple[str, bytes]:
    """https://ipywidgets.readthedocs.io/en/latest/embedding.html: state in the metadata, views in outputs."""
    cells = cells_of(answer, id="cell-")
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "m", "version_major": 2, "version_minor": 0}}
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "data": view, "metadata": {}}]
    state = {"version_major": 2, "version_minor": 0, "state": {"m": {"model_name": "IntSliderModel", "state": {}}}}
    return "greetings.ipynb", notebook(cells, widgets={"application/vnd.jupyter.widget-state+json": state})


@form
def format_3(answer: Answer) -> tuple[str, bytes]:
    """As nbformat itself writes it; see https://github.com/ipython/ipython/wiki/IPEP-17:-Notebook-Format-4."""
    import nbformat

    old = nbformat.convert(as_node(answer), 3)
    assert old["worksheets"], "this is format 3"
    return "greetings.ipynb", json.dumps(old).encode()


@form
def no_metadata_at_all(answer: Answer) -> tuple[str, bytes]:
    """As written by tools that keep only sources; in nbformat, every field of the metadata is optional."""
    cells = [{"cell_type": kind, "source": source} for kind, source, _name in answer]
    return "greetings.ipynb", json.dumps({"cells": cells}).encode()


@form
def source_as_one_string(answer: Answer) -> tuple[str, bytes]:
    """nbformat allows a string or a list for a multi-line field."""
    return "greetings.ipynb", notebook([cell | {"source": "".join(cell["source"])} for cell in cells_of(answer)], 4)


@form
def byte_order_mark(answer: Answer) -> tuple[str, bytes]:
    return "greetings.ipynb", b"\xef\xbb\xbf" + jupyter(answer)[1]


@form
def windows_line_ends(answer: Answer) -> tuple[str, bytes]:
    windows = [(kind, source.replace("\n", "\r\n"), name) for kind, source, name in answer]
    return "greetings.ipynb", jupyter(windows)[1].replace(b"\n", b"\r\n")


@form
def notebook_called_module(answer: Answer) -> tuple[str, bytes]:
    return "greetings.py", jupyter(answer)[1]


@form
def ending_in_capitals(answer: Answer) -> tuple[str, bytes]:
    return "GREETINGS.PY", percent(answer)[1]


# --- Modules --------------------------------------------------------------------------------------


def comment(source: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in source.splitlines())


@form
def percent(answer: Answer) -> tuple[str, bytes]:
    """https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-percent-format"""
    return "greetings.py", by_jupytext(answer, "py:percent")


@form
def spyder_percent(answer: Answer) -> tuple[str, bytes]:
    """https://docs.spyder-ide.org/current/panes/editor.html#defining-code-cells: also without the space."""
    return "greetings.py", percent(answer)[1].replace(b"# %%", b"#%%")


@form
def light(answer: Answer) -> tuple[str, bytes]:
    """https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-light-format"""
    return "greetings.py", by_jupytext(answer, "py:light")


@form
def light_with_marks(answer: Answer) -> tuple[str, bytes]:
    parts = [f"# +\n{source}\n# -" if kind == "code" else comment(source) for kind, source, _name in answer]
    return "greetings.py", "\n\n".join(parts).encode()


@form
def plain(answer: Answer) -> tuple[str, bytes]:
    code = [source for kind, source, _name in answer if kind == "code"]
    return "greetings.py", "\n\n\n".join(["from __future__ import annotations", *code]).encode()


@form
def exported_by_nbconvert(answer: Answer) -> tuple[str, bytes]:
    """https://nbconvert.readthedocs.io/en/latest/usage.html#executable-script"""
    from nbconvert.exporters import PythonExporter

    magics = ["%matplotlib inline\n!pip install -q torch", "%%time\nstarted = 1"]
    drive = "from google.colab import drive\ndrive.mount('/content/drive')"
    cells = [("code", source, "") for source in (*magics, drive)]
    script, _resources = PythonExporter().from_notebook_node(as_node([*cells, *answer]))
    assert "# In[" in script
    assert "get_ipython().run_cell_magic" in script
    return "greetings.py", script.encode()


@form
def exported_by_colab(answer: Answer) -> tuple[str, bytes]:
    """*File → Download → Download .py*: text becomes strings, magics comments, shell commands stay.

    https://stackoverflow.com/questions/61189448 shows such a file.
    """
    head = (
        '# -*- coding: utf-8 -*-\n"""greetings.ipynb\n\nAutomatically generated by Colab.\n\n'
        'Original file is located at\n    https://colab.research.google.com/drive/1a\n"""'
    )
    magic = "# Commented out IPython magic to ensure Python compatibility.\n# %matplotlib inline\n!pip install -q torch"
    drive = "from google.colab import drive\ndrive.mount('/content/drive')"
    parts = [source if kind == "code" else f'"""{source}"""' for kind, source, _name in answer]
    return "greetings.py", "\n\n".join([head, magic, drive, *parts]).encode()
