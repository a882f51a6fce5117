"""Run nbgrader in its own process, and remove from its notebooks what differs between runs.

nbgrader changes the working directory, sets up logging and starts kernels that inherit the environment; none of this
may affect the caller. ``python -m autograder.release.nbgrader_run EXERCISE …`` takes several exercises, because
importing nbgrader is slow.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autograder.course import CONFIG_NAME
from autograder.errors import CourseError, require_packages
from autograder.release.notebooks import KERNELSPEC, LANGUAGE_INFO
from autograder.runtime import environment, python

SOURCE, STUDENT, SOLUTION = "source", "student", "solution"


def generate(roots: list[tuple[Path, list[str]]]) -> None:
    """Generate the student and the solution release of some exercises below each root; all roots run in parallel.

    A root holds nbgrader_config.py and ``source/<exercise>/``. Raises `CourseError` with nbgrader's log.
    """
    require_packages("nbgrader", "ipykernel")
    with ThreadPoolExecutor(len(roots)) as pool:
        list(pool.map(lambda work: _generate_in(*work), roots))  # `list` raises the first error


def _generate_in(root: Path, exercises: list[str]) -> None:
    process = subprocess.run(
        python(__name__, *exercises),
        cwd=root,
        env=_environment(root),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if process.returncode:
        raise CourseError(
            f"nbgrader could not make the release. Look at {CONFIG_NAME}, which configures it, and at nbgrader's log:\n"
            f"{_without_tracebacks(process.stderr)}"
        )


def _without_tracebacks(log: str) -> str:
    """Return nbgrader's log with only the last line of each traceback, which names the exception."""
    kept, inside = [], False
    for line in log.strip().splitlines():
        inside = line.startswith("Traceback (most recent call last)") or (inside and line.startswith(" "))
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def _environment(root: Path) -> dict[str, str]:
    """Return an environment that is the same for every user: settings, start-up scripts, threads, hash seed.

    nbgrader starts the program `alembic` by name, so the folder of this Python's programs is put on the path.
    """
    private = root / ".private"
    (private / "runtime").mkdir(parents=True, exist_ok=True)
    surrounding = environment()
    for name in ("AUTOGRADER_GRADING", "MPLBACKEND"):  # they would switch off `check` and the kernel's inline figures
        surrounding.pop(name, None)
    return surrounding | {
        "IPYTHONDIR": str(private / "ipython"),  # the user's start-up scripts would run in the kernel
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "MATPLOTLIBRC": os.devnull,  # the user's own would change the figures
        "OMP_NUM_THREADS": "1",  # sums in another order have other last digits
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]),
        "PYTHONHASHSEED": "0",  # sets of strings print in the same order in every build
    }


def main(exercises: list[str]) -> None:
    """Generate the releases in the working directory; exit 1 with nbgrader's log where one fails."""
    from nbgrader.apps import GenerateAssignmentApp, GenerateSolutionApp

    root = Path.cwd()
    settings = [
        f"--course-dir={root}",
        f"--db=sqlite:///{root / 'gradebook.db'}",  # nbgrader insists on one; it is thrown away
        f"--CourseDirectory.source_directory={SOURCE}",
        f"--CourseDirectory.release_directory={STUDENT}",
        f"--CourseDirectory.solution_directory={SOLUTION}",
        "--log-level=WARN",
    ]
    for exercise in exercises:
        for application in (GenerateAssignmentApp(), GenerateSolutionApp()):
            application.initialize([exercise, *settings])
            application.start()


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")  # of an object, in its repr
_CELL_FILE = re.compile(r"\S*ipykernel_\d+/\d+\.py")  # in warnings: the name holds the kernel's process id
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_VOLATILE = {b"tEXt", b"zTXt", b"iTXt", b"tIME"}  # the software's version, the date


def normalise(notebook: Any) -> Any:
    """Remove from a notebook, in place, what differs between runs or names the machine; return the notebook."""
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
    """Raise `CourseError` if a cell of the executed notebook failed; the message names the cell and the error."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise CourseError(
                    f"{where}: the cell “{cell.id}” of the solution fails: {output.ename}: {output.evalue}. "
                    "Fix it and build again."
                )


def _merged(outputs: list[Any]) -> list[Any]:
    """Join printed text, which a kernel splits into messages of stdout and stderr by chance."""
    merged: list[Any] = []
    for output in outputs:
        same = _open_stream(merged, output.name) if output.output_type == "stream" else None
        if same is None:
            late = output.get("name") == "stdout" and bool(merged) and merged[-1].get("name") == "stderr"
            merged.insert(len(merged) - late, output)  # stdout before stderr
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


if __name__ == "__main__":
    main(sys.argv[1:])
