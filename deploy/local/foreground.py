"""Turn the signals that end a program into KeyboardInterrupt, so that the stack stops in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_signals_interrupt() -> Iterator[None]:
    """SIGTERM (from ``careline down``) and SIGHUP (a closed terminal) act like Ctrl-C inside."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    earlier = {number: signal.signal(number, interrupt) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def wait_for_interrupt() -> None:
    """Return when Ctrl-C or another ending signal arrives."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
