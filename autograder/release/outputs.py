"""Make an executed notebook the same on every machine and in every run."""

from __future__ import annotations

import base64
import re
from typing import Any

from autograder.errors import CourseError
from autograder.release.notebooks import KERNELSPEC, LANGUAGE_INFO

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
_CELL_FILE = re.compile(r"\S*ipykernel_\d+/\d+\.py")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_VOLATILE = {b"tEXt", b"zTXt", b"iTXt", b"tIME"}  # the software's version, the date


def normalise(notebook: Any) -> Any:
    """Take out of a notebook, in place, what differs from run to run or names the machine; return it."""
    notebook.metadata["kernelspec"] = dict(KERNELSPEC)
    notebook.metadata["language_info"] = dict(LANGUAGE_INFO)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
            for output in cell.outputs:
                _clean(output)
    return notebook


def require_success(notebook: Any, where: str) -> None:
    """Raise `CourseError` naming the cell and the error when a cell of the executed notebook failed."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise CourseError(
                    f"{where}: the cell “{cell.id}” of the solution fails: {output.ename}: {output.evalue}. "
                    "Correct it and build again."
                )


def _merged(outputs: list[Any]) -> list[Any]:
    """Join what was printed: into how many messages a kernel cuts it, and in which order, is chance."""
    merged: list[Any] = []
    for output in outputs:
        same = _open_stream(merged, output.name) if output.output_type == "stream" else None
        if same is None:
            late = output.get("name") == "stdout" and bool(merged) and merged[-1].get("name") == "stderr"
            merged.insert(len(merged) - late, output)
        else:
            same.text += output.text
    return merged


def _open_stream(outputs: list[Any], name: str) -> Any | None:
    """Return the stream of this name in the run of streams at the end of ``outputs``."""
    for output in reversed(outputs):
        if output.output_type != "stream":
            return None
        if output.name == name:
            return output
    return None


def _clean(output: Any) -> None:
    if output.output_type == "stream":
        output.text = _clean_text(output.text)
    for kind, content in output.get("data", {}).items():
        if kind == "image/png":
            output.data[kind] = base64.b64encode(_plain_png(base64.b64decode(content))).decode()
        elif isinstance(content, str):
            output.data[kind] = _clean_text(content)


def _clean_text(text: str) -> str:
    return _CELL_FILE.sub("<cell>", _ADDRESS.sub("", text))


def _plain_png(data: bytes) -> bytes:
    """Return a PNG without the chunks that name the software or the date."""
    if not data.startswith(_PNG_SIGNATURE):
        return data
    kept, place = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")  # length, kind, content, checksum
        if data[place + 4 : place + 8] not in _PNG_VOLATILE:
            kept.append(data[place:end])
        place = end
    return b"".join(kept)
