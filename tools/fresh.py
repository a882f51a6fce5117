"""Follow the README on a bare Debian, as root and as an ordinary user: ``make fresh SUITE=trixie``.

Make the system with debootstrap in a scratch folder, enter it in new namespaces, run the commands under *Try it* as
they are, build a release, and print how each command ended and how long it took. Needs Linux, root, a network, and
15 GB of disk if pip installs PyTorch with CUDA. Settings of pip and TLS in the environment (``PIP_*``, certificates,
proxies) are passed on.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
SECTION = "Try it"
NEEDS = ("debootstrap", "git", "unshare", "mount", "pivot_root")
PASSED_ON = re.compile(r"PIP_(?!FIND_LINKS|CERT)\w+|TORCH_INDEX|(https?|no)_proxy", re.IGNORECASE)
CERTIFICATES = re.compile(r"\w*(CERT_FILE|PIP_CERT|CA_BUNDLE|CAINFO|CA_CERTS)")
USER = "student"
RELEASE = ".venv/bin/autograder build --version 9999.1"
"""Must work with any build of PyTorch that pip chooses."""

# Enters the root folder given first. In a mount namespace of its own, nothing has to be unmounted afterwards. Not
# chroot: inside one, the kernel refuses the user namespaces that isolate students' code.
ENTER = """
set -e
cd "$1"
mount --bind . .
cd "$1"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
pivot_root . mnt
umount --lazy /mnt
shift
exec "$@"
"""


class Problem(Exception):
    """The trial cannot start or continue; the message says what to do."""


@dataclass(frozen=True)
class Person:
    """A user who follows the README: a name known to the system, and the folder to work in."""

    name: str
    folder: str


PEOPLE = (Person("root", "/srv"), Person(USER, f"/home/{USER}"))


@dataclass
class Step:
    """A command of the README, who ran it, and how it ended."""

    person: Person
    line: str
    status: int = 0
    seconds: float = 0.0
    last_words: str = ""


def main() -> None:
    """Try a suite; exit with 1 if a command of the README failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", help="a suite of Debian, such as trixie or forky")
    parser.add_argument("--as", dest="people", action="append", choices=[person.name for person in PEOPLE])
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder")
    options = parser.parse_args()
    people = [person for person in PEOPLE if person.name in (options.people or [one.name for one in PEOPLE])]
    scratch = Path(tempfile.mkdtemp(prefix=f"fresh-{options.suite}-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    try:
        steps = try_out(options.suite, scratch, people)
    except Problem as problem:
        sys.exit(str(problem))
    finally:
        if options.keep:
            print(f"Kept: {scratch}")
        else:
            shutil.rmtree(scratch)
    print_steps(options.suite, steps)
    sys.exit(any(step.status for step in steps))


def commands(readme: str) -> list[str]:
    """Return the lines of the shell examples in the README's section, without comments."""
    section = re.split(r"^## ", readme, flags=re.M)
    (text,) = [part for part in section if part.startswith(f"{SECTION}\n")]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    return [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]


def try_out(suite: str, scratch: Path, people: list[Person]) -> list[Step]:
    """Make the system and have each person follow the README, until the first command that fails."""
    require_tools()
    root = make_system(suite, scratch)
    environment = settings(root)
    steps: list[Step] = []
    for person in people:
        folder = person.folder
        own(root / "cache", person, root)
        for line in commands((COURSE / "README.md").read_text("utf-8")):
            if line.startswith("cd "):
                folder = f"{folder}/{line.removeprefix('cd ')}"
                continue
            step = Step(person, line)
            steps.append(step)
            run(root, step, folder, environment)
            if step.status:
                break
        else:
            steps.append(Step(person, RELEASE))
            run(root, steps[-1], folder, environment)
        steps.append(sizes(root, person, folder, environment))
        shutil.rmtree(root / person.folder.lstrip("/") / "course", ignore_errors=True)
    return steps


def require_tools() -> None:
    """Raise `Problem` if this machine cannot make a system."""
    if sys.platform != "linux" or os.getuid() != 0:
        raise Problem("This makes a Debian system and enters it: run it as root, on Linux.")
    if missing := [name for name in NEEDS if shutil.which(name) is None]:
        raise Problem(f"Not installed: {', '.join(missing)}. On Debian: apt install debootstrap git util-linux")


def make_system(suite: str, scratch: Path) -> Path:
    """Return the root folder of a bare Debian with an ordinary user and the committed course in ``/course.bundle``."""
    root = scratch / "root"
    print(f"Making a bare Debian {suite} in {scratch}", flush=True)
    known = Path("/usr/share/debootstrap/scripts", suite).exists()
    # For a suite that this debootstrap does not know yet, use the script of sid. An empty mirror means the default one.
    script = [] if known else ["", "/usr/share/debootstrap/scripts/sid"]
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", suite, root, *script], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise Problem(f"debootstrap failed:\n{(made.stdout + made.stderr)[-2000:]}")
    if subprocess.run(["git", "status", "--porcelain"], cwd=COURSE, capture_output=True, check=True).stdout:
        print("This folder has uncommitted changes, which are not tried.", flush=True)
    subprocess.run(
        ["git", "bundle", "create", "--quiet", root / "course.bundle", "HEAD", "--branches"],
        cwd=COURSE,
        capture_output=True,
        check=True,
    )
    # If the mirror is a snapshot of the suite, apt would refuse it after some days.
    (root / "etc/apt/apt.conf.d/99snapshot").write_text('Acquire::Check-Valid-Until "false";\n')
    inside(root, ["useradd", "--create-home", "--shell", "/bin/bash", USER], {"PATH": "/usr/sbin:/usr/bin"})
    (root / "cache").mkdir()
    return root


def settings(root: Path) -> dict[str, str]:
    """Return the environment variables for everybody inside, and copy this machine's certificates and resolver."""
    environment = {"LANG": "C.UTF-8", "PIP_CACHE_DIR": "/cache", "DEBIAN_FRONTEND": "noninteractive"}
    for name, value in os.environ.items():
        if PASSED_ON.fullmatch(name):
            environment.setdefault(name, value)
        elif CERTIFICATES.fullmatch(name) and Path(value).is_file():
            shutil.copyfile(value, root / "etc" / "certificates-of-the-host")
            environment[name] = "/etc/certificates-of-the-host"
    shutil.copyfile("/etc/resolv.conf", root / "etc" / "resolv.conf")
    return environment


def own(folder: Path, person: Person, root: Path) -> None:
    """Make a person the owner of pip's cache, as pip ignores other users', so that the second one downloads nothing."""
    (entry,) = re.findall(rf"^{person.name}:[^:]*:(\d+):(\d+):", (root / "etc/passwd").read_text(), re.M)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, int(entry[0]), int(entry[1]))


def run(root: Path, step: Step, folder: str, environment: Mapping[str, str]) -> None:
    """Run a command of the README, answer yes to its questions, and record how it ended."""
    print(f"\n{step.person.name}$ {step.line}", flush=True)
    line = step.line.replace("ADDRESS", "/course.bundle")
    # A bare system has no sudo, so root runs these lines.
    by_root = "sudo " in line
    line = line.replace("sudo ", "")
    began = time.monotonic()
    lines = []
    who = "root" if by_root else step.person.name
    process = start(root, who, "/" if by_root else folder, f"yes | {{ {line}; }}", environment)
    assert process.stdout is not None
    for text in process.stdout:
        print(text, end="", flush=True)
        lines.append(text.strip())
    step.status = process.wait()
    step.seconds = time.monotonic() - began
    said = [text for text in lines if text and not text.startswith("hint:")]
    counts = [text for text in said if re.search(r"\d+ passed.* in \d", text)]
    step.last_words = (counts or said or [""])[-1]


def start(root: Path, who: str, folder: str, line: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a line of shell inside, as the user ``who``."""
    home = "/root" if who == "root" else f"/home/{who}"
    inner = {"HOME": home, "USER": who, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    command = ["runuser", "-u", who, "--", "bash", "-c", f"cd {shlex.quote(folder)} && {line}"]
    return subprocess.Popen(
        entered(root, command), env={**inner, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip


def entered(root: Path, command: list[str]) -> list[str]:
    """Return the command that runs another one inside, in namespaces that vanish with it."""
    return [
        "unshare",
        "--mount",
        "--pid",
        "--ipc",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        ENTER,
        "sh",
        str(root),
        *command,
    ]


def inside(root: Path, command: list[str], environment: Mapping[str, str]) -> None:
    """Run a command inside as root; raise `Problem` if it fails."""
    done = subprocess.run(entered(root, command), env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"{shlex.join(command)} failed in the new system:\n{done.stdout}{done.stderr}")


def sizes(root: Path, person: Person, folder: str, environment: Mapping[str, str]) -> Step:
    """Report what was set up: versions of Python and PyTorch, the sandbox's tier, the size of .venv."""
    question = (
        ".venv/bin/python -c 'import sys, torch; print(sys.version.split()[0], torch.__version__)'; "
        ".venv/bin/autograder doctor | head -n 1 | cut -c 1-60; du -sh .venv | cut -f 1"
    )
    process = start(root, person.name, folder, question, environment)
    said, _ = process.communicate()
    return Step(person, "what was set up", last_words=", ".join(said.split("\n")).strip(", "))


def print_steps(suite: str, steps: list[Step]) -> None:
    """Print a table of the steps."""
    print(f"\nThe README on Debian {suite}:")
    for step in steps:
        outcome = "failed" if step.status else "done"
        print(f"  {step.person.name:8} {outcome:6} {step.seconds:6.0f} s  {step.line}")
        if step.last_words:
            print(f"  {'':24} {step.last_words[:160]}")


if __name__ == "__main__":
    main()
