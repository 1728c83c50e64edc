"""What a platform's HTTP answer means for a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.sender import PlatformAnswer

_SECOND_US = 1_000_000
# Nobody waits longer because a header says so.
_LONGEST_WAIT_US = 24 * 3600 * _SECOND_US
_QUOTED_CHARACTERS = 300

_OK = range(200, 300)
_SERVER_ERRORS = range(500, 600)
_LATER = frozenset({408, 425, 429})
# A proxy gave up waiting for the platform, which may have done what it was asked.
_NOBODY_KNOWS = frozenset({504, 520, 524})
_NOT_LET_IN = frozenset({401, 403})


def raise_for(answer: PlatformAnswer, *, code: str = "", reason: str = "") -> None:
    """Return for 2xx; else raise what the status says.

    429 and 5xx: ``TryLaterError``, with Retry-After. 504 and its like: ``UnknownOutcomeError``.
    Anything else: ``ReplyRefusedError`` with the platform's ``code`` and ``reason``, where the
    caller read them from the body; else with the status and the beginning of the body.
    """
    status = answer.status
    if status in _OK:
        return
    said = reason or _beginning(answer.body)
    told = f"the platform answered {status}" + (f": {said}" if said else "")
    if status in _NOBODY_KNOWS:
        raise UnknownOutcomeError(told)
    if status in _LATER or status in _SERVER_ERRORS:
        raise TryLaterError(told, retry_after_us(answer.headers))
    remedy = "check the account's credentials and permissions" if status in _NOT_LET_IN else ""
    raise ReplyRefusedError(code or f"http_{status}", said or told, remedy)


def retry_after_us(headers: Mapping[str, str]) -> int:
    """Return how long the platform asks to wait; 0 when it does not say, or not understandably.

    Retry-After is a number of seconds or a time; a time is read against the answer's own Date.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return 0
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, headers.get("date", ""))
    if not 0 < seconds < float("inf"):
        return 0
    return min(round(seconds * _SECOND_US), _LONGEST_WAIT_US)


def json_object(answer: PlatformAnswer) -> Mapping[str, object]:
    """Return the body where it is a JSON object, else an empty one: proxies answer with pages."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _seconds_until(time: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(time) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def _beginning(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", errors="replace").split())
    return text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "…"
