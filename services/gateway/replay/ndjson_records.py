"""Records of an NDJSON file: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple, cast

from services.gateway.replay.lines import Line
from services.gateway.replay.rows import Reject


class ObjectRecord(NamedTuple):
    line: int
    values: dict[str, object]
    raw: str


class ValueTypeError(ValueError):
    """A mapped key holds a list or an object."""


def split_objects(lines: Iterator[Line]) -> Iterator[ObjectRecord | Reject]:
    """Yield every object, blank lines left out."""
    for line in lines:
        body = line.body()
        if line.fault:
            yield Reject(line.number, line.fault, body)
        elif body.strip():
            yield _object(line.number, body)


def _object(number: int, body: str) -> ObjectRecord | Reject:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Reject(number, f"not JSON: {error}", body)
    if not isinstance(value, dict):
        return Reject(number, "not a JSON object: a row must look like {…}", body)
    return ObjectRecord(number, cast("dict[str, object]", value), body)


def text_at(values: dict[str, object], key: str) -> str:
    """Return the value of ``key`` as text: "" when absent or null, "true", "12".

    A key with dots names a nested value, unless the object has the very key.
    Raises ValueTypeError for a list or an object.
    """
    value: object = values
    for part in (key,) if key in values else key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise ValueTypeError(f"{key} holds a list or an object, not one value")
    return str(value)
