"""Asks the service of this container whether it is healthy; the standard library alone."""

from __future__ import annotations

import http.client
import os
import sys

_SECONDS = 3.0


def problem(port: str) -> str:
    """Return why the service on this metrics port is not healthy, or nothing."""
    if not port.isdecimal():
        return f"CARELINE_METRICS_PORT={port!r} is not a port: set it to the service's own"
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=_SECONDS)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"port {port} does not answer: {error}"
    finally:
        connection.close()
    return "" if answer.status == http.client.OK else body


if __name__ == "__main__":
    sys.exit(problem(os.environ.get("CARELINE_METRICS_PORT", "")) or 0)
