"""A JupyterHub set up as in docs/jupyterhub.md: one environment for everybody, system users, a private course.

It uses the page's own files and commands, with scratch folders in place of the page's.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.servers import ROOT
from tests.events import Output

PAGE = ROOT / "docs" / "jupyterhub.md"
PASSWORD = "correct horse battery staple"

EVERYBODY = (
    "/opt/course/etc/jupyter/nbgrader_config.py",
    "/opt/course/etc/jupyter/jupyter_server_config.json",
    "/opt/course/etc/jupyter/labconfig/page_config.json",
    "/opt/course/share/jupyter/lab/settings/overrides.json",
    "/opt/course/share/jupyter/nbconvert/templates/formgrade/mathjax.html.j2",
)
TEACHER = (
    "~/.jupyter/nbgrader_config.py",
    "~/.jupyter/jupyter_server_config.json",
    "~/.jupyter/labconfig/page_config.json",
)


def file_on_page(name: str) -> str:
    """Return the content of a file on the page: the block below a line that holds only its name."""
    shown = re.search(rf"^`{re.escape(name)}`:\n\n```\w+\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    assert shown, f"{PAGE.name} shows no {name}"
    return shown[1]


def commands_on_page(first: str) -> list[str]:
    """Return the lines of the page's block of commands that contains the line ``first``."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    (found,) = (block.splitlines() for block in blocks if first in block.splitlines())
    return found


def python_for_everybody() -> str | None:
    """Return a Python of this version that other users can run, or None."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [Path(os.path.realpath(sys.executable)), Path("/usr/bin") / name, Path("/usr/local/bin") / name]
    return next((str(path) for path in places if path.is_file() and _reachable(path)), None)


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


@dataclass(frozen=True)
class Account:
    """A system user, created for a test."""

    name: str
    home: Path

    def run(self, line: str, folder: Path, path: str, expected: int | None = 0) -> str:
        """Run a line of shell as this user in a folder; return its output."""
        user = pwd.getpwnam(self.name)
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            user=user.pw_uid, group=user.pw_gid, extra_groups=[],
            cwd=folder, env={"HOME": str(self.home), "USER": self.name, "PATH": path, "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, check=False, timeout=300, umask=0o022,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert expected is None or done.returncode == expected, f"{line} ended with {done.returncode}:\n{said}"
        return said

    def give(self, source: Path, name: str) -> Path:
        """Copy a folder into this user's home, readable for nobody else."""
        target = Path(shutil.copytree(source, self.home / name))
        subprocess.run(["chown", "-R", f"{self.name}:", str(target)], check=True)
        target.chmod(0o700)
        return target

    def write(self, name: str, text: str) -> None:
        """Write a file as this user."""
        subprocess.run(
            ["setpriv", f"--reuid={self.name}", f"--regid={self.name}", "--clear-groups", "/bin/sh", "-c",
             f'mkdir -p "$(dirname {name})" && cat > {name}'],
            input=text, text=True, check=True, cwd=self.home, env={"HOME": str(self.home), "PATH": os.environ["PATH"]},
        )  # fmt: skip

    def end_processes(self) -> None:
        """Kill this user's processes: kernels outlive a server that was killed."""
        uid = pwd.getpwnam(self.name).pw_uid
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if process.stat().st_uid == uid:
                    os.kill(int(process.name), signal.SIGKILL)


@contextmanager
def accounts(homes: Path, *names: str) -> Iterator[list[Account]]:
    """Create system users with homes that nobody else can read; remove them afterwards."""
    made = []
    try:
        for name in names:
            home = homes / name
            subprocess.run(
                ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/sh", name],
                check=True, capture_output=True,
            )  # fmt: skip
            subprocess.run(["chpasswd"], input=f"{name}:{PASSWORD}", text=True, check=True)
            home.chmod(0o700)
            made.append(Account(name, home))
        yield made
    finally:
        for account in made:
            account.end_processes()
            subprocess.run(["userdel", "--force", account.name], check=False, capture_output=True)


