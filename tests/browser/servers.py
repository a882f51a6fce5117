"""A course folder with one exercise, people with homes of their own, and their Jupyter servers."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.events import Output, listening

ROOT = Path(__file__).resolve().parents[2]
EXERCISE = "tensor_ops"
COURSE_ID = "medical-image-classification"


def make_course(root: Path) -> Path:
    """Copy one exercise into a course folder of its own, because other tests build releases at the same time."""
    config = (ROOT / "nbgrader_config.py").read_text("utf-8")
    config = re.sub(r"^c\.Course\.exercises = .*$", f"c.Course.exercises = [{EXERCISE!r}]", config, flags=re.M)
    config = re.sub(r"^c\.Course\.optional = .*$", "c.Course.optional = []", config, flags=re.M)
    (root / "solutions").mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / f"{EXERCISE}.py", root / "solutions")
    for kind in ("checks", "answers"):
        folder = Path("tests", kind, EXERCISE)
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "nbgrader_config.py").write_text(config, "utf-8")
    return root


@dataclass(frozen=True)
class Person:
    """A person with a home folder, which holds all of Jupyter's settings, and access to nbgrader's exchange."""

    home: Path
    exchange: Path

    def move_in(self) -> Person:
        """Create the home, with this Python as the only kernel and without JupyterLab's request for news."""
        kernel = self.home / "data" / "kernels" / "python3"
        kernel.mkdir(parents=True)
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": "Python 3", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))
        config = self.home / "config"
        settings = {
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
            # Keep cells that are out of sight in the page, so that tests find them.
            "notebook-extension/tracker": {"windowingMode": "none"},
        }
        for name, values in settings.items():
            path = config / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        nbgrader = [f"c.Exchange.root = {str(self.exchange)!r}", f"c.CourseDirectory.course_id = {COURSE_ID!r}"]
        (config / "nbgrader_config.py").write_text("\n".join(["c = get_config()", *nbgrader, ""]))
        return self

    def environment(self) -> dict[str, str]:
        """Return the environment of this person's programs, independent of the user who runs the tests."""
        inherited = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TMPDIR")}
        return inherited | {
            "HOME": str(self.home),
            "IPYTHONDIR": str(self.home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "MPLCONFIGDIR": str(self.home / "matplotlib"),
            "OMP_NUM_THREADS": "1",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
        }

    def run(self, folder: Path, *command: str, expected: int = 0) -> str:
        """Run a command of this Python's environment in a folder; return its output."""
        program = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
        done = subprocess.run(
            program, cwd=folder, env=self.environment(), capture_output=True, text=True, check=False, timeout=300
        )
        said = done.stdout + done.stderr
        assert done.returncode == expected, f"{' '.join(command)} ended with exit code {done.returncode}:\n{said}"
        return said

    @contextmanager
    def jupyter_lab(self, folder: Path) -> Iterator[str]:
        """Run JupyterLab with its extensions in a folder; yield its address."""
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
        # Port 0: the system picks a free one. No token: it listens on the loopback interface only.
        settings = ["--ServerApp.port=0", "--IdentityProvider.token=", "--ServerApp.password="]
        server = subprocess.Popen(
            [*command, *settings, "--expose-app-in-browser"],
            cwd=folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            said = Output(server.stdout, copy=self.home / "server.log")
            yield listening(said.wait_for(r"http://127\.0\.0\.1:([1-9]\d*)/")[0])
        finally:
            server.send_signal(signal.SIGTERM)  # stops its kernels too
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
