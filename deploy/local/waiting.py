"""Wait for a condition with a deadline, and ask a process over HTTP whether it is healthy."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

_HEALTH_TIMEOUT_SECONDS = 2.0


def wait_until(
    condition: Callable[[], bool], *, seconds: float, every_seconds: float = 0.05
) -> bool:
    """Ask until the condition holds; False when it did not within the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_seconds)
    return True


def http_ok(url: str) -> bool:
    """Return whether a GET on loopback answers 200; a refused or cut connection is a no."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "127.0.0.1", parts.port, timeout=_HEALTH_TIMEOUT_SECONDS
    )
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}".rstrip("?"))
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
