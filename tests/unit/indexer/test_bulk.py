from __future__ import annotations

import json
from typing import Any

import pytest

from services.indexer.adapters import bulk
from services.indexer.adapters.bulk import Outcome, chunks, operations, outcome_of
from services.indexer.domain.documents import Collection, Document, Position, make_document
from services.indexer.ports import DocumentRefusedError

TARGETS: dict[Collection, str] = {
    "events": "careline-events",
    "conversations": "careline-conversations",
    "runs": "careline-runs",
}


def document(collection: Collection = "events", text: str = "") -> Document:
    return make_document(collection, "d1", {"text": text}, Position(0, 3, 1))


def answer(action: str, status: int, kind: str = "some_exception") -> dict[str, Any]:
    return {
        action: {
            "status": status,
            "error": {"type": kind, "reason": "no. Preview of field's value: 'my secret'"},
        }
    }


def test_a_chunk_holds_a_bounded_number_of_documents() -> None:
    sizes = [len(chunk) for chunk in chunks([document()] * 1_001)]
    assert sizes == [500, 500, 1]


def test_a_chunk_holds_a_bounded_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_CHUNK_BYTES", 1_000)
    small, large = document(text="x" * 300), document(text="x" * 3_000)
    sizes = [len(chunk) for chunk in chunks([small, small, large, small])]
    assert sizes == [2, 1, 1]


def test_nothing_makes_no_request() -> None:
    assert list(chunks([])) == []


def test_each_collection_is_written_in_its_own_way() -> None:
    events, conversations, runs = (
        json.loads(operations([document(name)], TARGETS)[0])
        for name in ("events", "conversations", "runs")
    )
    assert events == {"create": {"_index": "careline-events", "_id": "d1"}}
    assert conversations["index"]["version_type"] == "external"
    assert conversations["index"]["version"] == Position(0, 3, 1).version
    assert runs == {"index": {"_index": "careline-runs", "_id": "d1"}}


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (201, "", Outcome.WRITTEN),
        (409, "version_conflict_engine_exception", Outcome.THERE_ALREADY),
        (429, "es_rejected_execution_exception", Outcome.TRY_AGAIN),
        (503, "unavailable_shards_exception", Outcome.TRY_AGAIN),
        (404, "index_not_found_exception", Outcome.TRY_AGAIN),
    ],
)
def test_an_answer_means(status: int, kind: str, outcome: Outcome) -> None:
    assert outcome_of(document(), answer("create", status, kind)) is outcome


def test_a_refused_document_is_named_without_what_was_written_in_it() -> None:
    with pytest.raises(DocumentRefusedError, match=r"'d1' of events .*offset=3") as refused:
        outcome_of(document(), answer("create", 400, "document_parsing_exception"))
    assert "secret" not in str(refused.value)
