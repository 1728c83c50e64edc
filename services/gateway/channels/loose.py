"""Payloads whose fields depend on a platform's version and on how somebody set it up.

What is not there, or not of the expected kind, is read as absent: the caller says what it cannot
do without.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import NoReturn

from services.gateway.domain.fields import LARGEST_INTEGER, TEXT_LIMIT
from services.gateway.domain.inbound import InvalidRequestError

MOST_ENTRIES = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_TIME = 64
# A number of seconds, milliseconds, microseconds: no two of them mean the same century.
_UNITS_US = ((100_000_000_000, 1_000_000), (100_000_000_000_000, 1_000), (10**17, 1))


class Loose:
    """One object of a payload."""

    def __init__(self, values: object = None) -> None:
        self.values: Mapping[str, object] = values if isinstance(values, dict) else {}

    def __bool__(self) -> bool:
        return bool(self.values)

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, *names: str) -> str:
        """Return the first of these fields that holds a text or a whole number, else ""."""
        return next(filter(None, (as_text(self.values.get(name)) for name in names)), "")

    def number(self, name: str) -> float | None:
        value = self.values.get(name)
        if isinstance(value, str):
            try:
                value = float(value) if len(value) <= _LONGEST_TIME else None
            except ValueError:
                return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        return float(value) if abs(value) <= LARGEST_INTEGER else None

    def seconds_us(self, name: str) -> int:
        """Return a duration in seconds as microseconds; 0 when it is absent or negative."""
        seconds = self.number(name) or 0.0
        return round(seconds * 1_000_000) if 0 < seconds < LARGEST_INTEGER // 1_000_000 else 0

    def moment_us(self, *names: str) -> int | None:
        """Return the first of these fields that is a time: microseconds since the epoch, UTC."""
        return next(filter(None, (moment_us(self.values.get(name)) for name in names)), None)

    def flag(self, name: str) -> bool:
        """Tell whether it is true, also as templates write it."""
        value = self.values.get(name)
        return value is True or (isinstance(value, str) and value.strip().lower() == "true")

    def object(self, name: str) -> Loose:
        return Loose(self.values.get(name))

    def objects(self, name: str) -> list[Loose]:
        return objects(self.values.get(name), name)


Pairs = list[tuple[str, object]]


def read(body: bytes, pairs: Callable[[Pairs], object] | None = None) -> object:
    """Parse a body. Raise ``InvalidRequestError`` unless it is JSON of a sensible depth."""
    try:
        return json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=pairs)
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None
    except ValueError:
        raise InvalidRequestError("body", "is not JSON") from None


def read_object(body: bytes, *, repeated: str = "") -> Loose:
    """Parse a body that is one object. A field ``repeated`` in an object is read as a list."""
    value = read(body, _gather(repeated) if repeated else None)
    if not isinstance(value, dict):
        raise InvalidRequestError("body", "is no JSON object")
    return Loose(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _gather(name: str) -> Callable[[Pairs], object]:
    def gather(pairs: Pairs) -> object:
        values = [value for key, value in pairs if key == name]
        found = dict(pairs)
        if len(values) > 1:
            found[name] = values
        return found

    return gather


def objects(value: object, place: str = "body") -> list[Loose]:
    """Return the objects of a list. Raise ``InvalidRequestError`` for more than anybody sends."""
    if not isinstance(value, list):
        return []
    if len(value) > MOST_ENTRIES:
        raise InvalidRequestError(place, f"has more than {MOST_ENTRIES} entries")
    return [Loose(one) for one in value if isinstance(one, dict)]


def as_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST_INTEGER else ""
    # Half of a surrogate pair is no character.
    return value[:TEXT_LIMIT].encode(errors="replace").decode()


def moment_us(value: object) -> int | None:
    """Read ISO 8601, RFC 2822, or a number of seconds, milliseconds or microseconds.

    Without a zone it is UTC: that is what the platforms that leave it out mean.
    """
    if isinstance(value, str):
        return _written_us(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _counted_us(value)
    return None


def _counted_us(value: float) -> int | None:
    if not 0 < value < LARGEST_INTEGER:
        return None
    for limit, unit_us in _UNITS_US:
        if value < limit:
            return round(value * unit_us)
    return None


def _written_us(text: str) -> int | None:
    if not text or len(text) > _LONGEST_TIME:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return _counted_us(float(text))
    at = _iso(text) or _mail_date(text)
    if at is None:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    at_us = (at - _EPOCH) // _MICROSECOND
    return at_us if at_us > 0 else None


def _iso(text: str) -> datetime | None:
    # "2026-01-31 08:00:00 UTC" and "2026-01-31 08:00:00.000000000 +0000" are what Rails writes.
    day, _, rest = text.replace(" UTC", "+00:00").partition(" ")
    try:
        return datetime.fromisoformat(f"{day}T{rest.replace(' ', '')}" if rest else day)
    except ValueError:
        return None


def _mail_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def digest(body: bytes) -> str:
    """Name what has no id of its own: the same bytes, the same name."""
    return sha256(body).hexdigest()


def as_json(value: object) -> bytes:
    """Return one entry of a batch as it came, save for white space and escapes."""
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None
