"""A scratch virtual environment, independent of the one that this runs in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Environment:
    """A new virtual environment of the Python that runs this."""

    def __init__(self, folder: Path) -> None:
        """Make the environment in ``folder``, which must not exist yet."""
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        self._programs = folder / ("Scripts" if os.name == "nt" else "bin")

    def run(
        self, *command: str | Path, cwd: Path = ROOT, show: bool = False, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment; capture its output, with standard error, or ``show`` it as it comes."""
        program, *arguments = command
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        path = os.pathsep.join([str(self._programs), inherited.get("PATH", "")])
        return subprocess.run(
            [self._programs / program, *arguments],
            cwd=cwd,
            env=inherited | {"PATH": path} | variables,
            stdin=subprocess.DEVNULL,
            stdout=None if show else subprocess.PIPE,
            stderr=None if show else subprocess.STDOUT,
            text=True,
            check=False,
        )

    def must(self, *command: str | Path, cwd: Path = ROOT) -> str:
        """Run a program and return its output; if it fails, print the output and exit."""
        done = self.run(*command, cwd=cwd)
        if done.returncode:
            sys.exit(f"{done.stdout}\nThis failed with exit code {done.returncode}: {' '.join(map(str, command))}")
        return done.stdout

    def install(self, *arguments: str | Path) -> str:
        """Install packages with pip."""
        return self.must("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)

    def installed(self) -> dict[str, str]:
        """Return the installed packages: name → version."""
        return versions(self.must("python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"))


def versions(frozen: str) -> dict[str, str]:
    """Parse the output of ``pip list --format=freeze``: name → version."""
    lines = (line.partition("==") for line in frozen.splitlines())
    return {name.lower().replace("_", "-"): version for name, equal, version in lines if equal}
