"""Bulk requests: bounded chunks out, and what each answer means for its document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from services.indexer.domain.documents import Collection, Document
from services.indexer.ports import DocumentRefusedError
from services.kernel.elastic.connection import is_transient_status

MAX_CHUNK_DOCUMENTS = 500
MAX_CHUNK_BYTES = 5 * 1024 * 1024

# How a document of each collection meets one that is there already.
_ACTIONS: Mapping[Collection, str] = {
    "events": "create",
    "conversations": "index",
    "runs": "index",
}

_CONFLICT = 409
_SUCCESS = range(200, 300)
# The index went away between two steps of a rebuild, or someone removed it by hand.
_INDEX_GONE = "index_not_found_exception"
_PREVIEW = " Preview of field's value"


class Outcome(Enum):
    WRITTEN = "written"
    THERE_ALREADY = "there_already"
    TRY_AGAIN = "try_again"


def chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Split into requests of bounded size; a document above the limit goes alone."""
    chunk: list[Document] = []
    size = 0
    for document in documents:
        length = len(document.body)
        if chunk and (len(chunk) == MAX_CHUNK_DOCUMENTS or size + length > MAX_CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(document)
        size += length
    if chunk:
        yield chunk


def operations(documents: Sequence[Document], targets: Mapping[Collection, str]) -> list[bytes]:
    """Return the request's lines: an action and a body for every document."""
    lines: list[bytes] = []
    for document in documents:
        action: dict[str, object] = {
            "_index": targets[document.collection],
            "_id": document.document_id,
        }
        if document.collection == "conversations":
            action["version"] = document.position.version
            action["version_type"] = "external"
        lines.append(json.dumps({_ACTIONS[document.collection]: action}).encode())
        lines.append(document.body)
    return lines


def outcome_of(document: Document, item: Mapping[str, Any]) -> Outcome:
    """Read one document's answer; raise where the document itself is refused."""
    answer = item[_ACTIONS[document.collection]]
    status = int(answer["status"])
    if status in _SUCCESS:
        return Outcome.WRITTEN
    if status == _CONFLICT:
        return Outcome.THERE_ALREADY
    error = answer["error"]
    if is_transient_status(status) or error["type"] == _INDEX_GONE:
        return Outcome.TRY_AGAIN
    # The reason may quote what a customer wrote.
    reason = str(error["reason"]).partition(_PREVIEW)[0]
    raise DocumentRefusedError(
        f"Elasticsearch refuses document {document.document_id!r} of {document.collection} "
        f"({document.position}): {error['type']}: {reason}"
    )
