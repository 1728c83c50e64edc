"""W3C trace context: made at the edge, carried by events, read by logs."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")

_current: ContextVar[str] = ContextVar("traceparent", default="")


def traceparent_from(header: str | None) -> str:
    """Continue the caller's trace when its header is well formed, else begin one."""
    match = _TRACEPARENT.fullmatch(header or "")
    trace_id = match[1] if match and set(match[1]) != {"0"} else secrets.token_hex(16)
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"


def enter_trace(traceparent: str) -> None:
    _current.set(traceparent)


def current_trace_id() -> str:
    match = _TRACEPARENT.fullmatch(_current.get())
    return match[1] if match else ""
