"""When a mail was written: its Date, else the time at which it was received."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from services.gateway.channels.mail.headers import Headers

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = 1971
_LARGEST_OFFSET = 86_400
_DEEPEST_COMMENT = 3
_COMMENT = re.compile(r"\((?:[^()\\]|\\.){0,200}\)")
_SPACED_COLON = re.compile(r"(?<=\d)\s{0,9}:\s{0,9}(?=\d)")
# "1429 EDT", as RFC 822 shows it.
_WITHOUT_COLON = re.compile(
    r"([A-Za-z]{3}[ -]\d{2,4}\s{1,5})([01]\d|2[0-3])([0-5]\d)(?=\s{1,5}(?:[A-Z]{1,5}\b|[+-]\d{4}))"
)
_ZONE = re.compile(r"(?i)\b(?:GMT|UTC|UT)\s?([+-]\d{1,2}):?(\d{2})?\b")
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:Z|[+-]\d{2}:?\d{2})?"
)

_COLON_IN_OFFSET = re.compile(r"(\s[+-]\d{2}):(\d{2})\b")
_USUAL = re.compile(
    r"\d{1,2}[ -][A-Za-z]{3,9}\.?,?[ -]\d{2,4},?\s{1,5}\d{1,2}:\d{1,2}(?::\d{1,2})?"
    r"(?:\s{0,5}(?:[+-]\d{2}:?\d{2}|[A-Z]{1,5}\b))?"
)


def occurred_at_us(headers: Headers) -> int | None:
    """Return microseconds since the epoch, UTC; None when no header tells."""
    for name in ("date", "resent-date", "delivery-date", "original-date", "x-original-date"):
        for value in headers.all(name):
            at_us = parse(value)
            if at_us is not None:
                return at_us
    return received_at_us(headers)


def received_at_us(headers: Headers) -> int | None:
    """Return when the last server took it."""
    for value in headers.all("received"):
        at_us = parse(value.rpartition(";")[2])
        if at_us is not None:
            return at_us
    return None


def parse(value: str) -> int | None:
    value = value.encode("ascii", "ignore").decode()
    for _ in range(_DEEPEST_COMMENT):
        value = _COMMENT.sub(" ", value)
    value = " ".join(value.split()).strip("\"'")
    if not value:
        return None
    iso = _ISO.match(value)
    if iso is not None:
        return _from_iso(iso[0])
    value = _WITHOUT_COLON.sub(r"\1\2:\3", _SPACED_COLON.sub(":", value))
    value = _COLON_IN_OFFSET.sub(r"\1\2", _ZONE.sub(_offset, value))
    # Some headers go on behind their date, without a line between.
    usual = _USUAL.search(value)
    return _from_mail(value if usual is None else usual[0])


def _offset(zone: re.Match[str]) -> str:
    return f"{zone[1][0]}{zone[1][1:]:0>2}{zone[2] or '00'}"


def _from_iso(value: str) -> int | None:
    try:
        at = datetime.fromisoformat(value.replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return None
    return _us(at if at.tzinfo else at.replace(tzinfo=UTC))


def _from_mail(value: str) -> int | None:
    try:
        parts = parsedate_tz(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if parts is None:
        return None
    year, month, day, hour, minute, second = parts[:6]
    offset = parts[9] or 0
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    if abs(offset) > _LARGEST_OFFSET:
        offset = 0
    return _us(at - timedelta(seconds=offset))


def _us(at: datetime) -> int | None:
    return (at - _EPOCH) // _MICROSECOND if at.year >= _EARLIEST else None
