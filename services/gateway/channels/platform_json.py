"""Reading what platforms send: times in several units, numbers as texts, absent objects."""

from __future__ import annotations

from collections.abc import Callable

from services.gateway.domain.fields import LARGEST_INTEGER, Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent

_MOST_DIGITS = len(str(LARGEST_INTEGER))


def number(fields: Fields, name: str) -> int:
    """Return a whole number, also where it is written as a text."""
    try:
        return fields.integer(name)
    except InvalidRequestError:
        digits = fields.text(name)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        fields.complain(name, "is not a whole number")
    return int(digits)


def milliseconds(fields: Fields, name: str) -> int | None:
    """Return a time in milliseconds as microseconds since the epoch; None when it is absent."""
    return _scaled(fields, name, 1_000)


def seconds(fields: Fields, name: str) -> int | None:
    """Return a time in seconds as microseconds since the epoch; None when it is absent."""
    return _scaled(fields, name, 1_000_000)


def _scaled(fields: Fields, name: str, unit_us: int) -> int | None:
    if name not in fields:
        return None
    value = number(fields, name)
    if value > LARGEST_INTEGER // unit_us:
        fields.complain(name, "is larger than any time")
    return value * unit_us if value > 0 else None


def child(fields: Fields, name: str) -> Fields:
    """Return an object within; one without fields where it is absent."""
    if name not in fields:
        return Fields({}, fields.place_of(name))
    return fields.object(name)


def understood(
    read: Callable[[], IncomingEvent], otherwise: Callable[[str], IncomingEvent]
) -> IncomingEvent:
    """Read one entry of many; what cannot be read is told why, and does not stop the others."""
    try:
        return read()
    except InvalidRequestError as error:
        return otherwise(str(error))
