"""Signatures on manifests, by OpenSSH: ``ssh-keygen -Y sign`` and ``-Y verify`` (ssh-keygen(1)).

Whoever has an SSH key can sign; who may is a file of allowed signers, as git uses it (``gpg.ssh.allowedSignersFile``).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from autograder.errors import CourseError

NAMESPACE = "autograder-release"
"""Keeps a signature on a manifest from being taken for one on anything else."""


def signature_of(path: Path) -> Path:
    """Return where the signature of a file lies."""
    return path.with_name(f"{path.name}.sig")


def sign(path: Path, key: Path) -> None:
    """Sign a file with a private SSH key, or with a public one whose private half the agent holds.

    ssh-keygen asks for the passphrase where there is one. Raises `CourseError` where nothing could be signed.
    """
    signature_of(path).unlink(missing_ok=True)
    done = _ssh_keygen("sign", "-f", key, "-n", NAMESPACE, path)
    if done.returncode != 0:
        raise CourseError(f"{path.name} could not be signed with {key}: {_said(done)}.")


def signer_of(path: Path, allowed: Path) -> str:
    """Return who signed a file; raise `CourseError` where that was none of those allowed, or where it was changed."""
    signature = signature_of(path)
    if not signature.is_file():
        raise CourseError(f"{path.name} is not signed: there is no {signature.name} beside it.")
    found = _ssh_keygen("find-principals", "-s", signature, "-f", allowed)
    names = found.stdout.decode(errors="replace").split()
    if found.returncode != 0 or not names:
        raise CourseError(f"{signature.name} is of nobody in {allowed}: {_said(found)}.")
    content = path.read_bytes()
    done = _ssh_keygen("verify", "-f", allowed, "-I", names[0], "-n", NAMESPACE, "-s", signature, content=content)
    if done.returncode != 0:
        raise CourseError(f"{signature.name} does not hold for {path.name} as it is now: {_said(done)}.")
    return names[0]


def _ssh_keygen(
    action: str, *arguments: str | Path, content: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", "-Y", action, *arguments], input=content, capture_output=True, check=False)
    except FileNotFoundError:
        raise CourseError(
            "ssh-keygen is not installed, which signs and verifies releases. Install OpenSSH 8.1 or later (Debian, "
            "Ubuntu: apt install openssh-client) and repeat the command."
        ) from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"ssh-keygen ended with {done.returncode}"
