"""Waiting for what happens, never for time to pass: no verdict may depend on how fast a machine is.

Every wait fails after `PATIENCE_S`, which does nothing but make a failure of a hang.
"""

from __future__ import annotations

import os
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit

PATIENCE_S = 300.0

T = TypeVar("T")


class Ends:
    """The ends of processes that are there now. Later ones with the same numbers are somebody else's."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._watched: dict[int, int] = {}
        for pid in pids:
            try:
                self._watched[os.pidfd_open(pid)] = pid
            except ProcessLookupError:
                continue

    def wait(self) -> None:
        """Return when all have ended, those included whose parents have not taken note of it yet."""
        while self._watched:
            assert self.wait_for_one(), f"processes did not end: {sorted(self._watched.values())}"

    def wait_for_one(self) -> bool:
        """Return when one has ended that had not; False where none does."""
        poll = select.poll()
        for descriptor in self._watched:
            poll.register(descriptor, select.POLLIN)
        ended = [descriptor for descriptor, _ in poll.poll(PATIENCE_S * 1000)]
        for descriptor in ended:
            os.close(descriptor)
            del self._watched[descriptor]
        return bool(ended)

    def __del__(self) -> None:
        for descriptor in self._watched:
            os.close(descriptor)


class Output:
    """What a process says, taken as it says it, so that its pipe is never full; copied to a file if there is one."""

    def __init__(self, stream: IO[bytes], copy: Path | None = None) -> None:
        self._stream, self._copy = stream, copy
        self._lines: list[str] = []
        self._ended = False
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def text(self) -> str:
        """All of it until now."""
        return "".join(self._lines)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return where the pattern matches as soon as it does; fail when nothing more is to come."""
        with self._news:
            self._news.wait_for(lambda: self._ended or re.search(pattern, self.text), PATIENCE_S)
            found = re.search(pattern, self.text)
            assert found, f"it never said {pattern!r}:\n{self.text}"
            return found

    def _read(self) -> None:
        with self._stream as stream:
            for line in stream:
                with self._news:
                    self._lines.append(line.decode("utf-8", "replace"))
                    if self._copy is not None:
                        self._copy.write_text(self.text, "utf-8")
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def listening(url: str) -> str:
    """Return a server's URL when it can be reached: Jupyter's says where it will listen before it does."""
    address = urlsplit(url)

    def reached() -> bool:
        try:
            with socket.create_connection((address.hostname, address.port)):
                return True
        except ConnectionRefusedError:
            return False

    until(reached)
    return url


def until(condition: Callable[[], T]) -> T:
    """Return what ``condition`` gives as soon as that is something: only for states that nothing announces."""
    began = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() - began < PATIENCE_S, "it never happened"
        time.sleep(0.02)
    return found
