"""A document: its id, its content as canonical JSON, the content's hash, its place in the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

Collection = Literal["events", "conversations", "runs"]
COLLECTIONS: tuple[Collection, ...] = ("events", "conversations", "runs")

# Beside the content, not part of it: the hash leaves them out.
CONTENT_HASH = "content_hash"
POSITION = "position"

# A record holds far fewer events than this, so that a position fits into one increasing number.
_EVENTS_PER_RECORD = 1 << 20
_HASH_BYTES = 16
_CANONICAL = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Position(NamedTuple):
    """Where in the indexer's input an event stands."""

    partition: int
    offset: int
    event_index: int

    @property
    def version(self) -> int:
        """Return a number that increases within the partition."""
        return self.offset * _EVENTS_PER_RECORD + self.event_index


class Document(NamedTuple):
    """One document to write. ``body`` is JSON: the content, its hash and its position."""

    collection: Collection
    document_id: str
    position: Position
    content_hash: str
    body: bytes


def make_document(
    collection: Collection, document_id: str, content: Mapping[str, Any], position: Position
) -> Document:
    """Raise ``ValueError`` where the content has no JSON form (a number that is none)."""
    canonical = canonical_json(content)
    content_hash = hash_of(canonical)
    place = ",".join(f'"{name}":{number}' for name, number in position._asdict().items())
    head = f'{{"{CONTENT_HASH}":"{content_hash}","{POSITION}":{{{place}}}'
    body = head.encode() + (b"," if content else b"") + canonical[1:]
    return Document(collection, document_id, position, content_hash, body)


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Return the one JSON text of a content: keys sorted, no spaces, UTF-8."""
    return _CANONICAL.encode(content).encode()


def hash_of(canonical: bytes) -> str:
    return blake2b(canonical, digest_size=_HASH_BYTES).hexdigest()


def hash_of_stored(stored: Mapping[str, Any]) -> str:
    """Hash a document as it was read back, whatever hash it claims to have."""
    content = {key: value for key, value in stored.items() if key not in (CONTENT_HASH, POSITION)}
    return hash_of(canonical_json(content))


def position_of_stored(stored: Mapping[str, Any]) -> Position | None:
    """Return where a stored document says it stands; None where that is missing or malformed."""
    place = stored.get(POSITION)
    if not isinstance(place, dict):
        return None
    numbers = [place.get(name) for name in Position._fields]
    known = [number for number in numbers if type(number) is int]
    return Position(*known) if len(known) == len(numbers) else None


def event_document_id(organisation_id: str, channel: str, event_id: str) -> str:
    """Return an id that the same event always gets, and no other one."""
    parts = "".join(f"{len(part)}:{part}" for part in (organisation_id, channel, event_id))
    return hash_of(parts.encode())


def iso(at_us: int) -> str:
    """Write microseconds since the epoch as ISO 8601, UTC.

    Raise ``OverflowError`` where no calendar reaches: outside the years 1 to 9999.
    """
    at = _EPOCH + timedelta(microseconds=at_us)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def present(content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known: None, empty texts and empty lists."""
    return {key: value for key, value in content.items() if value not in (None, "", [])}