@dataclass(frozen=True)
class Site:
    """The folders of an installation, in place of those that the page names."""

    root: Path

    @property
    def opt(self) -> Path:
        """The environment for everybody, ``/opt/course`` on the page."""
        return self.root / "opt"

    @property
    def srv(self) -> Path:
        """The exchange and the hub's own files, ``/srv`` on the page."""
        return self.root / "srv"

    @property
    def log(self) -> Path:
        """The log of the hub, its proxy and all servers."""
        return self.srv / "jupyterhub" / "log.txt"

    @property
    def path(self) -> str:
        """The PATH of users."""
        return f"{self.opt / 'bin'}:/usr/bin:/bin"

    def here(self, text: str) -> str:
        """Replace the page's folders in a text by those of this installation."""
        return text.replace("/opt/course", str(self.opt)).replace("/srv/", f"{self.srv}/")

    def install(self, python: str) -> None:
        """Create the environment and the folders, with the settings for everybody."""
        self._copy_environment(python)
        for line in commands_on_page("mkdir -p /srv/nbgrader/exchange"):
            subprocess.run(["/bin/sh", "-c", self.here(line)], check=True)
        for name in EVERYBODY:
            path = Path(self.here(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.here(file_on_page(name)), "utf-8")

    def _copy_environment(self, python: str) -> None:
        """Create the environment from the packages installed here, with hard links instead of copies if possible."""
        subprocess.run([python, "-m", "venv", "--without-pip", str(self.opt)], check=True)
        packages = Path(f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages")
        for name in (packages, "share", "etc"):
            source, target = Path(sys.prefix) / name, (self.opt / name).parent
            target.mkdir(parents=True, exist_ok=True)
            linked = subprocess.run(["cp", "-al", str(source), str(target)], check=False, capture_output=True)
            if linked.returncode:  # hard links do not work between file systems
                subprocess.run(["cp", "-a", str(source), str(target)], check=True)
        for path in (self.opt / packages).glob("__editable__*"):
            path.unlink()
        shutil.copytree(ROOT / "autograder", self.opt / packages / "autograder")
        for script in Path(sys.prefix, "bin").iterdir():
            target = self.opt / "bin" / script.name
            if script.is_symlink() or not script.is_file() or target.exists():
                continue
            first, _, rest = script.read_bytes().partition(b"\n")
            if first.startswith(b"#!") and b"python" in first:
                target.write_bytes(f"#!{self.opt / 'bin' / 'python'}\n".encode() + rest)
                target.chmod(0o755)

    @contextmanager
    def hub(self, proxy: str) -> Iterator[str]:
        """Run JupyterHub with the page's configuration; yield its address."""
        port, proxy_api, hub_api = free_ports(3)
        address = f"http://127.0.0.1:{port}/"
        config = [
            self.here(file_on_page("/srv/jupyterhub/jupyterhub_config.py")),
            f"c.JupyterHub.bind_url = {address!r}",
            f'c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_api}"',
            f'c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_api}"',
            f"c.ConfigurableHTTPProxy.command = [{proxy!r}]",
            "c.Spawner.start_timeout = c.Spawner.http_timeout = 120",
        ]
        folder = self.srv / "jupyterhub"
        (folder / "jupyterhub_config.py").write_text("\n".join(config), "utf-8")
        command = [str(self.opt / "bin" / "jupyterhub"), "-f", "jupyterhub_config.py"]
        process = subprocess.Popen(
            command, cwd=folder, env={"PATH": f"{self.path}:{os.environ['PATH']}", "HOME": str(folder)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            Output(process.stdout, copy=self.log).wait_for("JupyterHub is now running")
            yield address
        finally:
            process.send_signal(signal.SIGTERM)  # the hub stops the proxy and all servers
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def free_ports(number: int) -> list[int]:
    """Return ports that are free now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in sockets]
