"""Reading JSON from outside; every complaint names the place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from services.gateway.domain.inbound import InvalidRequestError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# In characters. Identifiers longer than this are not identifiers.
ID_LIMIT = 512
TEXT_LIMIT = 1024 * 1024
LARGEST_INTEGER = 2**63 - 1

_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def read_object(body: bytes) -> Fields:
    """Parse a request's body. Raise ``InvalidRequestError`` unless it is one JSON object."""
    try:
        value = _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None
    except ValueError as error:
        raise InvalidRequestError("body", f"is not JSON: {_first_line(error)}") from None
    if not isinstance(value, dict):
        raise InvalidRequestError("body", f"is {_kind(value)}; a JSON object is expected")
    return Fields(value, "")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


# Made once: making one costs as much as reading a small body.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _first_line(error: ValueError) -> str:
    return str(error).splitlines()[0][:200]


def _kind(value: object) -> str:
    return "null" if value is None else _KINDS.get(type(value), type(value).__name__)


class Fields:
    """One object of a request. A field that is null is a field that is absent."""

    def __init__(self, values: Mapping[str, object], place: str) -> None:
        self._values = values
        self._place = place

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> list[str]:
        """Return the names of the fields that are there, in the sender's order."""
        return [name for name, value in self._values.items() if value is not None]

    def place_of(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def complain(self, name: str, problem: str) -> NoReturn:
        raise InvalidRequestError(self.place_of(name), problem)

    def text(self, name: str, default: str | None = None, *, limit: int = ID_LIMIT) -> str:
        """Return a text; without a default it must be there and not be empty."""
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if value is None:
            self.complain(name, "is missing")
        if not isinstance(value, str):
            self.complain(name, f"is {_kind(value)}; a text is expected")
        if not value and default is None:
            self.complain(name, "is empty")
        if len(value) > limit:
            self.complain(name, f"has {len(value)} characters; at most {limit} are allowed")
        if not _is_unicode(value):
            self.complain(name, "holds half of a surrogate pair, which is no character")
        return value

    def integer(self, name: str) -> int:
        value = self._values.get(name)
        if value is None:
            self.complain(name, "is missing")
        if not isinstance(value, int) or isinstance(value, bool):
            self.complain(name, f"is {_kind(value)}; a whole number is expected")
        if abs(value) > LARGEST_INTEGER:
            self.complain(name, "is larger than any identifier or time")
        return value

    def number(self, name: str) -> float:
        """Return a number with or without a fraction."""
        value = self._values.get(name)
        if value is None:
            self.complain(name, "is missing")
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.complain(name, f"is {_kind(value)}; a number is expected")
        if not abs(value) <= LARGEST_INTEGER:
            self.complain(name, "is larger than any measure")
        return float(value)

    def identifier(self, name: str, default: str | None = None) -> str:
        """Return an id as a text: platforms write the same id as a text here, as a number there."""
        value = self._values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(self.integer(name))
        return self.text(name, default)

    def values(self) -> Mapping[str, object]:
        """Return the object as it came."""
        return self._values

    def texts(self, name: str, *, limit: int) -> list[str]:
        """Return a list of texts, none of them empty; absent is empty."""
        values = self._values.get(name)
        if values is None:
            return []
        if not isinstance(values, list):
            self.complain(name, f"is {_kind(values)}; a list is expected")
        if len(values) > limit:
            self.complain(name, f"has {len(values)} entries; at most {limit} are allowed")
        entries = Fields(
            {f"{name}[{index}]": value for index, value in enumerate(values)}, self._place
        )
        return [entries.text(f"{name}[{index}]") for index in range(len(values))]

    def flag(self, name: str) -> bool:
        """Return whether the field is there and true."""
        return self._values.get(name) is True

    def object(self, name: str) -> Fields:
        value = self._values.get(name)
        if value is None:
            self.complain(name, "is missing")
        if not isinstance(value, dict):
            self.complain(name, f"is {_kind(value)}; an object is expected")
        return Fields(value, self.place_of(name))

    def objects(self, name: str, *, limit: int) -> list[Fields]:
        """Return a list of objects; absent is empty."""
        values = self._values.get(name)
        if values is None:
            return []
        if not isinstance(values, list):
            self.complain(name, f"is {_kind(values)}; a list is expected")
        if len(values) > limit:
            self.complain(name, f"has {len(values)} entries; at most {limit} are allowed")
        found = []
        for index, value in enumerate(values):
            entry = f"{name}[{index}]"
            if not isinstance(value, dict):
                self.complain(entry, f"is {_kind(value)}; an object is expected")
            found.append(Fields(value, self.place_of(entry)))
        return found

    def entries(self, name: str, *, limit: int) -> list[Fields]:
        """Return a list whose entries are judged one by one; absent is empty.

        An entry that is no object becomes one with that single field "value".
        """
        values = self._values.get(name)
        if values is None:
            return []
        if not isinstance(values, list):
            self.complain(name, f"is {_kind(values)}; a list is expected")
        if len(values) > limit:
            self.complain(name, f"has {len(values)} entries; at most {limit} are allowed")
        return [
            Fields(one if isinstance(one, dict) else {"value": one}, self.place_of(f"{name}[{n}]"))
            for n, one in enumerate(values)
        ]

    def as_json(self) -> bytes:
        """Return the object as it came, save for white space and escapes."""
        try:
            return json.dumps(self._values, separators=(",", ":")).encode()
        except RecursionError:
            raise InvalidRequestError(self._place or "body", "is nested too deeply") from None

    def instant(self, name: str) -> int | None:
        """Return a time as microseconds since the epoch, UTC, or None when it is absent."""
        if name not in self:
            return None
        text = self.text(name)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.complain(name, 'is not a time like "2026-01-31T08:00:00Z"')
        if at.tzinfo is None:
            self.complain(name, "has no time zone; write one, for example Z or +00:00")
        at_us = (at - _EPOCH) // _MICROSECOND
        if at_us <= 0:
            self.complain(name, "lies before 1970")
        return at_us


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
