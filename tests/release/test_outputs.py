"""Executed notebooks, made the same in every run."""

import base64
import struct
import zlib

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.errors import CourseError
from autograder.release.nbgrader_run import normalise, require_success


def run(*outputs):
    notebook = new_notebook(cells=[new_code_cell("x", id="add", outputs=list(outputs), execution_count=1)])
    notebook.cells[0].metadata["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    return notebook


def printed(notebook):
    return [(output.name, output.text) for output in notebook.cells[0].outputs]


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_times_and_versions_go():
    notebook = normalise(run())
    assert notebook.cells[0].metadata == {}
    assert "version" not in notebook.metadata.language_info


def test_printed_text_is_joined_whatever_pieces_it_came_in():
    out, err = {"output_type": "stream", "name": "stdout"}, {"output_type": "stream", "name": "stderr"}
    for pieces in (
        [(out, "a"), (err, "!"), (out, "b")],
        [(err, "!"), (out, "a"), (out, "b")],
        [(out, "ab"), (err, "!")],
    ):
        notebook = run(*(new_output(**stream, text=text) for stream, text in pieces))
        assert printed(normalise(notebook)) == [("stdout", "ab"), ("stderr", "!")]


def test_a_figure_between_two_lines_stays_between_them():
    figure = new_output("display_data", data={"text/plain": "<Figure>"})
    lines = [new_output("stream", text=text) for text in "ab"]
    kinds = [output.output_type for output in normalise(run(lines[0], figure, lines[1])).cells[0].outputs]
    assert kinds == ["stream", "display_data", "stream"]


def test_addresses_and_files_of_the_kernel_go():
    text = "<Line at 0x7f0012ab34cd> /tmp/ipykernel_123/456.py:1: UserWarning: careful"
    outputs = [new_output("stream", text=text), new_output("display_data", data={"text/plain": text})]
    stream, display = normalise(run(*outputs)).cells[0].outputs
    assert stream.text == display.data["text/plain"] == "<Line> <cell>:1: UserWarning: careful"


def test_a_picture_keeps_its_pixels_and_loses_its_date():
    plain = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0" * 13) + chunk(b"IDAT", b"pixels") + chunk(b"IEND", b"")
    dated = plain.replace(chunk(b"IDAT", b"pixels"), chunk(b"tEXt", b"Software\0x") + chunk(b"IDAT", b"pixels"))
    assert dated != plain
    output = new_output("display_data", data={"image/png": base64.encodebytes(dated).decode()})
    (output,) = normalise(run(output)).cells[0].outputs
    assert base64.b64decode(output.data["image/png"]) == plain


def test_a_solution_that_fails_is_named():
    failed = run(new_output("error", ename="ValueError", evalue="no", traceback=[]))
    with pytest.raises(CourseError, match=r"solutions/x.py: the cell “add” of the solution fails: ValueError: no"):
        require_success(failed, "solutions/x.py")
    require_success(run(), "solutions/x.py")
