"""A JupyterHub as docs/jupyterhub.md describes it: an environment for everybody, users of the system, a private course.

The page's own files and commands are used, with its folders replaced by scratch ones.
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
    """Return what the page says is in a file: the block below a line that holds only its name."""
    shown = re.search(rf"^`{re.escape(name)}`:\n\n```\w+\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    assert shown, f"{PAGE.name} shows no {name}"
    return shown[1]


def commands_on_page(first: str) -> list[str]:
    """Return the lines of the page's block of commands that has a line."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    (found,) = (block.splitlines() for block in blocks if first in block.splitlines())
    return found


def python_for_everybody() -> str | None:
    """Return a Python of this version that other users may run, if there is one."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [Path(os.path.realpath(sys.executable)), Path("/usr/bin") / name, Path("/usr/local/bin") / name]
    return next((str(path) for path in places if path.is_file() and _reachable(path)), None)


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


@dataclass(frozen=True)
class Account:
    """A user of the system, made for a test."""

    name: str
    home: Path

    def run(self, line: str, folder: Path, path: str, expected: int | None = 0) -> str:
        """Run a line of a shell as this user in a folder; return what it said."""
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
        """Put a copy of a folder into this user's home, for nobody else to read."""
        target = Path(shutil.copytree(source, self.home / name))
        subprocess.run(["chown", "-R", f"{self.name}:", str(target)], check=True)
        target.chmod(0o700)
        return target

    def write(self, name: str, text: str) -> None:
        """Write a file of this user's."""
        subprocess.run(
            ["setpriv", f"--reuid={self.name}", f"--regid={self.name}", "--clear-groups", "/bin/sh", "-c",
             f'mkdir -p "$(dirname {name})" && cat > {name}'],
            input=text, text=True, check=True, cwd=self.home, env={"HOME": str(self.home), "PATH": os.environ["PATH"]},
        )  # fmt: skip

    def end_processes(self) -> None:
        """End what this user still runs: kernels outlive a server that was killed."""
        uid = pwd.getpwnam(self.name).pw_uid
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if process.stat().st_uid == uid:
                    os.kill(int(process.name), signal.SIGKILL)


@contextmanager
def accounts(homes: Path, *names: str) -> Iterator[list[Account]]:
    """Make users of the system, with homes of their own that nobody else may read; remove them afterwards."""
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
    """The folders of an installation, in the place of those that the page names."""

    root: Path

    @property
    def opt(self) -> Path:
        """The environment of everybody, ``/opt/course``."""
        return self.root / "opt"

    @property
    def srv(self) -> Path:
        """``/srv``: the exchange and the hub's own files."""
        return self.root / "srv"

    @property
    def log(self) -> Path:
        """What the hub, its proxy and everybody's servers say."""
        return self.srv / "jupyterhub" / "log.txt"

    @property
    def path(self) -> str:
        """Where programs are found."""
        return f"{self.opt / 'bin'}:/usr/bin:/bin"

    def here(self, text: str) -> str:
        """Return a text of the page with the folders of this installation."""
        return text.replace("/opt/course", str(self.opt)).replace("/srv/", f"{self.srv}/")

    def install(self, python: str) -> None:
        """Make the environment and the folders, with the settings for everybody."""
        self._copy_environment(python)
        for line in commands_on_page("mkdir -p /srv/nbgrader/exchange"):
            subprocess.run(["/bin/sh", "-c", self.here(line)], check=True)
        for name in EVERYBODY:
            path = Path(self.here(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.here(file_on_page(name)), "utf-8")

    def _copy_environment(self, python: str) -> None:
        """Make the environment of the packages that are installed here, without a copy of their files if possible."""
        subprocess.run([python, "-m", "venv", "--without-pip", str(self.opt)], check=True)
        packages = Path(f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages")
        for name in (packages, "share", "etc"):
            source, target = Path(sys.prefix) / name, (self.opt / name).parent
            target.mkdir(parents=True, exist_ok=True)
            linked = subprocess.run(["cp", "-al", str(source), str(target)], check=False, capture_output=True)
            if linked.returncode:  # another disk
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
            process.send_signal(signal.SIGTERM)  # the hub ends the proxy and everybody's servers
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in sockets]
