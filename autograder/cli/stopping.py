"""Being told to stop: Ctrl-C, ``kill`` and a closed terminal all end a command in the same orderly way."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Signal(KeyboardInterrupt):
    """A signal that asks to stop, as the exception that everything knows to clean up after."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def stoppable(message: str) -> Iterator[None]:
    """At a signal to stop, let what is under way clean up, say ``message`` and exit as shells expect: 128 + signal.

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
        click.echo(message, err=True)
        raise SystemExit(128 + stop.number) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
