"""What captures and go-betweens put around a platform's object.

Function platforms hand on the whole request, workflow tools a list of such requests, sockets an
envelope, APIs a page of objects: whoever looks for the object finds it in here.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence

from services.gateway.channels.loose import MOST_ENTRIES, Loose, read
from services.gateway.domain.inbound import InvalidRequestError

# A page in an answer in a request's body in a list is as deep as it gets.
_DEEPEST = 6
_NAMES = ("body", "rawBody", "data", "payload", "content", "message", "event", "detail")


def unwrap(
    value: object, is_told: Callable[[Loose], bool], pages: Sequence[str] = ()
) -> list[Loose]:
    """Return the objects that ``is_told`` knows, looked for through the usual wrappings.

    ``pages`` are the names under which the platform's API lists them. What holds none of them is
    returned as it came.
    """
    found = _find(value, is_told, (*pages, *_NAMES), 0)
    if len(found) > MOST_ENTRIES:
        raise InvalidRequestError("body", f"has more than {MOST_ENTRIES} entries")
    return found or ([Loose(value)] if isinstance(value, dict) else [])


def _find(
    value: object, is_told: Callable[[Loose], bool], names: Sequence[str], depth: int
) -> list[Loose]:
    if isinstance(value, str):
        value = _parsed(value)
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return []
    if isinstance(value, list):
        return [one for entry in value for one in _find(entry, is_told, names, depth + 1)]
    entry = Loose(value)
    if is_told(entry):
        return [entry]
    inner = (_inner(entry, name) for name in names)
    found = (_find(one, is_told, names, depth + 1) for one in inner)
    return next(filter(None, found), [])


def _inner(entry: Loose, name: str) -> object:
    inner = entry.values.get(name)
    if name == "body" and isinstance(inner, str) and entry.flag("isBase64Encoded"):
        return _decoded(inner)
    return inner


def _parsed(text: str) -> object:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return read(text.encode(errors="replace"))
    except InvalidRequestError:
        return None


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode(errors="replace")
    except ValueError:
        return ""
