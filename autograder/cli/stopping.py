"""Being told to stop: Ctrl-C, ``kill`` and a closed terminal all end a command in the same orderly way."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from autograder.errors import FileError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Signal(KeyboardInterrupt):
    """A signal that asks to stop, as the exception that everything knows to clean up after."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def stoppable(kept: str) -> Iterator[None]:
    """Say ``kept``, what is not lost, where the work ends early: at a signal, or with a file that cannot be used.

    At a signal, what is under way cleans up; then the exit code is what shells expect, 128 + signal.

    A second signal meanwhile is ignored: it would only leave more behind. So is one that was ignored before: ``nohup``
    ignores that the terminal closes.
    """
    wanted = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in wanted:
            signal.signal(each, signal.SIG_IGN)
        raise _Signal(number)

    before = {number: signal.signal(number, interrupt) for number in wanted}
    try:
        yield
    except _Signal as stop:
        click.echo(f"Stopped. {kept}", err=True)
        raise SystemExit(128 + stop.number) from None
    except (FileError, OSError) as error:
        error.add_note(kept)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
